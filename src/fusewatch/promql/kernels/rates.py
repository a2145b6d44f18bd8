"""How values move within one window.

Every function takes ``timestamps`` (n) int64 ms and ``values`` (n) float64 of a series, and where the window lies: ``low`` to ``high``
(exclusive). Indices, not slices: a slice counts references, and two threads doing that to one array wait for each other.
"""

from __future__ import annotations

import math

from fusewatch.promql.kernels.compensated import add
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Float64s, Int64s


@inlined
def instant_change(timestamps: Int64s, values: Float64s, high: int, counter: bool) -> float:
    """The change between the last two samples: per second for a ``counter``, which starts again from zero when it falls."""
    now, before = values[high - 1], values[high - 2]
    change = now if counter and now < before else now - before
    return change / ((timestamps[high - 1] - timestamps[high - 2]) / 1000.0) if counter else change


@inlined
def count_changes(values: Float64s, low: int, high: int, falls: bool) -> float:
    """How often the value changed, or only fell; NaN after NaN is no change."""
    count = 0
    for index in range(low + 1, high):
        before, now = values[index - 1], values[index]
        if falls:
            count += now < before
        elif now != before and not (math.isnan(now) and math.isnan(before)):
            count += 1
    return float(count)


@inlined
def regression(timestamps: Int64s, values: Float64s, low: int, high: int, origin: int) -> tuple[float, float]:
    """Slope (per second) and the value at ``origin`` (ms) of the least-squares line; a constant has slope 0."""
    sum_x = lost_x = sum_y = lost_y = sum_xy = lost_xy = sum_x2 = lost_x2 = 0.0
    constant = True
    for index in range(low, high):
        x, y = (timestamps[index] - origin) / 1000.0, values[index]
        constant = constant and y == values[low]
        sum_x, lost_x = add(x, sum_x, lost_x)
        sum_y, lost_y = add(y, sum_y, lost_y)
        sum_xy, lost_xy = add(x * y, sum_xy, lost_xy)
        sum_x2, lost_x2 = add(x * x, sum_x2, lost_x2)
    if constant:
        return (math.nan, math.nan) if math.isinf(values[low]) else (0.0, values[low])
    n = float(high - low)
    x, y = sum_x + lost_x, sum_y + lost_y
    slope = (sum_xy + lost_xy - x * y / n) / (sum_x2 + lost_x2 - x * x / n)
    return slope, y / n - slope * x / n


@inlined
def smoothed(values: Float64s, low: int, high: int, smoothing: float, trend_factor: float) -> float:
    """The last value after double exponential smoothing (Holt's linear trend) of at least two samples."""
    level, trend, before = values[low], values[low + 1] - values[low], 0.0
    for index in range(low + 1, high):
        if index > low + 1:
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend
        before = level
        level = smoothing * values[index] + (1.0 - smoothing) * (level + trend)
    return level
