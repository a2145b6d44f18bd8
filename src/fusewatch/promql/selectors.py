"""From fetched samples to vectors: look-back, windows, subqueries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.histograms import Histograms, HistogramSamples, from_cells
from fusewatch.promql.kernels.lookback import lookback, newest
from fusewatch.promql.matrix import Grid, Matrix, RangeVector
from fusewatch.promql.parallel import over_rows
from fusewatch.telemetry.samples import STALE_BITS, Int64s, SeriesSet, is_stale
from fusewatch.telemetry.searching import contains


def window_ends(grid: Grid, offset_ms: int, at_ms: int | None) -> Int64s:
    """When each step's look-back or window ends (steps) int64 ms: at the step or at the fixed time, less the offset."""
    if at_ms is not None:
        return np.full(grid.count, at_ms - offset_ms, np.int64)
    return grid.times() - offset_ms


def instant_vector(
    series: SeriesSet,
    histograms: tuple[HistogramSamples, Bools] | None,
    ends: Int64s,
    lookback_ms: int,
    check: Callable[[], None],
    *,
    when: bool = False,
) -> Matrix:
    """The latest samples (or, with ``when``, their times in seconds); series without any are left out. ``check`` may stop it.

    ``histograms`` are those of the series, with which of them (n) are staleness markers.
    """
    values = np.empty((len(series), len(ends)))
    present = np.zeros(values.shape, np.bool_)
    bits = series.values.view(np.uint64)
    places = np.full(values.shape, -1, np.int64) if histograms is not None else None

    def share(rows: slice) -> None:
        bounds = slice(rows.start, rows.stop + 1)
        columns = (series.offsets[bounds], series.timestamps, bits)
        if histograms is None or places is None:
            lookback(columns, ends, lookback_ms, when, values[rows], present[rows])
            return
        samples, stale = histograms
        others = (samples.offsets[bounds], samples.timestamps, stale)
        newest(columns, others, ends, lookback_ms, when, values[rows], present[rows], places[rows])

    over_rows(share, *values.shape, check)
    found = None if histograms is None or places is None else Histograms(places, histograms[0].pool)
    return Matrix(series.labels, values, present, np.zeros(len(series), np.bool_), found).trimmed()


def without_stale(series: SeriesSet) -> SeriesSet:
    """The floats that are no staleness markers: ranges do not see those."""
    if not contains(series.values.view(np.uint64), np.uint64(STALE_BITS)):
        return series
    return _compressed(series, ~is_stale(series.values))


def between(vector: RangeVector, start: int, end: int) -> RangeVector:
    """The samples with ``start < timestamp <= end``, of the series that have any."""
    series, histograms = vector.series, vector.histograms
    found = _compressed(series, (series.timestamps > start) & (series.timestamps <= end))
    counts = np.diff(found.offsets)
    if histograms is not None:
        histograms = histograms.where((histograms.timestamps > start) & (histograms.timestamps <= end))
        counts = counts + np.diff(histograms.offsets)
    filled = np.flatnonzero(counts)
    if len(filled) == len(series):
        return replace(vector, series=found, histograms=histograms)
    labels = [found.labels[row] for row in filled.tolist()]
    if histograms is not None:
        histograms = replace(histograms, offsets=_offsets_of(histograms.offsets, filled))
    some = SeriesSet(labels, _offsets_of(found.offsets, filled), found.timestamps, found.values)
    return replace(vector, series=some, drop_name=vector.drop_name[filled], histograms=histograms)


def _offsets_of(offsets: Int64s, filled: Int64s) -> Int64s:
    """The offsets of some series, when all others have no samples."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(np.diff(offsets)[filled], dtype=np.int64)))


def _compressed(series: SeriesSet, kept: Bools) -> SeriesSet:
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
    return SeriesSet(series.labels, before[series.offsets], series.timestamps[kept], series.values[kept])


def subquery_range(matrix: Matrix, grid: Grid, ends: Int64s, times: Int64s, range_ms: int) -> RangeVector:
    """The samples that a subquery found on its own ``grid``, to be seen through windows."""
    floats = matrix.floats.present
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(floats.sum(axis=1), dtype=np.int64)))
    timestamps = np.broadcast_to(grid.times(), floats.shape)[floats]
    series = SeriesSet(matrix.labels, offsets, timestamps, matrix.values[floats])
    histograms = None if matrix.histograms is None else from_cells(matrix.histograms, matrix.present, grid.times())
    return RangeVector(series, matrix.drop_name, ends, times, range_ms, histograms)
