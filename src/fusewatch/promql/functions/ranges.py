"""Functions of range vectors: rates, trends and ``*_over_time``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.ast import Extended, ValueType
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.functions import native_ranges as native
from fusewatch.promql.functions.absence import absent_labels
from fusewatch.promql.functions.function import CallContext, Function, Implementation, VectorImplementation
from fusewatch.promql.histograms import Histograms
from fusewatch.promql.kernels import ranges as codes
from fusewatch.promql.kernels.extended import extended_change
from fusewatch.promql.kernels.extrapolation import extrapolated_change, rolled_change
from fusewatch.promql.kernels.native import windows
from fusewatch.promql.kernels.ranges import over_windows
from fusewatch.promql.kernels.sliding import sliding_extremes, sliding_quantiles
from fusewatch.promql.matrix import Matrix, RangeVector
from fusewatch.promql.numbers import go_general
from fusewatch.promql.parallel import over_rows
from fusewatch.promql.rollups import sample_counts
from fusewatch.telemetry.labels import METRIC_NAME, quote
from fusewatch.telemetry.rollups import Aggregate, Rolled
from fusewatch.telemetry.samples import Float64s, Int64s

_COUNTER_SUFFIXES: Final = ("_total", "_sum", "_count", "_bucket")
#: Offsets, timestamps and values of some series.
Columns = tuple[Int64s, Int64s, Float64s]
Run = Callable[[Columns, Float64s, Bools], None]
RANGE, SCALAR = ValueType.MATRIX, ValueType.SCALAR


def windowed(op: int, call: CallContext, *params: Float64s) -> Matrix:
    """Function ``op`` of the numbers in every window of the first argument; its scalar ``params`` have one number per step."""
    native.tell_ignored(call, call.range(0))
    return _windowed(op, call, call.range(0), *params).trimmed()


def _windowed(op: int, call: CallContext, vector: RangeVector, *params: Float64s, keep_name: bool = False) -> Matrix:
    spare = np.zeros(len(vector.ends))
    first, second = (*params, spare, spare)[:2]
    windows = (vector.ends, vector.times, vector.range_ms)

    def run(series: Columns, values: Float64s, present: Bools) -> None:
        over_windows(op, series, windows, (first, second), values, present)

    return _evaluated(call, vector, run, keep_name=keep_name)


def _evaluated(call: CallContext, vector: RangeVector, run: Run, *, keep_name: bool = False) -> Matrix:
    """What ``run`` fills in for the series, some of them at a time."""
    series = vector.series
    values = np.empty((len(series), len(vector.ends)))
    present = np.zeros(values.shape, np.bool_)

    def share(rows: slice) -> None:
        offsets = series.offsets[rows.start : rows.stop + 1]
        run((offsets, series.timestamps, series.values), values[rows], present[rows])

    over_rows(share, *values.shape, call.check)
    return Matrix(series.labels, values, present, _drop(vector, keep_name=keep_name))


def _drop(vector: RangeVector, *, keep_name: bool) -> Bools:
    return vector.drop_name if keep_name else np.ones(len(vector.series), np.bool_)


def _beside(numbers: Matrix, found: Histograms) -> Matrix:
    """The numbers, and histograms in other cells."""
    return replace(numbers, present=numbers.present | (found.places >= 0), histograms=found).trimmed()


def _extreme(*, largest: bool) -> Implementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.range(0)
        view = (vector.ends, vector.range_ms)

        def run(series: Columns, values: Float64s, present: Bools) -> None:
            sliding_extremes(largest, series, view, values, present)

        native.tell_ignored(call, vector)
        return _evaluated(call, vector, run).trimmed()

    return apply


def _plain(op: int) -> Implementation:
    return lambda call: windowed(op, call)


def _any_kind(op: int, code: int, *, keep_name: bool = False) -> VectorImplementation:
    """A function of numbers and histograms alike: ``op`` where all are numbers, else ``code``."""

    def apply(call: CallContext) -> Matrix:
        vector = call.range(0)
        if vector.histograms is None and vector.extended is None:
            return _windowed(op, call, vector, keep_name=keep_name).trimmed()
        return native.both_kinds(code, vector, _drop(vector, keep_name=keep_name))

    return apply


def _change(*, counter: bool, per_second: bool = False) -> VectorImplementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.range(0)
        if vector.series.rolled is not None:
            return _rolled_change(call, vector, vector.series.rolled, counter=counter, per_second=per_second).trimmed()
        if vector.extended is not None:
            return _extended_change(call, vector, counter=counter, per_second=per_second)
        view = (vector.ends, vector.range_ms)

        def run(series: Columns, values: Float64s, present: Bools) -> None:
            extrapolated_change(counter, per_second, series, view, values, present)

        found = _evaluated(call, vector, run)
        if vector.histograms is None:
            return found.trimmed()
        found = replace(found, present=native.without_mixed(call, vector, vector.histograms, found.present))
        return _beside(found, native.changes(call, vector, vector.histograms, counter=counter, per_second=per_second))

    return apply


def _last_change(op: int, *, counter: bool) -> Implementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.range(0)
        found = _windowed(op, call, vector)
        if vector.histograms is None:
            return found.trimmed()
        others = native.last_changes(call, vector, vector.histograms, counter=counter)
        return _beside(replace(found, present=found.present & (others.places == -1)), others)

    return apply


def _total(op: int, *, mean: bool) -> VectorImplementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.range(0)
        found = _windowed(op, call, vector)
        if vector.histograms is None:
            return found.trimmed()
        found = replace(found, present=native.without_mixed(call, vector, vector.histograms, found.present))
        return _beside(found, native.sums(call, vector, vector.histograms, mean=mean))

    return apply


_mean = _total(codes.AVG, mean=True)


def _extended_change(call: CallContext, vector: RangeVector, *, counter: bool, per_second: bool) -> Matrix:
    view = (vector.ends, vector.range_ms, vector.beyond_ms)
    divisor = vector.range_ms / 1000.0 if per_second else 1.0
    smoothed = vector.extended is Extended.SMOOTHED

    def run(series: Columns, values: Float64s, present: Bools) -> None:
        extended_change(counter, smoothed, divisor, series, view, values, present)

    found = _evaluated(call, vector, run)
    if vector.histograms is None:
        return found.trimmed()
    found = replace(found, present=native.without_mixed(call, vector, vector.histograms, found.present))
    return _beside(found, native.extended_changes(call, vector, vector.histograms, counter=counter, per_second=per_second))


def _rolled_change(call: CallContext, vector: RangeVector, rolled: Rolled, *, counter: bool, per_second: bool) -> Matrix:
    found, starts, stops = rolled.columns, *(rolled.spans.moved(edges) for edges in (vector.ends - vector.range_ms, vector.ends))
    last = found[Aggregate.LAST]
    columns = (
        found[Aggregate.COUNT] >> 1,
        found[Aggregate.FIRST_TIME],
        found[Aggregate.FIRST],
        found[Aggregate.LAST_TIME],
        last,
        found.get(Aggregate.FALLS, last),  # not looked at but for counters
    )
    view = (vector.ends, starts, stops, vector.range_ms)

    def run(series: Columns, values: Float64s, present: Bools) -> None:
        rolled_change(counter, per_second, series[:2], columns, view, values, present)

    return _evaluated(call, vector, run)


_number = _any_kind(codes.COUNT, windows.COUNT)


def _count(call: CallContext) -> Matrix:
    """Of roll-ups the values are counts already."""
    return _number(call) if call.range(0).series.rolled is None else windowed(codes.SUM, call)


def _average(call: CallContext) -> Matrix:
    vector = call.range(0)
    rolled = vector.series.rolled
    if rolled is None:
        return _mean(call)
    counts = replace(vector, series=replace(vector.series, values=sample_counts(rolled)))
    sums = _windowed(codes.SUM, call, vector)
    return replace(sums, values=sums.values / _windowed(codes.SUM, call, counts).values).trimmed()


def _counter(*, per_second: bool) -> Implementation:
    change = _change(counter=True, per_second=per_second)

    def apply(call: CallContext) -> Matrix:
        result = change(call)
        for name in {labels.get(METRIC_NAME, "") for labels in result.floats.trimmed().labels}:
            if name and not name.endswith(_COUNTER_SUFFIXES):
                text = f"metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {quote(name)}"
                call.notes.info(text, call.node.args[0].span)
        return result

    return apply


def _quantile(call: CallContext) -> Matrix:
    q = call.scalar(0)
    vector = call.range(1)
    view = (vector.ends, vector.range_ms)

    def run(series: Columns, values: Float64s, present: Bools) -> None:
        sliding_quantiles(q, series, view, values, present)

    native.tell_ignored(call, vector)
    result = _evaluated(call, vector, run).trimmed()
    used = q[result.present.any(axis=0)]
    for value in np.unique(used[~((used >= 0) & (used <= 1))]).tolist():
        call.notes.warn(f"quantile value should be between 0 and 1, got {go_general(value)}", call.node.args[0].span)
    return result


def _predict_linear(call: CallContext) -> Matrix:
    return windowed(codes.PREDICT, call, call.scalar(1))


def _double_exponential_smoothing(call: CallContext) -> Matrix:
    vector = call.range(0)
    for index, noun in ((1, "smoothing factor. Expected: 0 < sf"), (2, "trend factor. Expected: 0 < tf")):
        factors = call.scalar(index)
        wrong = factors[~((factors > 0) & (factors < 1))]
        if len(wrong) and len(vector.series):
            raise ExecutionError(f"invalid {noun} < 1, got: {wrong[0]:f}")
    return windowed(codes.DOUBLE_EXPONENTIAL, call, call.scalar(1), call.scalar(2))


_presence = _any_kind(codes.PRESENT, windows.PRESENT)


def _absent_over_time(call: CallContext) -> Matrix:
    found = _presence(call)
    missing = ~found.covered()[np.newaxis, :]
    return Matrix((absent_labels(call.node.args[0]),), np.ones(missing.shape), missing, np.ones(1, np.bool_)).trimmed()


def _of_range(name: str, apply: Implementation, *scalars: ValueType) -> Function:
    return Function(name, (RANGE, *scalars), ValueType.VECTOR, apply)


FUNCTIONS: Final = (
    _of_range("rate", _counter(per_second=True)),
    _of_range("increase", _counter(per_second=False)),
    _of_range("delta", _change(counter=False)),
    _of_range("irate", _last_change(codes.IRATE, counter=True)),
    _of_range("idelta", _last_change(codes.IDELTA, counter=False)),
    _of_range("deriv", _plain(codes.DERIV)),
    _of_range("predict_linear", _predict_linear, SCALAR),
    _of_range("double_exponential_smoothing", _double_exponential_smoothing, SCALAR, SCALAR),
    _of_range("holt_winters", _double_exponential_smoothing, SCALAR, SCALAR),
    _of_range("changes", _any_kind(codes.CHANGES, windows.CHANGES)),
    _of_range("resets", _any_kind(codes.RESETS, windows.RESETS)),
    _of_range("sum_over_time", _total(codes.SUM, mean=False)),
    _of_range("avg_over_time", _average),
    _of_range("min_over_time", _extreme(largest=False)),
    _of_range("max_over_time", _extreme(largest=True)),
    _of_range("count_over_time", _count),
    _of_range("first_over_time", _any_kind(codes.FIRST, windows.FIRST, keep_name=True)),
    _of_range("last_over_time", _any_kind(codes.LAST, windows.LAST, keep_name=True)),
    _of_range("present_over_time", _presence),
    _of_range("stddev_over_time", _plain(codes.STDDEV)),
    _of_range("stdvar_over_time", _plain(codes.STDVAR)),
    _of_range("mad_over_time", _plain(codes.MAD)),
    _of_range("ts_of_min_over_time", _plain(codes.TS_MIN)),
    _of_range("ts_of_max_over_time", _plain(codes.TS_MAX)),
    _of_range("ts_of_first_over_time", _any_kind(codes.TS_FIRST, windows.TS_FIRST)),
    _of_range("ts_of_last_over_time", _any_kind(codes.TS_LAST, windows.TS_LAST)),
    _of_range("absent_over_time", _absent_over_time),
    Function("quantile_over_time", (SCALAR, RANGE), ValueType.VECTOR, _quantile),
)
