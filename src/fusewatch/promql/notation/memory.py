"""A metrics store in memory: the small honest implementation of the reader that queries see."""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from fusewatch.telemetry.exemplars import Exemplar
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, match_all
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.rollups import Windows
from fusewatch.telemetry.samples import HistogramSet, SampleBatch, SeriesSet


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
    """Series as sorted lists; of two samples at one time the later one written wins. Implements SeriesReader and SampleSink."""

    def __init__(self) -> None:
        self._samples: dict[Labels, tuple[list[int], list[float | Histogram]]] = {}
        self._named: dict[int, Labels] = {}
        self._changes = 0

    async def write(self, batch: SampleBatch) -> None:
        """See :class:`fusewatch.telemetry.ports.SampleSink`; histograms are kept too."""
        self._named.update(batch.series)
        for number, timestamp, value in zip(batch.ids.tolist(), batch.timestamps.tolist(), batch.values.view(np.float64), strict=True):
            self.add(self._named[number], [(timestamp, value)])
        rows, ends = batch.histograms, batch.histograms.offsets.tolist()
        for row, (number, timestamp) in enumerate(zip(rows.ids.tolist(), rows.timestamps.tolist(), strict=True)):
            self.add(self._named[number], [(timestamp, Histogram.decode(rows.bodies[ends[row] : ends[row + 1]].tobytes()))])

    def add(self, labels: Labels, points: Iterable[tuple[int, float | Histogram]]) -> None:
        """Stores samples (ms, value) of one series."""
        self._changes += 1
        timestamps, values = self._samples.setdefault(labels, ([], []))
        for timestamp, value in points:
            place = bisect.bisect_left(timestamps, timestamp)
            if place < len(timestamps) and timestamps[place] == timestamp:
                values[place] = value
            else:
                timestamps.insert(place, timestamp)
                values.insert(place, value)

    def versions(self, metrics: Sequence[str | None]) -> Hashable:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        del metrics
        return self._changes

    def fetch(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget, windows: Sequence[Windows] = ()) -> SeriesSet:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        del windows
        budget.check()
        found: list[tuple[Labels, list[int], list[float | Histogram]]] = []
        for labels, (timestamps, values) in self._samples.items():
            low, high = bisect.bisect_left(timestamps, start), bisect.bisect_right(timestamps, end)
            if low < high and match_all(matchers, labels):
                found.append((labels, timestamps[low:high], values[low:high]))
        found.sort(key=lambda row: row[0].canonical)
        budget.take(sum(len(timestamps) for _, timestamps, _ in found))
        samples = [list(zip(timestamps, values, strict=True)) for _, timestamps, values in found]
        floats = [[point for point in row if not isinstance(point[1], Histogram)] for row in samples]
        return SeriesSet(
            [labels for labels, _, _ in found],
            np.cumsum([0, *map(len, floats)], dtype=np.int64),
            np.array([t for row in floats for t, _ in row], np.int64),
            np.array([v for row in floats for _, v in row], np.float64),
            histograms=_histograms([[(t, v) for t, v in row if isinstance(v, Histogram)] for row in samples]),
        )

    def series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[Labels]:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        found = [
            labels
            for labels, (timestamps, _) in self._samples.items()
            if any(match_all(matchers, labels) for matchers in selectors) and any(start <= t <= end for t in timestamps)
        ]
        return found[:limit] if limit else found

    def label_names(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        names = sorted({name for labels in self.series(selectors or [[]], start, end, 0) for name in labels})
        return names[:limit] if limit else names

    def label_values(self, name: str, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        values = sorted({labels[name] for labels in self.series(selectors or [[]], start, end, 0) if name in labels})
        return values[:limit] if limit else values

    def metadata(self, metric: str | None, limit: int) -> list[MetricMetadata]:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        del metric, limit
        return []

    def exemplars(
        self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, budget: Budget
    ) -> list[tuple[Labels, list[Exemplar]]]:
        """See :class:`fusewatch.telemetry.ports.SeriesReader`."""
        del selectors, start, end, budget
        return []
