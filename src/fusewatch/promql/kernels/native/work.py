"""One histogram that others are added to: the sum, mean or difference on its way.

Sums are compensated (:mod:`fusewatch.promql.kernels.compensated`). What two histograms differ in is reconciled as Prometheus does: the
coarser schema, a zero bucket that holds both and no part of a filled bucket, the custom bounds that both have.
https://prometheus.io/docs/specs/native_histograms/#promql
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from fusewatch.promql.kernels.compensated import add
from fusewatch.promql.kernels.native.edges import reduced
from fusewatch.promql.kernels.native.pool import (
    BIAS,
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
    UNKNOWN,
    ZERO,
    Int32s,
    Pool,
    same_bounds,
)
from fusewatch.promql.kernels.native.zero import grown_zero, is_inside
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Float64s, Int64s
from fusewatch.telemetry.searching import first_not_below

#: What an addition met: a mix of exponential and custom buckets (nothing was added), contradicting reset hints, custom bounds that differ.
INCOMPATIBLE: Final = 1
COLLISION: Final = 2
RECONCILED: Final = 4
#: Entries of :attr:`Work.kind` behind SCHEMA and HINT: buckets, bounds, and which half of the arrays is in use.
_BUCKETS, _BOUNDS, _HALF = 2, 3, 4
_SKIPPED: Final = 0
_BEYOND: Final = np.iinfo(np.int32).max


class Work(NamedTuple):
    """The histogram: ``numbers`` (2, 4) and ``counts``, ``lost`` (2, room) are values and what rounding lost of them.

    ``keys``, ``counts`` and ``lost`` have two halves: a merge reads one and writes the other. ``mapped`` (room) are the keys of the
    histogram that is added, as they are in this one.
    """

    kind: Int64s
    numbers: Float64s
    keys: Int32s
    counts: Float64s
    lost: Float64s
    mapped: Int32s
    bounds: Float64s


@inlined
def new_work() -> Work:
    """One that has counted nothing yet, with a little room."""
    room = 256
    return Work(
        np.zeros(5, np.int64),
        np.zeros((2, 4)),
        np.empty((2, room), np.int32),
        np.empty((2, room)),
        np.empty((2, room)),
        np.empty(room, np.int32),
        np.empty(room),
    )


@inlined
def _roomy(work: Work, pool: Pool, k: int) -> Work:
    """The same with room for the buckets and bounds of histogram ``k`` beside its own."""
    more = pool.kinds[k, STOP] - pool.kinds[k, FIRST]
    wanted = max(work.kind[_BUCKETS] + more, pool.kinds[k, BOUND_STOP] - pool.kinds[k, BOUND])
    room = work.mapped.shape[0]
    if wanted <= room:
        return work
    while room < wanted:
        room *= 2
    used = work.mapped.shape[0]
    keys, counts, lost = np.empty((2, room), np.int32), np.empty((2, room)), np.empty((2, room))
    keys[:, :used], counts[:, :used], lost[:, :used] = work.keys, work.counts, work.lost
    bounds = np.empty(room)
    bounds[:used] = work.bounds
    return Work(work.kind, work.numbers, keys, counts, lost, np.empty(room, np.int32), bounds)


@inlined
def started(work: Work, pool: Pool, k: int) -> Work:
    """The work begun anew, with histogram ``k``."""
    work.kind[SCHEMA], work.kind[HINT] = pool.kinds[k, SCHEMA], pool.kinds[k, HINT]
    work.kind[_BUCKETS] = work.kind[_HALF] = 0
    work = _roomy(work, pool, k)
    work.numbers[1, :] = 0.0
    for place in range(4):
        work.numbers[0, place] = pool.numbers[k, place]
    first, stop = pool.kinds[k, FIRST], pool.kinds[k, STOP]
    for place in range(first, stop):
        work.keys[0, place - first] = pool.keys[place]
        work.counts[0, place - first] = pool.counts[place]
        work.lost[0, place - first] = 0.0
    work.kind[_BUCKETS] = stop - first
    first, stop = pool.kinds[k, BOUND], pool.kinds[k, BOUND_STOP]
    for place in range(first, stop):
        work.bounds[place - first] = pool.bounds[place]
    work.kind[_BOUNDS] = stop - first
    return work


@inlined
def _joined_hint(one: int, other: int) -> tuple[int, bool]:
    """The hint of a sum, and whether they contradict each other."""
    if one == other:
        return one, False
    if GAUGE in (one, other):
        return GAUGE, False
    return UNKNOWN, UNKNOWN not in (one, other)


@inlined
def _remap(work: Work, steps: int) -> None:
    """Makes the schema coarser, in place: neighbours fall together."""
    half, written = work.kind[_HALF], 0
    for place in range(work.kind[_BUCKETS]):
        key = reduced(work.keys[half, place], steps)
        written = _put(work, half, written, key, work.counts[half, place], work.lost[half, place])
    work.kind[_BUCKETS] = written
    work.kind[SCHEMA] -= steps


@inlined
def _put(work: Work, half: int, written: int, key: int, count: float, lost: float) -> int:
    """Writes a bucket as the last one, or adds it to the last one where the key is the same; how many there are then."""
    if written and work.keys[half, written - 1] == key:
        _grow(work, half, written - 1, count)
        work.lost[half, written - 1] += lost
        return written
    work.keys[half, written], work.counts[half, written], work.lost[half, written] = key, count, lost
    return written + 1


@inlined
def _grow(work: Work, half: int, place: int, count: float) -> None:
    work.counts[half, place], work.lost[half, place] = add(count, work.counts[half, place], work.lost[half, place])


@inlined
def coarsened(work: Work, schema: int) -> None:
    """Makes the work at most as fine as ``schema``."""
    if work.kind[SCHEMA] > schema:
        _remap(work, work.kind[SCHEMA] - schema)


@inlined
def _reconcile_zero(work: Work, pool: Pool, k: int) -> float:
    """Grows the work's zero bucket until it fits both; the zero count that histogram ``k`` has with it."""
    threshold, zero = pool.numbers[k, THRESHOLD], pool.numbers[k, ZERO]
    while threshold != work.numbers[0, THRESHOLD]:
        if work.numbers[0, THRESHOLD] > threshold:
            first, stop, schema = pool.kinds[k, FIRST], pool.kinds[k, STOP], pool.kinds[k, SCHEMA]
            added, threshold = grown_zero(pool.keys, pool.counts, first, stop, schema, work.numbers[0, THRESHOLD])
            zero = pool.numbers[k, ZERO] + added
        if threshold > work.numbers[0, THRESHOLD]:
            half = work.kind[_HALF]
            _settle(work)
            stop, schema = work.kind[_BUCKETS], work.kind[SCHEMA]
            added, threshold_now = grown_zero(work.keys[half], work.counts[half], 0, stop, schema, threshold)
            work.numbers[0, ZERO], work.numbers[1, ZERO] = add(added, work.numbers[0, ZERO], work.numbers[1, ZERO])
            work.numbers[0, THRESHOLD] = threshold_now
            _drop_inside(work)
    return zero


