"""Functions of ranges that hold native histograms, or numbers and histograms.

https://prometheus.io/docs/specs/native_histograms/#promql
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.ast import Extended
from fusewatch.promql.functions.function import CallContext
from fusewatch.promql.histograms import NONE, Histograms, HistogramSamples, joined
from fusewatch.promql.kernels.native import windows
from fusewatch.promql.kernels.native.extended import extended_histogram_changes
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.promql.kernels.native.rates import histogram_changes, last_histogram_changes
from fusewatch.promql.kernels.native.resets import find_resets
from fusewatch.promql.kernels.native.sums import window_sums
from fusewatch.promql.kernels.native.windows import count_in_windows, find_changes, over_both
from fusewatch.promql.kernels.native.work import COLLISION, INCOMPATIBLE, RECONCILED
from fusewatch.promql.matrix import Matrix, RangeVector
from fusewatch.promql.native_notes import names_met, tell_changes
from fusewatch.promql.parallel import over_rows
from fusewatch.telemetry.samples import Int64s

_NOTHING: Final = np.empty(0, np.int64)
#: A histogram takes the time of so many numbers.
_WEIGHT: Final = 50
#: Fills places (series, steps) and what windows met (series) for some series; the pool that places refer to, and its size.
Kernel = Callable[[slice, Int64s, Int64s], tuple[Pool, int]]


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many numbers and how many histograms each window holds (series, steps)."""

    floats: Int64s
    histograms: Int64s


def _counted(vector: RangeVector, histograms: HistogramSamples) -> _Counts:
    shape, view = (len(vector.series), len(vector.ends)), (vector.ends, vector.range_ms)
    floats, others = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    count_in_windows(vector.series.offsets, vector.series.timestamps, view, floats)
    count_in_windows(histograms.offsets, histograms.timestamps, view, others)
    return _Counts(floats, others)


def _names_where(vector: RangeVector, mixed: Bools) -> list[str]:
    """The names of the metrics that have ``mixed`` (series, steps) windows, each once."""
    return names_met(np.count_nonzero(mixed, axis=1), -1, vector.series.labels)


def tell_ignored(call: CallContext, vector: RangeVector, index: int = 0) -> None:
    """An info for every metric of whose windows a function of numbers sees only some of the samples; ``index`` is the argument."""
    if vector.histograms is None:
        return
    counts = _counted(vector, vector.histograms)
    for name in _names_where(vector, (counts.floats > 0) & (counts.histograms > 0)):
        call.notes.ignored(name, call.node.args[index].span)


def without_mixed(call: CallContext, vector: RangeVector, histograms: HistogramSamples, present: Bools) -> Bools:
    """Where numbers alone have a result: a window of both has none, with a warning."""
    later = vector.beyond_ms if vector.extended is Extended.SMOOTHED else 0
    whole = replace(vector, ends=vector.ends + later, range_ms=vector.range_ms + vector.beyond_ms + later)
    counts = _counted(whole, histograms)
    mixed = (counts.floats > 0) & (counts.histograms > 0)
    for name in _names_where(vector, mixed):
        call.notes.mixed_types(name, call.node.args[0].span)
    return present & ~mixed


def _evaluated(call: CallContext, vector: RangeVector, places: Int64s, kernel: Kernel) -> tuple[Histograms, Int64s]:
    """What a kernel makes of the windows of all series, some of them at a time, and what they met (series)."""
    met = np.zeros(len(vector.series), np.int64)
    parts: list[tuple[slice, Pool]] = []
    lock = threading.Lock()

    def share(rows: slice) -> None:
        pool, count = kernel(rows, places[rows], met[rows])
        with lock:
            parts.append((rows, pool._replace(kinds=pool.kinds[:count], numbers=pool.numbers[:count])))

    over_rows(share, len(vector.series), len(vector.ends) * _WEIGHT, call.check)
    before = 0
    for rows, pool in parts:
        places[rows][places[rows] >= 0] += before
        before += len(pool.kinds)
    return Histograms(places, joined([pool for _, pool in parts])), met


def _part(columns: tuple[Int64s, Int64s, Int64s], rows: slice) -> tuple[Int64s, Int64s, Int64s]:
    return columns[0][rows.start : rows.stop + 1], columns[1], columns[2]


