"""What binary operators make of single native histograms: sums, multiples, equality."""

from __future__ import annotations

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.native.pool import (
    BOUND,
    BOUND_STOP,
    COUNT,
    FIRST,
    GAUGE,
    HINT,
    SCHEMA,
    STOP,
    SUM,
    THRESHOLD,
    ZERO,
    Pool,
    room_for,
    same_bounds,
)
from fusewatch.promql.kernels.native.work import INCOMPATIBLE, added, new_work, started, written
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s


@kernel
def combined(subtract: bool, left: Pool, ours: Int64s, right: Pool, theirs: Int64s, result: Int64s, met: Int64s) -> tuple[Pool, int]:
    """Histogram ``ours[k]`` of ``left`` plus (or less) histogram ``theirs[k]`` of ``right``: a pool, and how many are in it.

    Fills ``result`` (k), -1 before, with numbers in the new pool, and ``met`` (k) with what each pair met.
    """
    work, count = new_work(), 0
    out = room_for(len(ours), len(left.keys), len(left.bounds))
    for pair in range(len(ours)):
        work = started(work, left, ours[pair])
        work, met[pair] = added(work, right, theirs[pair], -1.0 if subtract else 1.0)
        if met[pair] & INCOMPATIBLE:
            continue
        if subtract:
            work.kind[HINT] = GAUGE
        out = written(work, out, count, 1.0)
        result[pair] = count
        count += 1
    return out, count


@kernel
def scaled(divide: bool, pool: Pool, chosen: Int64s, factors: Float64s) -> Pool:
    """Histogram ``chosen[k]`` times (or divided by) ``factors[k]``, as histogram k of a pool; none has buckets after a division by 0."""
    total = 0
    for k in range(len(chosen)):
        total += pool.kinds[chosen[k], STOP] - pool.kinds[chosen[k], FIRST]
    out = room_for(len(chosen), total, 0)
    at = 0
    for k in range(len(chosen)):
        source, factor = chosen[k], factors[k]
        out.kinds[k] = pool.kinds[source]
        if factor < 0:
            out.kinds[k, HINT] = GAUGE
        for which in (COUNT, SUM, ZERO):
            number = pool.numbers[source, which]
            out.numbers[k, which] = number / factor if divide else number * factor
        out.numbers[k, THRESHOLD] = pool.numbers[source, THRESHOLD]
        out.kinds[k, FIRST] = at
        first, stop = pool.kinds[source, FIRST], pool.kinds[source, STOP]
        for place in range(first, first if divide and factor == 0 else stop):
            count = pool.counts[place] / factor if divide else pool.counts[place] * factor
            if count != 0:
                out.keys[at], out.counts[at] = pool.keys[place], count
                at += 1
        out.kinds[k, STOP] = at
    return Pool(out.kinds, out.numbers, out.keys, out.counts, pool.bounds)


@inlined
def _same_number(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)  # noqa: PLR0124  # NaN


@inlined
def is_equal(left: Pool, one: int, right: Pool, other: int) -> bool:
    """Whether two histograms have the same layout, counts and sum; the hints are not looked at."""
    first, stop = left.kinds[one, FIRST], left.kinds[one, STOP]
    their_first, their_stop = right.kinds[other, FIRST], right.kinds[other, STOP]
    if left.kinds[one, SCHEMA] != right.kinds[other, SCHEMA] or stop - first != their_stop - their_first:
        return False
    for which in range(4):
        if not _same_number(left.numbers[one, which], right.numbers[other, which]):
            return False
    bound, bound_stop = left.kinds[one, BOUND], left.kinds[one, BOUND_STOP]
    if not same_bounds(left.bounds, bound, bound_stop, right.bounds, right.kinds[other, BOUND], right.kinds[other, BOUND_STOP]):
        return False
    for place in range(stop - first):
        if left.keys[first + place] != right.keys[their_first + place]:
            return False
        if not _same_number(left.counts[first + place], right.counts[their_first + place]):
            return False
    return True


@kernel
def equal(left: Pool, ours: Int64s, right: Pool, theirs: Int64s, out: Bools) -> None:
    """Fills ``out`` (k): whether histogram ``ours[k]`` of ``left`` equals histogram ``theirs[k]`` of ``right``."""
    for pair in range(len(ours)):
        out[pair] = is_equal(left, ours[pair], right, theirs[pair])
