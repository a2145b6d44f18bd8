"""The operators ``</`` and ``>/``: a native histogram of the observations below or above a number.

A bucket that the number cuts through keeps the share that interpolation says, as for quantiles; the sum is estimated anew, from the
middles of what is kept. https://prometheus.io/docs/prometheus/latest/querying/operators/#histogram-trim-operators
"""

from __future__ import annotations

import math

from fusewatch.promql.kernels.native.edges import edges, negatives
from fusewatch.promql.kernels.native.estimates import share_below
from fusewatch.promql.kernels.native.pool import COUNT, FIRST, SCHEMA, STOP, SUM, THRESHOLD, ZERO, Pool, room_for
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s


@inlined
def _middle(lower: float, upper: float, linear: bool) -> float:
    """Where the observations between two bounds lie on average: halfway, on a logarithmic scale unless it is ``linear``."""
    if math.isinf(lower):
        return 0.0 if math.isinf(upper) else (upper / 2.0 if upper > 0 else upper)
    if math.isinf(upper):
        return lower
    if linear:
        return (lower + upper) / 2.0
    middle = math.sqrt(abs(lower * upper))
    return middle if upper > 0 else -middle


@inlined
def _finite(bound: float) -> float:
    return 0.0 if math.isinf(bound) else bound


@inlined
def _open_bucket(lower: float, upper: float, count: float, at: float, below: bool) -> tuple[float, float]:
    """What is kept of a bucket without a lower or an upper end, and its middle: nobody knows how its observations are spread."""
    if not math.isinf(lower):
        return (0.0, lower) if below else (count, at)
    if below:
        if at > 0 and upper > 0 and not math.isinf(upper):
            return count * at / upper, at / 2.0
        return (count, at) if upper <= 0 else (0.0, _finite(upper))
    if at >= 0 and upper > at and not math.isinf(upper):
        return count * (1.0 - at / upper), (at + upper) / 2.0
    return 0.0, _finite(upper)


@inlined
def _kept(lower: float, upper: float, count: float, at: float, below: bool, linear: bool) -> tuple[float, float]:
    """How many observations of a bucket lie ``below`` (or above) ``at``, and where on average."""
    if upper <= at:
        return (count, _middle(lower, upper, linear)) if below else (0.0, 0.0)
    if lower >= at:
        return (0.0, 0.0) if below else (count, _middle(lower, upper, linear))
    if math.isinf(lower) or math.isinf(upper):
        return _open_bucket(lower, upper, count, at, below)
    under = count * share_below(lower, upper, at, linear)
    return (under, _middle(lower, at, linear)) if below else (count - under, _middle(at, upper, linear))


@inlined
def _zero_kept(threshold: float, count: float, at: float, below: bool, has: tuple[bool, bool]) -> tuple[float, float]:
    """The same of the zero bucket, which lies on one side alone where only that has buckets; ``has`` is (negative, positive)."""
    negative, positive = has
    lower = 0.0 if positive and not negative else -threshold
    upper = 0.0 if negative and not positive else threshold
    if at <= lower:
        return (0.0, 0.0) if below else (count, (lower + upper) / 2.0)
    if at >= upper:
        return (count, (lower + upper) / 2.0) if below else (0.0, 0.0)
    if below:
        return count * (at - lower) / (upper - lower), (lower + at) / 2.0
    return count * (upper - at) / (upper - lower), (at + upper) / 2.0


@kernel
def trimmed(below: bool, pool: Pool, chosen: Int64s, limits: Float64s) -> Pool:
    """Of histogram ``chosen[k]`` the observations ``below`` (or above) ``limits[k]``, as histogram k of a pool."""
    total = 0
    for k in range(len(chosen)):
        total += pool.kinds[chosen[k], STOP] - pool.kinds[chosen[k], FIRST]
    out = room_for(len(chosen), total, 0)
    used = 0
    for k in range(len(chosen)):
        source, at = chosen[k], limits[k]
        first, stop, linear = pool.kinds[source, FIRST], pool.kinds[source, STOP], pool.kinds[source, SCHEMA] == CUSTOM_SCHEMA
        out.kinds[k], out.numbers[k] = pool.kinds[source], pool.numbers[source]
        out.kinds[k, FIRST] = used
        count = total_sum = 0.0
        cut = False
        for place in range(first, stop):
            lower, upper = edges(pool, source, place)
            kept, middle = _kept(lower, upper, pool.counts[place], at, below, linear)
            cut = cut or kept != pool.counts[place]
            count += kept
            total_sum += middle * kept
            if kept != 0:
                out.keys[used], out.counts[used] = pool.keys[place], kept
                used += 1
        out.kinds[k, STOP] = used
        zero = pool.numbers[source, ZERO]
        if zero > 0:
            below_zero = negatives(pool, source)
            has = (below_zero > 0, stop - first > below_zero)
            kept, middle = _zero_kept(pool.numbers[source, THRESHOLD], zero, at, below, has)
            cut = cut or kept != zero
            out.numbers[k, ZERO] = kept
            count += kept
            total_sum += middle * kept
        if cut:
            out.numbers[k, COUNT], out.numbers[k, SUM] = count, total_sum
    return Pool(out.kinds, out.numbers, out.keys, out.counts, pool.bounds)
