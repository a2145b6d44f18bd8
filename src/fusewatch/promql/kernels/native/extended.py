"""The same for native histograms: see :mod:`fusewatch.promql.kernels.extended`."""

from __future__ import annotations

import numpy as np

from fusewatch.promql.kernels.extended import chosen_ends
from fusewatch.promql.kernels.native.pool import GAUGE, HINT, SCHEMA, UNKNOWN, Pool, room_for
from fusewatch.promql.kernels.native.rates import (
    MIXED_SCHEMAS,
    MIXED_TYPES,
    NOT_COUNTER,
    NOT_GAUGE,
    Samples,
    met_adding,
    met_subtracting,
)
from fusewatch.promql.kernels.native.resets import is_reset
from fusewatch.promql.kernels.native.work import Work, added, new_work, scale, started, written
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s


@inlined
def _between(work: Work, pool: Pool, before: int, after: int, fraction: float, counter: bool) -> tuple[Work, int]:
    """The histogram a ``fraction`` of the way from one to the next; a ``counter`` that begins anew there began at zero."""
    work = started(work, pool, after)
    if counter and is_reset(pool, after, pool, before):
        scale(work, fraction)
        return work, 0
    work, found = added(work, pool, before, -1.0)
    scale(work, fraction)
    work, more = added(work, pool, before, 1.0)
    return work, met_subtracting(found) | met_adding(more)


@inlined
def _fraction(timestamps: Int64s, place: int, time: int) -> float:
    return float(time - timestamps[place]) / float(timestamps[place + 1] - timestamps[place])


@inlined
def _survey(numbers: Int64s, first: int, last: int, counter: bool, pool: Pool) -> int:
    met, custom = 0, pool.kinds[numbers[first], SCHEMA] == CUSTOM_SCHEMA
    for place in range(first, last + 1):
        if (pool.kinds[numbers[place], SCHEMA] == CUSTOM_SCHEMA) != custom:
            return MIXED_SCHEMAS
        if counter and pool.kinds[numbers[place], HINT] == GAUGE:
            met = NOT_COUNTER
    return met


@inlined
def _edge(work: Work, samples: Samples, place: int, time: int, inside: bool, counter: bool, pool: Pool) -> tuple[Work, int]:
    """The histogram at the edge ``time`` of a window: sample ``place``, or, ``inside``, on the way from it to the next."""
    _, timestamps, numbers = samples
    if not inside:
        return started(work, pool, numbers[place]), 0
    return _between(work, pool, numbers[place], numbers[place + 1], _fraction(timestamps, place, time), counter)


@inlined
def _corrected(work: Work, numbers: Int64s, places: tuple[int, int], skip: bool, edges: Pool, pool: Pool) -> tuple[Work, int]:
    """Adds what a counter had counted each time it began anew; ``edges`` holds the window's left and right histogram.

    ``skip``: the left one lies on the way to the sample after it, which began anew; that is told already.
    """
    (first, last), met = places, 0
    place, before = first + 1, -1  # -1: the left edge
    if skip:
        before = numbers[place]
        place += 1
    if place > last:
        return work, 0
    while place <= last:
        if place == last:
            anew = is_reset(edges, 1, edges, 0) if before < 0 else is_reset(edges, 1, pool, before)
        else:
            anew = is_reset(pool, numbers[place], edges, 0) if before < 0 else is_reset(pool, numbers[place], pool, before)
        if anew:
            work, found = added(work, edges, 0, 1.0) if before < 0 else added(work, pool, before, 1.0)
            met |= met_adding(found)
        before = numbers[place]
        place += 1
    return work, met


@inlined
def _change(
    work: Work, samples: Samples, ends: tuple[int, int, int], window: tuple[int, int], modes: tuple[bool, bool], pool: Pool
) -> tuple[Work, int]:
    """The right histogram of a window less the left one, plus what a counter had before it began anew; and what that met."""
    (low, first, last), (start, end), (counter, smoothed) = ends, window, modes
    _, timestamps, numbers = samples
    met = _survey(numbers, first, last, counter, pool)
    if met & MIXED_SCHEMAS:
        return work, met
    inside = smoothed and timestamps[first] < start
    edges = room_for(2, 0, 0)
    work, found = _edge(work, samples, first, start, inside, counter, pool)
    edges = written(work, edges, 0, 1.0)
    beyond = smoothed and last > low and timestamps[last] > end
    work, more = _edge(work, samples, last - 1 if beyond else last, end, beyond, counter, pool)
    edges = written(work, edges, 1, 1.0)
    met |= found | more
    if not counter and (edges.kinds[0, HINT] != GAUGE or edges.kinds[1, HINT] != GAUGE):
        met |= NOT_GAUGE
    work = started(work, edges, 1)
    work, found = added(work, edges, 0, -1.0)
    met |= met_subtracting(found)
    if counter and last > first:
        skip = inside and is_reset(pool, numbers[first + 1], pool, numbers[first])
        work, found = _corrected(work, numbers, (first, last), skip, edges, pool)
        met |= found
    work.kind[HINT] = GAUGE
    return work, met


