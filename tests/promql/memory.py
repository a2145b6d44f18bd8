"""A metrics store in memory: the small honest implementation of the reader that queries see."""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from fusewatch.storage.series_table import metric_hash
from fusewatch.storage.versions import Versions
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import Matcher, match_all
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import HistogramSet, SeriesSet


def _histograms(rows: list[list[tuple[int, Histogram]]]) -> HistogramSet | None:
    if not any(rows):
        return None
    bodies = [histogram.encode() for row in rows for _, histogram in row]
    return HistogramSet(
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([t for row in rows for t, _ in row], np.int64),
        np.cumsum([0, *map(len, bodies)], dtype=np.int64),
        np.frombuffer(b"".join(bodies), np.uint8),
    )


class MemoryReader:
    """Series as sorted lists; of two samples at one time the later one written wins."""

    def __init__(self) -> None:
        self._samples: dict[Labels, tuple[list[int], list[float | Histogram]]] = {}
        self._versions = Versions()
        self.widest = 0

    def add(self, labels: Labels, points: Iterable[tuple[int, float | Histogram]], *, received: int | None = None) -> None:
        """Stores samples (ms, value) of one series, which came at ``received`` (ms)."""
        timestamps, values = self._samples.setdefault(labels, ([], []))
        if received is not None:
            points = list(points)
            came = np.array([timestamp for timestamp, _ in points], np.int64)
            self._versions.note(received, came, np.zeros(len(came), np.uint32), np.array([metric_hash(labels.metric.encode())], np.uint64))
        for timestamp, value in points:
            place = bisect.bisect_left(timestamps, timestamp)
            if place < len(timestamps) and timestamps[place] == timestamp:
                values[place] = value
            else:
                timestamps.insert(place, timestamp)
                values.insert(place, value)

    def delete(self, start: int, end: int) -> None:
        """Deletes all samples from ``start`` to ``end`` (ms)."""
        for timestamps, values in self._samples.values():
            low, high = bisect.bisect_left(timestamps, start), bisect.bisect_right(timestamps, end)
            del timestamps[low:high], values[low:high]
        self._versions.change()

    def versions(self, metrics: Sequence[str | None]) -> Hashable:
        return self._versions.of(metrics)

    def fetch(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget, windows=()) -> SeriesSet:
        budget.check()
        found: list[tuple[Labels, list[int], list[float | Histogram]]] = []
        for labels, (timestamps, values) in self._samples.items():
            low, high = bisect.bisect_left(timestamps, start), bisect.bisect_right(timestamps, end)
            if low < high and match_all(matchers, labels):
                found.append((labels, timestamps[low:high], values[low:high]))
        found.sort(key=lambda row: row[0].canonical)
        budget.take(sum(len(timestamps) for _, timestamps, _ in found))
        self.widest = max(self.widest, end - start)
        samples = [list(zip(timestamps, values, strict=True)) for _, timestamps, values in found]
        floats = [[point for point in row if not isinstance(point[1], Histogram)] for row in samples]
        return SeriesSet(
            [labels for labels, _, _ in found],
            np.cumsum([0, *map(len, floats)], dtype=np.int64),
            np.array([t for row in floats for t, _ in row], np.int64),
            np.array([v for row in floats for _, v in row], np.float64),
            histograms=_histograms([[point for point in row if isinstance(point[1], Histogram)] for row in samples]),
        )

    def series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[Labels]:
        found = [
            labels
            for labels, (timestamps, _) in self._samples.items()
            if any(match_all(matchers, labels) for matchers in selectors) and any(start <= t <= end for t in timestamps)
        ]
        return found[:limit] if limit else found

    def label_names(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        names = sorted({name for labels in self.series(selectors or [[]], start, end, 0) for name in labels})
        return names[:limit] if limit else names

    def label_values(self, name: str, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        values = sorted({labels[name] for labels in self.series(selectors or [[]], start, end, 0) if name in labels})
        return values[:limit] if limit else values

    def metadata(self, metric: str | None, limit: int) -> list[MetricMetadata]:
        return []

    def exemplars(self, selectors, start: int, end: int, budget: Budget) -> list:
        return []

    @property
    def metrics(self) -> set[str]:
        """The names that are stored."""
        return {labels.get(METRIC_NAME, "") for labels in self._samples}