@inlined
def _settle(work: Work) -> None:
    """Adds what rounding lost to the counts: rare, before buckets move into the zero bucket."""
    half = work.kind[_HALF]
    for place in range(work.kind[_BUCKETS]):
        work.counts[half, place] += work.lost[half, place]
        work.lost[half, place] = 0.0


@inlined
def _drop_inside(work: Work) -> None:
    """Takes out the buckets that the zero bucket holds now."""
    half, written = work.kind[_HALF], 0
    for place in range(work.kind[_BUCKETS]):
        if not is_inside(work.kind[SCHEMA], work.keys[half, place], work.numbers[0, THRESHOLD]):
            written = _put(work, half, written, work.keys[half, place], work.counts[half, place], work.lost[half, place])
    work.kind[_BUCKETS] = written


@inlined
def _map_exponential(work: Work, pool: Pool, k: int) -> None:
    """Fills ``mapped``: keys in the work's schema, and which buckets are in the zero bucket already."""
    first, schema = pool.kinds[k, FIRST], pool.kinds[k, SCHEMA]
    steps, threshold = schema - work.kind[SCHEMA], work.numbers[0, THRESHOLD]
    inside = threshold > pool.numbers[k, THRESHOLD]
    for place in range(first, pool.kinds[k, STOP]):
        key = pool.keys[place]
        work.mapped[place - first] = _SKIPPED if inside and is_inside(schema, key, threshold) else reduced(key, steps)


