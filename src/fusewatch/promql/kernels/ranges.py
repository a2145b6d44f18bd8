"""Range functions: one pass over each series with a sliding window, one number per step."""

from __future__ import annotations

import math
from typing import Final

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.over_time import deviation_of, last_extreme, mean_of, sum_of, variance_of
from fusewatch.promql.kernels.rates import count_changes, instant_change, regression, smoothed
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

# One kernel with codes, not a kernel per function: it compiles once. Those up to DOUBLE_EXPONENTIAL need two samples.
IRATE: Final = 0
IDELTA: Final = 1
DERIV: Final = 2
PREDICT: Final = 3
DOUBLE_EXPONENTIAL: Final = 4
CHANGES: Final = 5
RESETS: Final = 6
SUM: Final = 7
AVG: Final = 8
STDVAR: Final = 9
STDDEV: Final = 10
MAD: Final = 11
FIRST: Final = 12
LAST: Final = 13
COUNT: Final = 14
PRESENT: Final = 15
TS_MIN: Final = 16
TS_MAX: Final = 17
TS_FIRST: Final = 18
TS_LAST: Final = 19


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
            if op <= RESETS:
                scalars = (params[0][step], params[1][step])
                values[row, step] = _movement(op, timestamps, numbers, (low, high), times[step], scalars)
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
    return count_changes(values, low, high, op == RESETS)


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