def changes(call: CallContext, vector: RangeVector, histograms: HistogramSamples, *, counter: bool, per_second: bool) -> Histograms:
    """``rate``, ``increase`` and ``delta``."""
    resets = np.zeros(len(histograms.timestamps), np.bool_)
    if counter:
        find_resets(histograms.offsets, histograms.numbers, histograms.pool, resets)
    series, view = vector.series, (vector.ends, vector.range_ms)
    divisor = vector.range_ms / 1000.0 if per_second else 1.0

    def kernel(rows: slice, places: Int64s, met: Int64s) -> tuple[Pool, int]:
        floats = (series.offsets[rows.start : rows.stop + 1], series.timestamps)
        samples = (*_part(histograms.columns, rows), resets)
        return histogram_changes(counter, divisor, samples, floats, view, histograms.pool, places, met)

    return _told(call, vector, kernel)


def extended_changes(
    call: CallContext, vector: RangeVector, histograms: HistogramSamples, *, counter: bool, per_second: bool
) -> Histograms:
    """``rate``, ``increase`` and ``delta`` of an extended selector."""
    series, view = vector.series, (vector.ends, vector.range_ms, vector.beyond_ms)
    divisor = vector.range_ms / 1000.0 if per_second else 1.0
    modes = (counter, vector.extended is Extended.SMOOTHED)

    def kernel(rows: slice, places: Int64s, met: Int64s) -> tuple[Pool, int]:
        floats = (series.offsets[rows.start : rows.stop + 1], series.timestamps)
        samples = _part(histograms.columns, rows)
        return extended_histogram_changes(modes, divisor, samples, floats, view, histograms.pool, places, met)

    return _told(call, vector, kernel)


def last_changes(call: CallContext, vector: RangeVector, histograms: HistogramSamples, *, counter: bool) -> Histograms:
    """``irate`` and ``idelta``."""
    series, view = vector.series, (vector.ends, vector.range_ms)

    def kernel(rows: slice, places: Int64s, met: Int64s) -> tuple[Pool, int]:
        floats = (series.offsets[rows.start : rows.stop + 1], series.timestamps)
        return last_histogram_changes(counter, _part(histograms.columns, rows), floats, view, histograms.pool, places, met)

    return _told(call, vector, kernel)


def _told(call: CallContext, vector: RangeVector, kernel: Kernel) -> Histograms:
    """The changes that a kernel finds, with what there is to tell of them."""
    found, met = _evaluated(call, vector, _no_places(vector), kernel)
    tell_changes(met, vector.series.labels, call.notes, call.node.args[0].span)
    return found


def _no_places(vector: RangeVector) -> Int64s:
    return np.full((len(vector.series), len(vector.ends)), -1, np.int64)


def sums(call: CallContext, vector: RangeVector, histograms: HistogramSamples, *, mean: bool) -> Histograms:
    """``sum_over_time`` and ``avg_over_time``."""
    places = _no_places(vector)
    places[_counted(vector, histograms).floats > 0] = -2
    view = (vector.ends, vector.range_ms)

    def kernel(rows: slice, places: Int64s, met: Int64s) -> tuple[Pool, int]:
        return window_sums(mean, _part(histograms.columns, rows), view, histograms.pool, places, met)

    found, met = _evaluated(call, vector, places, kernel)
    span = call.node.args[0].span
    for name in names_met(met, INCOMPATIBLE, vector.series.labels):
        call.notes.mixed_schemas(name, span)
    if (met & COLLISION).any():
        call.notes.collision("aggregation", span)
    if (met & RECONCILED).any():
        call.notes.reconciled("aggregation", span)
    return found


def both_kinds(op: int, vector: RangeVector, drop: Bools) -> Matrix:
    """A function, a code of :mod:`fusewatch.promql.kernels.native.windows`, that takes numbers and histograms alike."""
    nothing = HistogramSamples(np.zeros(len(vector.series) + 1, np.int64), _NOTHING, _NOTHING, NONE)
    histograms = vector.histograms or nothing
    shape = (len(vector.series), len(vector.ends))
    values, present, places = np.zeros(shape), np.zeros(shape, np.bool_), np.full(shape, -1, np.int64)
    moved = np.zeros(len(histograms.timestamps), np.bool_)
    if op == windows.RESETS:
        find_resets(histograms.offsets, histograms.numbers, histograms.pool, moved)
    if op == windows.CHANGES:
        find_changes(histograms.offsets, histograms.numbers, histograms.pool, moved)
    series, view = vector.series, (vector.ends, vector.range_ms, vector.beyond_ms)
    columns = (series.offsets, series.timestamps, series.values)
    over_both(op, columns, histograms.columns, moved, view, values, present, places)
    return Matrix(series.labels, values, present, drop, Histograms(places, histograms.pool)).trimmed()
