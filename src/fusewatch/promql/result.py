"""What a query answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.explain import Explained
from fusewatch.promql.histograms import NONE, Histograms, HistogramSamples
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.promql.matrix import RESERVED, SAME_LABELSET, Grid, Matrix, RangeVector, Value, without_dropped_names
from fusewatch.promql.selectors import between
from fusewatch.telemetry.labels import EMPTY, Labels
from fusewatch.telemetry.samples import Float64s, Int64s, SeriesSet

ResultType = Literal["vector", "matrix", "scalar", "string"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the query cost: samples and series read, and seconds per phase (parse, plan, fetch, evaluate)."""

    samples: int = 0
    series: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def plus(self, other: Statistics) -> Statistics:
        """With the samples of a further part of the query, whose series may be the same and whose seconds are among these."""
        return Statistics(self.samples + other.samples, max(self.series, other.series), self.seconds)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a query.

    ``values`` (series, steps) float64 over ``steps`` (steps) int64 ms; where ``present`` is False there is no sample, and ``histograms``
    says which samples are native histograms. A scalar is one series without labels. A range selector asked for at one moment answers with
    its raw samples instead: numbers in ``raw``, native histograms in ``raw_histograms``.
    """

    type: ResultType
    labels: Sequence[Labels]
    steps: Int64s
    values: Float64s
    present: Bools
    string: str = ""
    raw: SeriesSet | None = None
    raw_histograms: HistogramSamples | None = None
    histograms: Histograms | None = None
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    statistics: Statistics = field(default_factory=Statistics)
    explained: Explained | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> QueryResult:
        """The first series of a range query's answer."""
        histograms = None if self.histograms is None else self.histograms.rows(np.arange(min(count, len(self))))
        shown = self.labels[:count], self.values[:count], self.present[:count]
        return replace(self, labels=shown[0], values=shown[1], present=shown[2], histograms=histograms)

    def points(self, row: int) -> tuple[Int64s, Float64s]:
        """The numbers of one series: timestamps (n) int64 ms and values (n) float64."""
        if self.raw is not None:
            found = slice(int(self.raw.offsets[row]), int(self.raw.offsets[row + 1]))
            return self.raw.timestamps[found], self.raw.values[found]
        kept = self.present[row] if self.histograms is None else self.present[row] & (self.histograms.places[row] < 0)
        return self.steps[kept], self.values[row][kept]

    def histogram_points(self, row: int) -> tuple[Int64s, Int64s, Pool]:
        """The native histograms of one series: timestamps (n) int64 ms, and their numbers (n) in a pool."""
        if self.raw_histograms is not None:
            samples = self.raw_histograms
            found = slice(int(samples.offsets[row]), int(samples.offsets[row + 1]))
            return samples.timestamps[found], samples.numbers[found], samples.pool
        if self.histograms is None:
            return np.empty(0, np.int64), np.empty(0, np.int64), NONE
        kept = self.present[row] & (self.histograms.places[row] >= 0)
        return self.steps[kept], self.histograms.places[row][kept], self.histograms.pool


def answer(value: Value, grid: Grid, limit: int, *, instant: bool) -> QueryResult:
    """The result that shows ``value``, of at most ``limit`` series (0: all): names are dropped, range queries sorted by labels.

    Raises:
        ExecutionError: without their names two series are the same.
    """
    steps = grid.times()
    if isinstance(value, str):
        return QueryResult("string", (), steps, np.empty((0, 1)), np.empty((0, 1), np.bool_), string=value)
    if isinstance(value, RangeVector):
        return _raw(value, steps, limit)
    if isinstance(value, Matrix):
        shown = without_dropped_names(value).trimmed()
        if not instant:
            shown = shown.rows(sorted(range(len(shown)), key=lambda row: shown.labels[row].pairs))
        if 0 < limit < len(shown):
            shown = shown.rows(range(limit))
        kind: ResultType = "vector" if instant else "matrix"
        return QueryResult(kind, shown.labels, steps, shown.values, shown.present, histograms=shown.histograms)
    present = np.ones((1, len(steps)), np.bool_)
    return QueryResult("scalar" if instant else "matrix", (EMPTY,), steps, value[np.newaxis, :], present)


def _raw(value: RangeVector, steps: Int64s, limit: int) -> QueryResult:
    end = int(value.ends[0])
    found = between(value, end - value.range_ms, end)
    rows = zip(found.series.labels, found.drop_name.tolist(), strict=True)
    series = replace(found.series, labels=[labels.without(RESERVED) if hide else labels for labels, hide in rows])
    if len(set(series.labels)) < len(series):
        raise ExecutionError(SAME_LABELSET)
    histograms = found.histograms
    if 0 < limit < len(series):
        stop = int(series.offsets[limit])
        series = SeriesSet(series.labels[:limit], series.offsets[: limit + 1], series.timestamps[:stop], series.values[:stop])
        histograms = None if histograms is None else replace(histograms, offsets=histograms.offsets[: limit + 1])
    nothing = np.empty((0, 0))
    return QueryResult("matrix", series.labels, steps, nothing, nothing.astype(np.bool_), raw=series, raw_histograms=histograms)
