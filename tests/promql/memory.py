"""The metrics store in memory, with what tests want to know of it."""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from fusewatch.promql.notation.memory import MemoryReader as PlainReader
from fusewatch.storage.series_table import metric_hash
from fusewatch.storage.versions import Versions
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import SeriesSet


class MemoryReader(PlainReader):
    """Knows versions as the store does, and the widest window that was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._versions = Versions()
        self.widest = 0

    def add(self, labels: Labels, points: Iterable[tuple[int, float | Histogram]], *, received: int | None = None) -> None:
        """Stores samples (ms, value) of one series, which came at ``received`` (ms)."""
        points = list(points)
        if received is not None:
            came = np.array([timestamp for timestamp, _ in points], np.int64)
            self._versions.note(received, came, np.zeros(len(came), np.uint32), np.array([metric_hash(labels.metric.encode())], np.uint64))
        super().add(labels, points)

    def delete(self, start: int, end: int) -> None:
        """Deletes all samples from ``start`` to ``end`` (ms)."""
        for timestamps, values in self._samples.values():
            low, high = bisect.bisect_left(timestamps, start), bisect.bisect_right(timestamps, end)
            del timestamps[low:high], values[low:high]
        self._versions.change()

    def versions(self, metrics: Sequence[str | None]) -> Hashable:
        return self._versions.of(metrics)

    def fetch(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget, windows=()) -> SeriesSet:
        found = super().fetch(matchers, start, end, budget, windows)
        self.widest = max(self.widest, end - start)
        return found

    @property
    def metrics(self) -> set[str]:
        """The names that are stored."""
        return {labels.get(METRIC_NAME, "") for labels in self._samples}
