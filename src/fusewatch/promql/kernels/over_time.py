"""What ``*_over_time`` makes of one window: ``values[low:high]`` of a series' ``values`` (n) float64, at least one.

Indices, not slices: a slice counts references, and two threads doing that to one array wait for each other.
"""

from __future__ import annotations

import math

import numpy as np

from fusewatch.promql.kernels.compensated import add, mean_step
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Float64s


@inlined
def sum_of(values: Float64s, low: int, high: int) -> float:
    """The compensated sum."""
    total = lost = 0.0
    for index in range(low, high):
        total, lost = add(values[index], total, lost)
    return total if math.isinf(total) else total + lost


@inlined
def mean_of(values: Float64s, low: int, high: int) -> float:
    """The mean, also where the sum would overflow."""
    total, lost, running = values[low], 0.0, False
    for index in range(low + 1, high):
        total, lost, running = mean_step(values[index], index - low + 1.0, total, lost, running)
    return total + lost if running else total / (high - low) + lost / (high - low)


@inlined
def last_extreme(values: Float64s, low: int, high: int, largest: bool) -> int:
    """Where the smallest or ``largest`` value stands, the last of equals; NaN only where there is nothing else."""
    best = low
    for index in range(low, high):
        value, record = values[index], values[best]
        if math.isnan(record) or (value >= record if largest else value <= record):
            best = index
    return best


@inlined
def variance_of(values: Float64s, low: int, high: int) -> float:
    """The population variance (Welford, compensated)."""
    count = mean = lost_mean = total = lost = 0.0
    for index in range(low, high):
        value = values[index]
        count += 1.0
        delta = value - (mean + lost_mean)
        mean, lost_mean = add(delta / count, mean, lost_mean)
        total, lost = add(delta * (value - (mean + lost_mean)), total, lost)
    return (total + lost) / count


@inlined
def quantile_of(values: Float64s, q: float) -> float:
    """The φ-quantile of all ``values``, NaN counting as the smallest; infinite for φ outside 0 to 1. Sorts ``values``."""
    values.sort()
    n = len(values)
    nans = 0
    while nans < n and math.isnan(values[n - 1 - nans]):
        nans += 1
    return interpolated(values[: n - nans], nans, q)


@inlined
def interpolated(values: Float64s, nans: int, q: float) -> float:
    """The φ-quantile of sorted ``values`` (n) after that many ``nans``, by linear interpolation."""
    if math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.inf if q > 1 else -math.inf
    n = len(values) + nans
    rank = q * (n - 1)
    low = math.floor(rank)
    weight = rank - low
    below = min(n - 1, low + 1)
    first = math.nan if low < nans else values[int(low) - nans]
    second = math.nan if below < nans else values[int(below) - nans]
    return first * (1.0 - weight) + second * weight


@inlined
def deviation_of(values: Float64s) -> float:
    """The median absolute deviation of all ``values``, NaN if any value is. Sorts ``values``."""
    median = quantile_of(values, 0.5)
    if math.isnan(values[-1]):
        return math.nan
    return quantile_of(np.abs(values - median), 0.5)
