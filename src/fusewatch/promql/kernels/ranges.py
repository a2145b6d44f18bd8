"""Range functions: one pass over each series with a sliding window, one number per step."""

from __future__ import annotations

import math
from typing import Final

from fusewatch.promql.kernels.over_time import deviation_of, extreme, mean_of, quantile_of, sum_of, variance_of
from fusewatch.promql.kernels.rates import count_changes, extrapolated, instant_change, regression, smoothed
from fusewatch.promql.matrix import Bools
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

# One kernel with codes, not a kernel per function: it compiles once. Those up to DOUBLE_EXPONENTIAL need two samples.
RATE: Final = 0
INCREASE: Final = 1
DELTA: Final = 2
IRATE: Final = 3
IDELTA: Final = 4
DERIV: Final = 5
PREDICT: Final = 6
DOUBLE_EXPONENTIAL: Final = 7
CHANGES: Final = 8
RESETS: Final = 9
SUM: Final = 10
AVG: Final = 11
STDVAR: Final = 12
STDDEV: Final = 13
QUANTILE: Final = 14
MAD: Final = 15
MIN: Final = 16
MAX: Final = 17
FIRST: Final = 18
LAST: Final = 19
COUNT: Final = 20
PRESENT: Final = 21
TS_MIN: Final = 22
TS_MAX: Final = 23
TS_FIRST: Final = 24
TS_LAST: Final = 25


@kernel
def over_windows(
    op: int,
    series: tuple[Int64s, Int64s, Float64s],
    windows: tuple[Int64s, Int64s, int],
    params: tuple[Float64s, Float64s],
    values: Float64s,
    present: Bools,
) -> None:
    """Fills ``values`` and ``present`` (series, steps) with function ``op`` of each window ``(end - range, end]``.

    ``series`` is (offsets, timestamps, values); ``windows`` (ends (steps) ascending, the steps' times (steps), range ms); ``params``
    are the function's scalar arguments (steps each).
    """
    offsets, timestamps, numbers = series
    ends, times, range_ms = windows
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        stop = offsets[row + 1]
        for step in range(len(ends)):
            while high < stop and timestamps[high] <= ends[step]:
                high += 1
            while low < high and timestamps[low] <= ends[step] - range_ms:
                low += 1
            if high - low < (2 if op <= DOUBLE_EXPONENTIAL else 1):
                continue
            present[row, step] = True
            stamps, window = timestamps[low:high], numbers[low:high]
            if op <= RESETS:
                moment = (ends[step], times[step], range_ms)
                values[row, step] = _movement(op, stamps, window, moment, (params[0][step], params[1][step]))
            elif op <= MAD:
                values[row, step] = _summary(op, window, params[0][step])
            else:
                values[row, step] = _chosen(op, stamps, window)


@inlined
def _movement(op: int, timestamps: Int64s, values: Float64s, moment: tuple[int, int, int], params: tuple[float, float]) -> float:
    end, time, range_ms = moment
    if op <= DELTA:
        result = extrapolated(timestamps, values, end, range_ms, op != DELTA)
        return result / (range_ms / 1000.0) if op == RATE else result
    if op <= IDELTA:
        return instant_change(timestamps, values, op == IRATE)
    if op == DERIV:
        return regression(timestamps, values, timestamps[0])[0]
    if op == PREDICT:
        slope, intercept = regression(timestamps, values, time)
        return slope * params[0] + intercept
    if op == DOUBLE_EXPONENTIAL:
        return smoothed(values, params[0], params[1])
    return count_changes(values, op == RESETS)


@inlined
def _summary(op: int, values: Float64s, param: float) -> float:
    if op == SUM:
        return sum_of(values)
    if op == AVG:
        return mean_of(values)
    if op == QUANTILE:
        return quantile_of(values.copy(), param)
    if op == MAD:
        return deviation_of(values.copy())
    variance = variance_of(values)
    return math.sqrt(variance) if op == STDDEV else variance


@inlined
def _chosen(op: int, timestamps: Int64s, values: Float64s) -> float:
    if op == COUNT:
        return float(len(values))
    if op == PRESENT:
        return 1.0
    if op in (MIN, MAX):
        return values[extreme(values, op == MAX, False)]
    if op in (TS_MIN, TS_MAX):
        return timestamps[extreme(values, op == TS_MAX, True)] / 1000.0
    index = 0 if op in (FIRST, TS_FIRST) else -1
    return timestamps[index] / 1000.0 if op in (TS_FIRST, TS_LAST) else values[index]
