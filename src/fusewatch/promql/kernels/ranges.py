"""Range functions: one pass over each series with a sliding window, one number per step."""

from __future__ import annotations

import math
from typing import Final

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.over_time import deviation_of, last_extreme, mean_of, sum_of, variance_of
from fusewatch.promql.kernels.rates import count_changes, extrapolated, instant_change, regression, smoothed
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
MAD: Final = 14
FIRST: Final = 15
LAST: Final = 16
COUNT: Final = 17
PRESENT: Final = 18
TS_MIN: Final = 19
TS_MAX: Final = 20
TS_FIRST: Final = 21
TS_LAST: Final = 22


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
        falls = 0  # within the window: most windows have none, and need no second look
        for step in range(len(ends)):
            while high < stop and timestamps[high] <= ends[step]:
                falls += high > low and numbers[high] < numbers[high - 1]
                high += 1
            while low < high and timestamps[low] <= ends[step] - range_ms:
                low += 1
                falls -= low < high and numbers[low] < numbers[low - 1]
            if high - low < (2 if op <= DOUBLE_EXPONENTIAL else 1):
                continue
            present[row, step] = True
            place = (low, high)
            if op <= DELTA:
                result = extrapolated(timestamps, numbers, place, (ends[step], range_ms), op != DELTA, falls)
                values[row, step] = result / (range_ms / 1000.0) if op == RATE else result
            elif op == RESETS:
                values[row, step] = falls
            elif op <= CHANGES:
                values[row, step] = _movement(op, timestamps, numbers, place, times[step], (params[0][step], params[1][step]))
            elif op <= MAD:
                values[row, step] = _summary(op, numbers, low, high)
            else:
                values[row, step] = _chosen(op, timestamps, numbers, low, high)


@inlined
def _movement(op: int, timestamps: Int64s, values: Float64s, place: tuple[int, int], time: int, params: tuple[float, float]) -> float:
    low, high = place
    if op <= IDELTA:
        return instant_change(timestamps, values, high, op == IRATE)
    if op == DERIV:
        return regression(timestamps, values, low, high, timestamps[low])[0]
    if op == PREDICT:
        slope, intercept = regression(timestamps, values, low, high, time)
        return slope * params[0] + intercept
    if op == DOUBLE_EXPONENTIAL:
        return smoothed(values, low, high, params[0], params[1])
    return count_changes(values, low, high)


@inlined
def _summary(op: int, values: Float64s, low: int, high: int) -> float:
    if op == SUM:
        return sum_of(values, low, high)
    if op == AVG:
        return mean_of(values, low, high)
    if op == MAD:
        return deviation_of(values[low:high].copy())
    variance = variance_of(values, low, high)
    return math.sqrt(variance) if op == STDDEV else variance


@inlined
def _chosen(op: int, timestamps: Int64s, values: Float64s, low: int, high: int) -> float:
    if op == COUNT:
        return float(high - low)
    if op == PRESENT:
        return 1.0
    if op in (TS_MIN, TS_MAX):
        return timestamps[last_extreme(values, low, high, op == TS_MAX)] / 1000.0
    index = low if op in (FIRST, TS_FIRST) else high - 1
    return timestamps[index] / 1000.0 if op in (TS_FIRST, TS_LAST) else values[index]
