"""How counters and gauges move within one window.

Every function takes the ``timestamps`` (n) int64 ms and ``values`` (n) float64 of a window that holds at least one sample.
"""

from __future__ import annotations

import math

from fusewatch.promql.kernels.compensated import add
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Float64s, Int64s


@inlined
def increase_of(values: Float64s, counter: bool) -> float:
    """Last less first; a ``counter`` that fell started again from zero."""
    total = values[-1] - values[0]
    if counter:
        for index in range(1, len(values)):
            if values[index] < values[index - 1]:
                total += values[index - 1]
    return total


@inlined
def extrapolated(timestamps: Int64s, values: Float64s, end: int, range_ms: int, counter: bool) -> float:
    """The increase over the whole window, of at least two samples, extrapolated to its ends as Prometheus does.

    Towards an end nearer than 1.1 average intervals the slope is extended all the way, else by half an interval; a counter is not
    extended below zero. https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
    """
    total = increase_of(values, counter)
    sampled = (timestamps[-1] - timestamps[0]) / 1000.0
    average = sampled / (len(values) - 1)
    before = (timestamps[0] - (end - range_ms)) / 1000.0
    after = (end - timestamps[-1]) / 1000.0
    if before >= average * 1.1:
        before = average / 2.0
    if counter and total > 0 and values[0] >= 0:
        before = min(before, sampled * (values[0] / total))
    if after >= average * 1.1:
        after = average / 2.0
    if sampled == 0:
        return total
    return total * ((sampled + before + after) / sampled)


@inlined
def instant_change(timestamps: Int64s, values: Float64s, counter: bool) -> float:
    """The change between the last two samples: per second for a ``counter``, which starts again from zero when it falls."""
    change = values[-1] if counter and values[-1] < values[-2] else values[-1] - values[-2]
    return change / ((timestamps[-1] - timestamps[-2]) / 1000.0) if counter else change


@inlined
def count_changes(values: Float64s, falls_only: bool) -> float:
    """How often the value changed, or only fell; NaN after NaN is no change."""
    count = 0
    for index in range(1, len(values)):
        before, now = values[index - 1], values[index]
        if falls_only:
            count += now < before
        elif now != before and not (math.isnan(now) and math.isnan(before)):
            count += 1
    return float(count)


@inlined
def regression(timestamps: Int64s, values: Float64s, origin: int) -> tuple[float, float]:
    """Slope (per second) and the value at ``origin`` (ms) of the least-squares line; a constant has slope 0."""
    sum_x = lost_x = sum_y = lost_y = sum_xy = lost_xy = sum_x2 = lost_x2 = 0.0
    constant = True
    for index in range(len(values)):
        x, y = (timestamps[index] - origin) / 1000.0, values[index]
        constant = constant and y == values[0]
        sum_x, lost_x = add(x, sum_x, lost_x)
        sum_y, lost_y = add(y, sum_y, lost_y)
        sum_xy, lost_xy = add(x * y, sum_xy, lost_xy)
        sum_x2, lost_x2 = add(x * x, sum_x2, lost_x2)
    if constant:
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, values[0])
    n = float(len(values))
    x, y = sum_x + lost_x, sum_y + lost_y
    slope = (sum_xy + lost_xy - x * y / n) / (sum_x2 + lost_x2 - x * x / n)
    return slope, y / n - slope * x / n


@inlined
def smoothed(values: Float64s, smoothing: float, trend_factor: float) -> float:
    """The last value after double exponential smoothing (Holt's linear trend) of at least two samples."""
    level, trend, before = values[0], values[1] - values[0], 0.0
    for index in range(1, len(values)):
        if index > 1:
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend
        before = level
        level = smoothing * values[index] + (1.0 - smoothing) * (level + trend)
    return level
