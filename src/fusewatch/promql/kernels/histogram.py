"""Quantiles and fractions of classic histograms: one number per histogram and step."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

#: Counts that differ by less, relative to their sum, differ by rounding only.
_TOLERANCE: Final = 1e-12
_SMALLEST: Final = 2.2250738585072014e-308


@kernel
def buckets(
    members: tuple[Int64s, Int64s, Float64s],
    values: Float64s,
    present: Bools,
    params: tuple[Float64s, Float64s, bool],
    result: tuple[Float64s, Bools],
    fixes: tuple[Float64s, Int64s],
) -> None:
    """Fills ``result``, values and presence (histograms, steps), from cumulative bucket counts ``values`` (series, steps).

    ``members`` is (offsets (histograms + 1), rows, upper bounds): the buckets of histogram h are ``rows[offsets[h]:offsets[h + 1]]`` in
    ascending order of their bound. ``params`` is (φ, unused, False) for quantiles or (lower, upper, True) for fractions, per step.
    ``fixes`` takes what had to be made monotonic: (histograms, 3) smallest and largest bound, largest difference; (histograms, 3)
    first step, last step, how often.
    """
    offsets, rows, bounds = members
    first, second, fraction = params
    found, shown = result
    upper, counts = np.empty(len(rows)), np.empty(len(rows))
    for histogram in range(len(offsets) - 1):
        for step in range(values.shape[1]):
            n = 0
            for index in range(offsets[histogram], offsets[histogram + 1]):
                if not present[rows[index], step]:
                    continue
                if n and upper[n - 1] == bounds[index]:
                    counts[n - 1] += values[rows[index], step]
                    continue
                upper[n], counts[n] = bounds[index], values[rows[index], step]
                n += 1
            if n == 0:
                continue
            shown[histogram, step] = True
            if fraction:
                found[histogram, step] = _fraction(first[step], second[step], upper[:n], counts[:n])
                continue
            fix = (fixes[0][histogram], fixes[1][histogram])
            found[histogram, step] = _quantile(first[step], upper[:n], counts[:n], fix, step)


@inlined
def _quantile(q: float, upper: Float64s, counts: Float64s, fix: tuple[Float64s, Int64s], step: int) -> float:
    if math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.inf if q > 1 else -math.inf
    n = len(upper)
    if not math.isinf(upper[n - 1]) or upper[n - 1] < 0:
        return math.nan
    _make_monotonic(upper, counts, fix, step)
    total = counts[n - 1]
    if n < 2 or total == 0:
        return math.nan
    rank = q * total
    bucket = 0
    while bucket < n - 1 and not counts[bucket] >= rank:
        bucket += 1
    if bucket == n - 1:
        return upper[n - 2]
    if bucket == 0 and upper[0] <= 0:
        return upper[0]
    start = upper[bucket - 1] if bucket else 0.0
    below = counts[bucket - 1] if bucket else 0.0
    return start + (upper[bucket] - start) * ((rank - below) / (counts[bucket] - below))


@inlined
def _make_monotonic(upper: Float64s, counts: Float64s, fix: tuple[Float64s, Int64s], step: int) -> None:
    """Raises counts below their predecessor's to it, and notes that unless it is rounding."""
    extent, when = fix
    before = counts[0]
    forced = False
    for index in range(1, len(counts)):
        count = counts[index]
        if count == before:
            continue
        if _nearly(before, count):
            counts[index] = before
        elif count < before:
            counts[index] = before
            forced = True
            extent[0] = min(extent[0], upper[index])
            extent[1] = max(extent[1], upper[index])
            extent[2] = max(extent[2], before - count)
        else:
            before = count
    if forced:
        when[0] = step if when[2] == 0 else when[0]
        when[1] = step
        when[2] += 1


@inlined
def _nearly(left: float, right: float) -> bool:
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    total, difference = abs(left) + abs(right), abs(left - right)
    if left == 0 or right == 0 or total < _SMALLEST:
        return difference < _TOLERANCE * _SMALLEST
    return difference / total < _TOLERANCE


@inlined
def _fraction(low: float, high: float, upper: Float64s, counts: Float64s) -> float:
    n = len(upper)
    total = counts[n - 1]
    if not math.isinf(upper[n - 1]) or upper[n - 1] < 0 or total == 0 or math.isnan(low) or math.isnan(high):
        return math.nan
    if low >= high:
        return 0.0
    return (_rank(high, upper, counts) - _rank(low, upper, counts)) / total


@inlined
def _rank(value: float, upper: Float64s, counts: Float64s) -> float:
    """How many observations lie below ``value``, interpolated within its bucket."""
    total = counts[len(counts) - 1]
    start = -math.inf if upper[0] <= 0 else 0.0
    below = 0.0
    for index in range(len(upper)):
        if index:
            start = upper[index - 1]
        if start >= value:
            return min(below, total)
        if upper[index] > value:
            if math.isinf(start):
                return min(counts[index], total)
            return min(below + (counts[index] - below) * (value - start) / (upper[index] - start), total)
        below = counts[index]
    return total
