"""From fetched samples to vectors: look-back, windows, subqueries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.lookback import lookback
from fusewatch.promql.matrix import Grid, Matrix, RangeVector
from fusewatch.promql.parallel import over_rows
from fusewatch.telemetry.samples import Int64s, SeriesSet, is_stale


def window_ends(grid: Grid, offset_ms: int, at_ms: int | None) -> Int64s:
    """When each step's look-back or window ends (steps) int64 ms: at the step or at the fixed time, less the offset."""
    if at_ms is not None:
        return np.full(grid.count, at_ms - offset_ms, np.int64)
    return grid.times() - offset_ms


def instant_vector(series: SeriesSet, ends: Int64s, lookback_ms: int, check: Callable[[], None], *, when: bool = False) -> Matrix:
    """The latest samples (or, with ``when``, their times in seconds); series without any are left out. ``check`` may stop it."""
    values = np.empty((len(series), len(ends)))
    present = np.zeros(values.shape, np.bool_)
    bits = series.values.view(np.uint64)

    def share(rows: slice) -> None:
        columns = (series.offsets[rows.start : rows.stop + 1], series.timestamps, bits)
        lookback(columns, ends, lookback_ms, when, values[rows], present[rows])

    over_rows(share, *values.shape, check)
    return Matrix.of(series.labels, values, present).trimmed()


def without_stale(series: SeriesSet) -> SeriesSet:
    """The samples that are no staleness markers: ranges do not see those."""
    kept = ~is_stale(series.values)
    return series if kept.all() else _compressed(series, kept)


def between(series: SeriesSet, start: int, end: int) -> SeriesSet:
    """The samples with ``start < timestamp <= end``, of the series that have any."""
    found = _compressed(series, (series.timestamps > start) & (series.timestamps <= end))
    counts = np.diff(found.offsets)
    filled = np.flatnonzero(counts)
    if len(filled) == len(series):
        return found
    labels = [found.labels[row] for row in filled.tolist()]
    return SeriesSet(
        labels, np.concatenate((np.zeros(1, np.int64), np.cumsum(counts[filled], dtype=np.int64))), found.timestamps, found.values
    )


def _compressed(series: SeriesSet, kept: Bools) -> SeriesSet:
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
    return SeriesSet(series.labels, before[series.offsets], series.timestamps[kept], series.values[kept])


def subquery_range(matrix: Matrix, grid: Grid, ends: Int64s, times: Int64s, range_ms: int) -> RangeVector:
    """The samples that a subquery found on its own ``grid``, to be seen through windows."""
    counts = matrix.present.sum(axis=1)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
    timestamps = np.broadcast_to(grid.times(), matrix.present.shape)[matrix.present]
    series = SeriesSet(matrix.labels, offsets, timestamps, matrix.values[matrix.present])
    return RangeVector(series, matrix.drop_name, ends, times, range_ms)
