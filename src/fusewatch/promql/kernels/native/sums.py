"""Sums and means of native histograms: over the series of a group, and over windows."""

from __future__ import annotations

import numpy as np

from fusewatch.promql.kernels.native.pool import HINT, NO_RESET, RESET, Pool, room_for
from fusewatch.promql.kernels.native.rates import Samples
from fusewatch.promql.kernels.native.work import COLLISION, INCOMPATIBLE, Work, added, new_work, overflows, scale, started, written
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s


@inlined
def _sum(work: Work, members: Int64s, count: int, mean: bool, pool: Pool) -> tuple[Work, int, int]:
    """The sum or mean of the first ``count`` of ``members``, what it met, and (INCOMPATIBLE) which member did not fit."""
    met = hints = 0
    for place in range(count):
        k = members[place]
        hints |= (pool.kinds[k, HINT] == RESET) | (pool.kinds[k, HINT] == NO_RESET) << 1
        if place == 0:
            work = started(work, pool, k)
            continue
        work, found = added(work, pool, k, 1.0)
        met |= found & ~COLLISION
        if found & INCOMPATIBLE:
            return work, met, place
    if hints == 3:
        met |= COLLISION
    if not mean or count == 1:
        return work, met, 0
    if not overflows(work):
        scale(work, 1.0 / count)
        return work, met, 0
    # The sum is too large for a number: the mean so far, instead.
    for place in range(count):
        if place == 0:
            work = started(work, pool, members[0])
            continue
        scale(work, place / (place + 1.0))
        work, _ = added(work, pool, members[place], place + 1.0)
    return work, met, 0


@kernel
def group_sums(
    mean: bool, grouped: tuple[Int64s, Int64s], places: Int64s, pool: Pool, result: Int64s, met: Int64s, misfits: Int64s
) -> tuple[Pool, int]:
    """The sum or ``mean`` of the histograms of each group at each step: a pool, and how many are in it.

    ``grouped`` is (offsets (groups + 1), rows): the series of group g are ``rows[offsets[g]:offsets[g + 1]]``. ``places`` (series, steps)
    has each cell's number in ``pool`` (-1: none). Fills ``result`` (groups, steps), -1 before, with numbers in the new pool, ``met``
    (groups) with what happened, and ``misfits`` (groups), -1 before, with the first series that did not fit those before it.
    """
    offsets, rows = grouped
    members, owners = np.empty_like(rows), np.empty_like(rows)
    work, count = new_work(), 0
    out = room_for(result.size, len(pool.keys) // max(len(rows), 1), len(pool.bounds))
    for group in range(len(offsets) - 1):
        for step in range(places.shape[1]):
            many = 0
            for index in range(offsets[group], offsets[group + 1]):
                if places[rows[index], step] >= 0:
                    members[many], owners[many] = places[rows[index], step], rows[index]
                    many += 1
            if many == 0:
                continue
            work, found, misfit = _sum(work, members, many, mean, pool)
            met[group] |= found
            if found & INCOMPATIBLE:
                misfits[group] = owners[misfit] if misfits[group] < 0 else misfits[group]
                continue
            out = written(work, out, count, 1.0)
            result[group, step] = count
            count += 1
    return out, count


@kernel
def window_sums(mean: bool, samples: Samples, windows: tuple[Int64s, int], pool: Pool, places: Int64s, met: Int64s) -> tuple[Pool, int]:
    """The sum or ``mean`` of the histograms of each window: a pool, and how many are in it.

    ``windows`` is (ends (steps) ascending, range ms). Fills ``places`` (series, steps), which is -1 where a result is wanted and -2 where
    none is, with numbers in the new pool, and ``met`` (series) with what happened.
    """
    offsets, timestamps, numbers = samples
    ends, range_ms = windows
    work, count = new_work(), 0
    out = room_for(places.size, len(pool.keys) // max(len(offsets) - 1, 1), len(pool.bounds))
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        for step in range(len(ends)):
            while high < offsets[row + 1] and timestamps[high] <= ends[step]:
                high += 1
            while low < high and timestamps[low] <= ends[step] - range_ms:
                low += 1
            if high == low or places[row, step] < -1:
                continue
            work, found, _ = _sum(work, numbers[low:high], high - low, mean, pool)
            met[row] |= found
            if found & INCOMPATIBLE:
                continue
            out = written(work, out, count, 1.0)
            places[row, step] = count
            count += 1
    return out, count