@inlined
def _intersect(work: Work, pool: Pool, k: int) -> None:
    """Keeps of the work's custom bounds those that histogram ``k`` has as well, and moves the buckets to them."""
    first, stop = pool.kinds[k, BOUND], pool.kinds[k, BOUND_STOP]
    kept, count, other = np.empty(work.kind[_BOUNDS]), 0, first
    for place in range(work.kind[_BOUNDS]):
        while other < stop and pool.bounds[other] < work.bounds[place]:
            other += 1
        if other < stop and pool.bounds[other] == work.bounds[place]:
            kept[count] = work.bounds[place]
            count += 1
    half, written = work.kind[_HALF], 0
    for place in range(work.kind[_BUCKETS]):
        index = work.keys[half, place] - BIAS
        into = first_not_below(kept, 0, count, work.bounds[index]) if index < work.kind[_BOUNDS] else count
        written = _put(work, half, written, BIAS + into, work.counts[half, place], work.lost[half, place])
    work.kind[_BUCKETS] = written
    work.bounds[:count] = kept[:count]
    work.kind[_BOUNDS] = count


@inlined
def _map_custom(work: Work, pool: Pool, k: int) -> bool:
    """Fills ``mapped``; whether custom bounds had to be reconciled."""
    first, bound, bound_stop = pool.kinds[k, FIRST], pool.kinds[k, BOUND], pool.kinds[k, BOUND_STOP]
    if same_bounds(work.bounds, 0, work.kind[_BOUNDS], pool.bounds, bound, bound_stop):
        for place in range(first, pool.kinds[k, STOP]):
            work.mapped[place - first] = pool.keys[place]
        return False
    _intersect(work, pool, k)
    for place in range(first, pool.kinds[k, STOP]):
        index = bound + pool.keys[place] - BIAS
        into = first_not_below(work.bounds, 0, work.kind[_BOUNDS], pool.bounds[index]) if index < bound_stop else work.kind[_BOUNDS]
        work.mapped[place - first] = BIAS + into
    return True


@inlined
def _merge(work: Work, pool: Pool, k: int, divisor: float) -> None:
    """Adds the buckets of histogram ``k`` at their ``mapped`` keys: two sorted lists become one, in the other half."""
    half = work.kind[_HALF]
    into, own, written = 1 - half, 0, 0
    first, stop = pool.kinds[k, FIRST], pool.kinds[k, STOP]
    other = first
    while True:
        while other < stop and work.mapped[other - first] == _SKIPPED:
            other += 1
        mine = work.keys[half, own] if own < work.kind[_BUCKETS] else _BEYOND
        theirs = work.mapped[other - first] if other < stop else _BEYOND
        if mine == _BEYOND and theirs == _BEYOND:
            break
        if mine <= theirs:
            written = _put(work, into, written, mine, work.counts[half, own], work.lost[half, own])
            own += 1
        else:
            written = _put(work, into, written, theirs, pool.counts[other] / divisor, 0.0)
            other += 1
    work.kind[_BUCKETS], work.kind[_HALF] = written, into


