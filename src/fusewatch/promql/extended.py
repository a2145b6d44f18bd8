"""``anchored`` and ``smoothed`` selectors, where no function takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from fusewatch.promql.annotations import Annotations
from fusewatch.promql.ast import Extended, Span
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.histograms import Histograms
from fusewatch.promql.kernels.extended import smoothed_values
from fusewatch.promql.kernels.native.extended import smoothed_histograms
from fusewatch.promql.matrix import Matrix, RangeVector
from fusewatch.promql.native_notes import tell_changes
from fusewatch.promql.parallel import over_rows
from fusewatch.telemetry.samples import Float64s, Int64s, SeriesSet

_CHANGES: Final = frozenset({"delta", "increase", "rate"})
#: The functions that look beyond a window.
EXTENDED_FUNCTIONS: Final = {Extended.ANCHORED: _CHANGES | {"changes", "resets"}, Extended.SMOOTHED: _CHANGES}


def smoothed_vector(vector: RangeVector, notes: Annotations, span: Span, check: Callable[[], None]) -> Matrix:
    """The samples at the ends of ``vector``, each on the line between those around it. ``check`` may stop it."""
    series, histograms, view = vector.series, vector.histograms, (vector.ends, vector.beyond_ms)
    values = np.zeros((len(series), len(vector.ends)))
    present = np.zeros(values.shape, np.bool_)

    def share(rows: slice) -> None:
        columns = (series.offsets[rows.start : rows.stop + 1], series.timestamps, series.values)
        smoothed_values(columns, view, values[rows], present[rows])

    over_rows(share, *values.shape, check)
    if histograms is None:
        return Matrix(series.labels, values, present, vector.drop_name).trimmed()
    places, met = np.full(values.shape, -1, np.int64), np.zeros(len(series), np.int64)
    floats = (series.offsets, series.timestamps)
    pool, count = smoothed_histograms(histograms.columns, floats, view, histograms.pool, places, met)
    tell_changes(met, series.labels, notes, span)
    found = Histograms(places, pool._replace(kinds=pool.kinds[:count], numbers=pool.numbers[:count]))
    present = (present & (places == -1)) | (places >= 0)
    return Matrix(series.labels, values, present, vector.drop_name, found).trimmed()


def shown_extended(vector: RangeVector) -> RangeVector:
    """The window of an instant query with a sample at its start and one at its end, made of those beyond.

    Raises:
        ExecutionError: there are native histograms.
    """
    if vector.histograms is not None and len(vector.histograms.timestamps):
        raise ExecutionError(f"{vector.extended} modifier is not supported with histograms")
    end, series = int(vector.ends[0]), vector.series
    found = [
        _extended(series.timestamps[low:high], series.values[low:high], (end - vector.range_ms, end), vector)
        for low, high in zip(series.offsets[:-1].tolist(), series.offsets[1:].tolist(), strict=True)
    ]
    offsets = np.cumsum([0, *(len(times) for times, _ in found)], dtype=np.int64)
    times = np.concatenate([np.empty(0, np.int64), *(times for times, _ in found)])
    values = np.concatenate([np.empty(0), *(values for _, values in found)])
    # The sample at the start counts, and windows are open there.
    return replace(vector, series=SeriesSet(series.labels, offsets, times, values), range_ms=vector.range_ms + 1, histograms=None)


def _extended(times: Int64s, values: Float64s, window: tuple[int, int], vector: RangeVector) -> tuple[Int64s, Float64s]:
    start, end = window
    smoothed = vector.extended is Extended.SMOOTHED
    usable = (times > start - vector.beyond_ms) & (times <= end + (vector.beyond_ms if smoothed else 0))
    times, values = times[usable], values[usable]
    inside = (times > start) & (times < end)
    after, upto = times[times > start], times[times <= end]
    if not len(after) or (smoothed and not len(upto)):
        return np.empty(0, np.int64), np.empty(0)
    if smoothed:
        left, right = np.interp([start, end], times, values)
    else:
        before = np.flatnonzero(times <= start)
        left, right = values[before[-1] if len(before) else 0], values[-1]
    return np.array([start, *times[inside], end], np.int64), np.array([left, *values[inside], right])
