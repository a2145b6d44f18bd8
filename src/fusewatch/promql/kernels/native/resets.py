"""Counter resets: whether one histogram can have come from another by counting on.

https://prometheus.io/docs/specs/native_histograms/#counter-reset-considerations
"""

from __future__ import annotations

import math

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.native.edges import reduced
from fusewatch.promql.kernels.native.pool import (
    BIAS,
    BOUND,
    BOUND_STOP,
    COUNT,
    FIRST,
    GAUGE,
    HINT,
    NO_RESET,
    RESET,
    SCHEMA,
    STOP,
    THRESHOLD,
    UNKNOWN,
    ZERO,
    Pool,
    same_bounds,
)
from fusewatch.promql.kernels.native.zero import grown_zero, is_inside
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s


@inlined
def is_reset(pool: Pool, k: int, other: Pool, before: int) -> bool:
    """Whether histogram ``k`` began to count anew after histogram ``before`` of ``other``: by its hint, or because a count fell."""
    hint, schema, old = pool.kinds[k, HINT], pool.kinds[k, SCHEMA], other.kinds[before, SCHEMA]
    if hint in (RESET, NO_RESET):
        return hint == RESET
    if pool.numbers[k, COUNT] < other.numbers[before, COUNT] or schema > old:
        return True
    if schema == CUSTOM_SCHEMA:
        if old != CUSTOM_SCHEMA:
            return True
        if not _same_custom(pool, k, other, before):
            return _custom_fell(pool, k, other, before)
        return _bucket_fell(pool, k, other, before, 0)
    if old == CUSTOM_SCHEMA:
        return True
    threshold = pool.numbers[k, THRESHOLD]
    if threshold < other.numbers[before, THRESHOLD]:
        return True
    zero = other.numbers[before, ZERO]
    if threshold > other.numbers[before, THRESHOLD]:
        first, stop = other.kinds[before, FIRST], other.kinds[before, STOP]
        more, needed = grown_zero(other.keys, other.counts, first, stop, old, threshold)
        zero += more
        if needed != threshold:
            return True
    return pool.numbers[k, ZERO] < zero or _bucket_fell(pool, k, other, before, old - schema)


@inlined
def _same_custom(pool: Pool, k: int, other: Pool, before: int) -> bool:
    one, stop = pool.kinds[k, BOUND], pool.kinds[k, BOUND_STOP]
    return same_bounds(pool.bounds, one, stop, other.bounds, other.kinds[before, BOUND], other.kinds[before, BOUND_STOP])


@inlined
def _bucket_fell(pool: Pool, k: int, other: Pool, before: int, steps: int) -> bool:
    """Whether a bucket of ``before``, made ``steps`` schemas coarser, has counted more than in ``k``; zero buckets are left out."""
    at, stop = pool.kinds[k, FIRST], pool.kinds[k, STOP]
    place, last = other.kinds[before, FIRST], other.kinds[before, STOP]
    grows = pool.numbers[k, THRESHOLD] > other.numbers[before, THRESHOLD]
    while place < last:
        key, count = reduced(other.keys[place], steps), 0.0
        while place < last and reduced(other.keys[place], steps) == key:
            inside = grows and is_inside(other.kinds[before, SCHEMA], other.keys[place], pool.numbers[k, THRESHOLD])
            count += 0.0 if inside else other.counts[place]
            place += 1
        while at < stop and pool.keys[at] < key:
            at += 1
        now = pool.counts[at] if at < stop and pool.keys[at] == key else 0.0
        if now < count:
            return True
    return False


@inlined
def _up_to(pool: Pool, k: int, place: int, bound: float) -> tuple[float, int]:
    """The count of the buckets from ``place`` on that end at ``bound`` or below, and the place behind them."""
    total, first = 0.0, pool.kinds[k, BOUND]
    while place < pool.kinds[k, STOP]:
        index = first + pool.keys[place] - BIAS
        upper = pool.bounds[index] if index < pool.kinds[k, BOUND_STOP] else math.inf
        if upper > bound:
            break
        total += pool.counts[place]
        place += 1
    return total, place


@inlined
def _custom_fell(pool: Pool, k: int, other: Pool, before: int) -> bool:
    """The same for custom buckets whose bounds differ: between those that both have."""
    one, two = pool.kinds[k, BOUND], other.kinds[before, BOUND]
    at, earlier = pool.kinds[k, FIRST], other.kinds[before, FIRST]
    while True:
        ours = pool.bounds[one] if one < pool.kinds[k, BOUND_STOP] else math.inf
        theirs = other.bounds[two] if two < other.kinds[before, BOUND_STOP] else math.inf
        if ours == theirs:
            now, at = _up_to(pool, k, at, ours)
            then, earlier = _up_to(other, before, earlier, ours)
            if now < then:
                return True
            if math.isinf(ours):
                return False
        one += 1 if ours <= theirs else 0
        two += 1 if theirs <= ours else 0


@kernel
def find_resets(offsets: Int64s, numbers: Int64s, pool: Pool, out: Bools) -> None:
    """Fills ``out`` (samples): whether each began to count anew after the one before it; never the first of a series.

    The samples of series i are the histograms ``numbers[offsets[i]:offsets[i + 1]]`` of the pool.
    """
    for row in range(len(offsets) - 1):
        for place in range(offsets[row], offsets[row + 1]):
            out[place] = place > offsets[row] and is_reset(pool, numbers[place], pool, numbers[place - 1])


@kernel
def set_hints(offsets: Int64s, stale: Bools, parted: Bools, pool: Pool, told: bool) -> None:
    """Sets the reset hints that follow from the sample before, as Prometheus' storage does when it takes a sample in.

    A sender's NO_RESET is about the sample that it sent before, which need not be here. Where a count fell, the hint is RESET if that is
    to be ``told``, else UNKNOWN: whoever needs it compares again. ``stale`` and ``parted`` (samples): staleness markers, and samples with
    a float between them and the histogram before. Histogram k of the pool is sample k. The first of a series, whose own predecessor was
    not read, counts as not reset: it is compared with none.
    """
    for row in range(len(offsets) - 1):
        for k in range(offsets[row], offsets[row + 1]):
            if pool.kinds[k, HINT] in (GAUGE, RESET):
                continue
            pool.kinds[k, HINT] = NO_RESET if k == offsets[row] and not stale[k] else UNKNOWN
            if k > offsets[row] and not (stale[k] or stale[k - 1] or parted[k] or pool.kinds[k - 1, HINT] == GAUGE):
                hint = _hint(pool, k)
                pool.kinds[k, HINT] = hint if told or hint != RESET else UNKNOWN


@inlined
def _hint(pool: Pool, k: int) -> int:
    before = k - 1
    fell = pool.numbers[k, COUNT] < pool.numbers[before, COUNT]
    if not fell and (pool.kinds[k, SCHEMA] != pool.kinds[before, SCHEMA] or pool.numbers[k, THRESHOLD] != pool.numbers[before, THRESHOLD]):
        return UNKNOWN
    if fell or not _same_custom(pool, k, pool, before) or is_reset(pool, k, pool, before):
        return RESET
    return NO_RESET
