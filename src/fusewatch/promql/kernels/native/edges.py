"""Where buckets begin and end."""

from __future__ import annotations

import math

import numpy as np

from fusewatch.promql.kernels.native.pool import BIAS, BOUND, BOUND_STOP, FIRST, SCHEMA, STOP, THRESHOLD, ZERO, Pool
from fusewatch.telemetry.histogram_buckets import power
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s


@inlined
def reduced(key: int, steps: int) -> int:
    """The key of the bucket, ``steps`` schemas coarser, that holds bucket ``key``."""
    if key > 0:
        return ((key - BIAS - 1) >> steps) + 1 + BIAS
    return -(((-key - BIAS - 1) >> steps) + 1 + BIAS)


@inlined
def outer_bound(schema: int, key: int) -> float:
    """The bound of an exponential bucket that lies further from 0, without its sign."""
    return power(schema, (key if key > 0 else -key) - BIAS)


@inlined
def inner_bound(schema: int, key: int) -> float:
    """The bound of an exponential bucket that lies nearer to 0, without its sign."""
    return power(schema, (key if key > 0 else -key) - BIAS - 1)


@inlined
def edges(pool: Pool, k: int, place: int) -> tuple[float, float]:
    """Lower and upper bound of the bucket at ``place`` in the pool, which histogram ``k`` has."""
    key, schema = pool.keys[place], pool.kinds[k, SCHEMA]
    if schema == CUSTOM_SCHEMA:
        bound = pool.kinds[k, BOUND] + key - BIAS
        lower = pool.bounds[bound - 1] if key > BIAS else -math.inf
        upper = pool.bounds[bound] if bound < pool.kinds[k, BOUND_STOP] else math.inf
        return lower, upper
    near, far = inner_bound(schema, key), outer_bound(schema, key)
    return (near, far) if key > 0 else (-far, -near)


@inlined
def negatives(pool: Pool, k: int) -> int:
    """How many buckets lie below 0."""
    first = pool.kinds[k, FIRST]
    place = first
    while place < pool.kinds[k, STOP] and pool.keys[place] < 0:
        place += 1
    return place - first


@inlined
def bucket_total(pool: Pool, k: int) -> int:
    """How many buckets there are, the zero bucket among them if it has counted anything."""
    return pool.kinds[k, STOP] - pool.kinds[k, FIRST] + (1 if pool.numbers[k, ZERO] > 0 else 0)


@inlined
def bucket(pool: Pool, k: int, below: int, number: int) -> tuple[float, float, float]:
    """Lower bound, upper bound and count of a bucket, by its ``number`` from the lowest; ``below`` of them are negative.

    Next to the zero bucket they begin where that ends.
    """
    threshold, zero = pool.numbers[k, THRESHOLD], pool.numbers[k, ZERO]
    if zero > 0 and number == below:
        return -threshold, threshold, zero
    place = pool.kinds[k, FIRST] + number - (1 if zero > 0 and number > below else 0)
    lower, upper = edges(pool, k, place)
    if -threshold < upper < 0:
        upper = -threshold
    if 0 < lower < threshold:
        lower = threshold
    return lower, upper, pool.counts[place]


@inlined
def closed_bounds(pool: Pool, k: int, lower: float, upper: float) -> int:
    """Which bounds belong to a bucket: 1 the lower, 2 the upper one."""
    if pool.kinds[k, SCHEMA] == CUSTOM_SCHEMA:
        return 3 if lower == -math.inf else 2
    return (1 if lower < 0 else 0) | (2 if upper > 0 else 0)


@kernel
def bucket_edges(pool: Pool, k: int) -> tuple[Float64s, Float64s, Float64s, Int64s]:
    """Lower bounds, upper bounds and counts of histogram ``k``'s buckets, and which bounds belong to them (:func:`closed_bounds`)."""
    below, total = negatives(pool, k), bucket_total(pool, k)
    lower, upper, count, closed = np.empty(total), np.empty(total), np.empty(total), np.empty(total, np.int64)
    for number in range(total):
        lower[number], upper[number], count[number] = bucket(pool, k, below, number)
        closed[number] = closed_bounds(pool, k, lower[number], upper[number])
    return lower, upper, count, closed