@inlined
def added(work: Work, pool: Pool, k: int, divisor: float) -> tuple[Work, int]:
    """The work with histogram ``k`` divided by ``divisor`` (-1 subtracts it) added, and what that met."""
    custom = work.kind[SCHEMA] == CUSTOM_SCHEMA
    if custom != (pool.kinds[k, SCHEMA] == CUSTOM_SCHEMA):
        return work, INCOMPATIBLE
    work = _roomy(work, pool, k)
    work.kind[HINT], collides = _joined_hint(work.kind[HINT], pool.kinds[k, HINT])
    met = COLLISION if collides else 0
    zero = 0.0
    if custom:
        met |= RECONCILED if _map_custom(work, pool, k) else 0
    else:
        zero = _reconcile_zero(work, pool, k)
        coarsened(work, pool.kinds[k, SCHEMA])
        _map_exponential(work, pool, k)
    _include(work, COUNT, pool.numbers[k, COUNT] / divisor)
    _include(work, SUM, pool.numbers[k, SUM] / divisor)
    _include(work, ZERO, zero / divisor)
    _merge(work, pool, k, divisor)
    return work, met


@inlined
def _include(work: Work, which: int, number: float) -> None:
    work.numbers[0, which], work.numbers[1, which] = add(number, work.numbers[0, which], work.numbers[1, which])


@inlined
def scale(work: Work, factor: float) -> None:
    """Multiplies all counts and the sum."""
    for which in (COUNT, SUM, ZERO):
        work.numbers[0, which] *= factor
        work.numbers[1, which] *= factor
    half = work.kind[_HALF]
    for place in range(work.kind[_BUCKETS]):
        work.counts[half, place] *= factor
        work.lost[half, place] *= factor


@inlined
def overflows(work: Work) -> bool:
    """Whether a number has become infinite."""
    half = work.kind[_HALF]
    for place in range(work.kind[_BUCKETS]):
        if math.isinf(work.counts[half, place]):
            return True
    return math.isinf(work.numbers[0, COUNT]) or math.isinf(work.numbers[0, SUM]) or math.isinf(work.numbers[0, ZERO])


@inlined
def _with_room(out: Pool, buckets: int, bounds: int) -> Pool:
    keys, counts, edges = out.keys, out.counts, out.bounds
    if buckets > len(keys):
        keys, counts = np.empty(2 * buckets, np.int32), np.empty(2 * buckets)
        keys[: len(out.keys)], counts[: len(out.keys)] = out.keys, out.counts
    if bounds > len(edges):
        edges = np.empty(2 * bounds)
        edges[: len(out.bounds)] = out.bounds
    return Pool(out.kinds, out.numbers, keys, counts, edges)


@inlined
def written(work: Work, out: Pool, row: int, factor: float) -> Pool:
    """The pool ``out`` with the work times ``factor`` as its histogram ``row``, which follows those written before."""
    before = out.kinds[row - 1] if row else np.zeros(6, np.int64)
    at, many, end_of_bounds = before[STOP], work.kind[_BOUNDS], before[BOUND_STOP]
    out = _with_room(out, at + work.kind[_BUCKETS], end_of_bounds + many)
    half = work.kind[_HALF]
    out.kinds[row, SCHEMA], out.kinds[row, HINT], out.kinds[row, FIRST] = work.kind[SCHEMA], work.kind[HINT], at
    for place in range(work.kind[_BUCKETS]):
        count = (work.counts[half, place] + work.lost[half, place]) * factor
        if count != 0:
            out.keys[at], out.counts[at] = work.keys[half, place], count
            at += 1
    out.kinds[row, STOP] = at
    out.numbers[row, THRESHOLD] = work.numbers[0, THRESHOLD]
    for which in (COUNT, SUM, ZERO):
        out.numbers[row, which] = (work.numbers[0, which] + work.numbers[1, which]) * factor
    if row and same_bounds(out.bounds, before[BOUND], before[BOUND_STOP], work.bounds, 0, many):
        out.kinds[row, BOUND], out.kinds[row, BOUND_STOP] = before[BOUND], before[BOUND_STOP]
    else:
        out.bounds[end_of_bounds : end_of_bounds + many] = work.bounds[:many]
        out.kinds[row, BOUND], out.kinds[row, BOUND_STOP] = end_of_bounds, end_of_bounds + many
    return out