@kernel
def extended_histogram_changes(
    modes: tuple[bool, bool],
    divisor: float,
    samples: Samples,
    floats: tuple[Int64s, Int64s],
    windows: tuple[Int64s, int, int],
    pool: Pool,
    places: Int64s,
    met: Int64s,
) -> tuple[Pool, int]:
    """The change over each window, divided by ``divisor``; nothing is extrapolated.

    ``modes`` is (counter, smoothed); ``windows`` (ends (steps) ascending, range ms, how far beyond it to look, ms). The other arguments
    and the result are those of :func:`fusewatch.promql.kernels.native.rates.histogram_changes`.
    """
    offsets, timestamps, _ = samples
    ends, range_ms, beyond = windows
    later = beyond if modes[1] else 0
    work, count = new_work(), 0
    out = room_for(places.size, len(pool.keys) // max(len(offsets) - 1, 1), len(pool.bounds))
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        for step in range(len(ends)):
            end, start = ends[step], ends[step] - range_ms
            while high < offsets[row + 1] and timestamps[high] <= end + later:
                high += 1
            while low < high and timestamps[low] <= start - beyond:
                low += 1
            if high == low:
                continue
            if _any_in(floats[1], floats[0][row], floats[0][row + 1], start - beyond, end + later):
                met[row] |= MIXED_TYPES
                continue
            first, last = chosen_ends(timestamps, (low, high), start, end, modes[1])
            if last < 0:
                continue
            work, found = _change(work, samples, (low, first, last), (start, end), modes, pool)
            met[row] |= found
            if found & MIXED_SCHEMAS:
                continue
            out = written(work, out, count, 1.0 / divisor)
            places[row, step] = count
            count += 1
    return out, count


@inlined
def _any_in(timestamps: Int64s, first: int, stop: int, start: int, end: int) -> bool:
    """Whether one of the ascending ``timestamps[first:stop]`` lies after ``start`` and not after ``end``."""
    place = first + np.searchsorted(timestamps[first:stop], start, side="right")
    return bool(place < stop and timestamps[place] <= end)


@kernel
def smoothed_histograms(
    samples: Samples, floats: tuple[Int64s, Int64s], windows: tuple[Int64s, int], pool: Pool, places: Int64s, met: Int64s
) -> tuple[Pool, int]:
    """The histogram at each end, on the way between the samples around it; behind the last sample that goes on.

    ``windows`` is (ends (steps) ascending, how far to look, ms); the other arguments and the result are as above.
    """
    offsets, timestamps, numbers = samples
    ends, beyond = windows
    work, count = new_work(), 0
    out = room_for(places.size, len(pool.keys) // max(len(offsets) - 1, 1), len(pool.bounds))
    for row in range(len(offsets) - 1):
        after = offsets[row]
        for step in range(len(ends)):
            time = ends[step]
            while after < offsets[row + 1] and timestamps[after] < time:
                after += 1
            has_after = after < offsets[row + 1] and timestamps[after] <= time + beyond
            has_before = after > offsets[row] and timestamps[after - 1] > time - beyond
            if not (has_after or has_before):
                continue
            if _any_in(floats[1], floats[0][row], floats[0][row + 1], time - beyond, time + beyond):
                met[row] |= MIXED_TYPES
                places[row, step] = -2
                continue
            if has_after and timestamps[after] == time:
                work = started(work, pool, numbers[after])
            elif not has_before:
                continue
            elif has_after:
                found = _survey(numbers, after - 1, after, False, pool)
                met[row] |= found
                if found & MIXED_SCHEMAS:
                    continue
                counts = pool.kinds[numbers[after - 1], HINT] != GAUGE or pool.kinds[numbers[after], HINT] != GAUGE
                fraction = _fraction(timestamps, after - 1, time)
                work, found = _between(work, pool, numbers[after - 1], numbers[after], fraction, counts)
                met[row] |= found
            else:
                work = started(work, pool, numbers[after - 1])
                work.kind[HINT] = UNKNOWN
            out = written(work, out, count, 1.0)
            places[row, step] = count
            count += 1
    return out, count
