"""What a query answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.errors import ExecutionError
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


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a query.

    ``values`` (series, steps) float64 over ``steps`` (steps) int64 ms; where ``present`` is False there is no sample. A scalar is one
    series without labels. A range selector asked for at one moment answers with its raw samples instead, in ``raw``.
    """

    type: ResultType
    labels: Sequence[Labels]
    steps: Int64s
    values: Float64s
    present: Bools
    string: str = ""
    raw: SeriesSet | None = None
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    statistics: Statistics = field(default_factory=Statistics)

    def __len__(self) -> int:
        return len(self.labels)

    def points(self, row: int) -> tuple[Int64s, Float64s]:
        """The samples of one series: timestamps (n) int64 ms and values (n) float64."""
        if self.raw is not None:
            found = slice(int(self.raw.offsets[row]), int(self.raw.offsets[row + 1]))
            return self.raw.timestamps[found], self.raw.values[found]
        kept = self.present[row]
        return self.steps[kept], self.values[row][kept]


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
        return QueryResult("vector" if instant else "matrix", shown.labels, steps, shown.values, shown.present)
    present = np.ones((1, len(steps)), np.bool_)
    return QueryResult("scalar" if instant else "matrix", (EMPTY,), steps, value[np.newaxis, :], present)


def _raw(value: RangeVector, steps: Int64s, limit: int) -> QueryResult:
    end = int(value.ends[0])
    drop = value.drop_name.tolist()
    labels = [row.without(RESERVED) if hide else row for row, hide in zip(value.series.labels, drop, strict=True)]
    series = between(replace(value.series, labels=labels), end - value.range_ms, end)
    if len(set(series.labels)) < len(series):
        raise ExecutionError(SAME_LABELSET)
    if 0 < limit < len(series):
        stop = int(series.offsets[limit])
        series = SeriesSet(series.labels[:limit], series.offsets[: limit + 1], series.timestamps[:stop], series.values[:stop])
    return QueryResult("matrix", series.labels, steps, np.empty((0, 0)), np.empty((0, 0), np.bool_), raw=series)
