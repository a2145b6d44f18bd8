"""What is read off native histograms: quantiles, fractions, variance.

https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile and the sections beside it
"""

from __future__ import annotations

import math
from typing import Final

from fusewatch.promql.kernels.compensated import add
from fusewatch.promql.kernels.native.edges import bucket, bucket_total, negatives
from fusewatch.promql.kernels.native.pool import COUNT, FIRST, SCHEMA, STOP, SUM, Pool
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

#: What to tell of a result: observations of NaN made it NaN, made it too high, or are in no fraction.
NAN_RESULT: Final = 1
NAN_SKEW: Final = 2
NAN_LEFT_OUT: Final = 4


@inlined
def share_below(lower: float, upper: float, value: float, linear: bool) -> float:
    """The part of a bucket's width that lies below ``value``, which is inside; on a logarithmic scale unless it is ``linear``."""
    if linear:
        return (value - lower) / (upper - lower)
    low, high, at = math.log2(abs(lower)), math.log2(abs(upper)), math.log2(abs(value))
    return (at - low) / (high - low) if value > 0 else 1.0 - (at - high) / (low - high)


@inlined
def _one_sided(lower: float, upper: float, below: int, above: int) -> tuple[float, float]:
    """The zero bucket's bounds: only as far as 0 where one side has no buckets."""
    if below == 0 and above > 0:
        return 0.0, upper
    if above == 0 and below > 0:
        return lower, 0.0
    return lower, upper


@inlined
def _quantile(pool: Pool, k: int, q: float) -> tuple[float, int]:
    if q < 0 or q > 1:
        return (math.inf if q > 1 else -math.inf), 0
    observations, has_nan = pool.numbers[k, COUNT], math.isnan(pool.numbers[k, SUM])
    if observations == 0 or math.isnan(q):
        return math.nan, 0
    # From the nearer end, where less rounding adds up; observations of NaN are in the count alone, which fits from below only.
    upwards = has_nan or q < 0.5
    rank = (q if upwards else 1.0 - q) * observations
    below, total = negatives(pool, k), bucket_total(pool, k)
    lower = upper = count = seen = 0.0
    number = 0
    while number < total:
        lower, upper, count = bucket(pool, k, below, number if upwards else total - 1 - number)
        number += 1
        seen += count
        if seen >= rank:
            break
    custom = pool.kinds[k, SCHEMA] == CUSTOM_SCHEMA
    if custom:
        if lower == -math.inf:
            if upper <= 0:
                return upper, 0
            lower = 0.0
        elif upper == math.inf:
            return lower, 0
    elif lower < 0 < upper:
        lower, upper = _one_sided(lower, upper, below, pool.kinds[k, STOP] - pool.kinds[k, FIRST] - below)
    seen = min(seen, observations)
    if seen < rank:
        return (math.nan, NAN_RESULT) if has_nan else (upper, 0)
    rank = rank - (seen - count) if upwards else seen - rank
    told = 0
    if has_nan:
        while number < total:
            seen += bucket(pool, k, below, number)[2]
            number += 1
        told = NAN_SKEW if seen < observations else 0
    return _inside(lower, upper, rank / count, custom), told


@inlined
def _inside(lower: float, upper: float, fraction: float, custom: bool) -> float:
    """The value so far into a bucket."""
    if custom or lower <= 0 <= upper:
        return lower + (upper - lower) * fraction
    low, high = math.log2(abs(lower)), math.log2(abs(upper))
    if lower > 0:
        return 2.0 ** (low + (high - low) * fraction)
    return -(2.0 ** (high + (low - high) * (1.0 - fraction)))


@kernel
def histogram_quantiles(pool: Pool, chosen: Int64s, q: Float64s, out: Float64s, told: Int64s) -> None:
    """Fills ``out`` (k) with the ``q[k]``-quantile of histogram ``chosen[k]``, ``told`` (k) with what to say of it."""
    for k in range(len(chosen)):
        out[k], told[k] = _quantile(pool, chosen[k], q[k])


@inlined
def _rank(pool: Pool, k: int, value: float) -> float:
    """How many observations lie below ``value``, interpolated within its bucket; infinite where all do."""
    below, rank = negatives(pool, k), 0.0
    above = pool.kinds[k, STOP] - pool.kinds[k, FIRST] - below
    custom = pool.kinds[k, SCHEMA] == CUSTOM_SCHEMA
    for number in range(bucket_total(pool, k)):
        lower, upper, count = bucket(pool, k, below, number)
        is_zero = lower <= 0 <= upper
        if is_zero:
            lower, upper = _one_sided(lower, upper, below, above)
        if lower >= value:
            return rank
        if upper > value:
            if lower == -math.inf:
                return count
            return rank + count * share_below(lower, upper, value, custom or is_zero)
        rank += count
    return math.inf


@inlined
def _fraction(pool: Pool, k: int, low: float, high: float) -> tuple[float, int]:
    observations = pool.numbers[k, COUNT]
    if observations == 0 or math.isnan(low) or math.isnan(high):
        return math.nan, 0
    if low >= high:
        return 0.0, 0
    total, told = observations, 0
    if math.isnan(pool.numbers[k, SUM]):
        below, total = negatives(pool, k), 0.0
        for number in range(bucket_total(pool, k)):
            total += bucket(pool, k, below, number)[2]
        told = NAN_LEFT_OUT if total < observations else 0
    return (min(_rank(pool, k, high), total) - min(_rank(pool, k, low), total)) / observations, told


@kernel
def histogram_fractions(pool: Pool, chosen: Int64s, low: Float64s, high: Float64s, out: Float64s, told: Int64s) -> None:
    """Fills ``out`` (k) with the share of observations of histogram ``chosen[k]`` from ``low[k]`` to ``high[k]``, ``told`` as above."""
    for k in range(len(chosen)):
        out[k], told[k] = _fraction(pool, chosen[k], low[k], high[k])


@kernel
def histogram_variances(pool: Pool, chosen: Int64s, out: Float64s) -> None:
    """Fills ``out`` (k) with the variance that the buckets of histogram ``chosen[k]`` tell of, each at its middle."""
    for row in range(len(chosen)):
        k = chosen[row]
        mean, below = pool.numbers[k, SUM] / pool.numbers[k, COUNT], negatives(pool, k)
        custom = pool.kinds[k, SCHEMA] == CUSTOM_SCHEMA
        total = lost = 0.0
        for number in range(bucket_total(pool, k)):
            lower, upper, count = bucket(pool, k, below, number)
            if custom:
                middle = (upper + lower) / 2.0
            elif lower <= 0 <= upper:
                middle = 0.0
            else:
                middle = math.sqrt(upper * lower) if upper > 0 else -math.sqrt(upper * lower)
            total, lost = add(count * (middle - mean) * (middle - mean), total, lost)
        out[row] = (total + lost) / pool.numbers[k, COUNT]
