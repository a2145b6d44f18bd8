"""``rate``, ``increase``, ``delta``, ``irate`` and ``idelta`` of native histograms."""

from __future__ import annotations

from typing import Final

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.extrapolation import stretch
from fusewatch.promql.kernels.native.pool import COUNT, GAUGE, HINT, SCHEMA, Pool, room_for
from fusewatch.promql.kernels.native.resets import is_reset
from fusewatch.promql.kernels.native.work import INCOMPATIBLE, RECONCILED, Work, added, coarsened, new_work, started, written
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s

#: What the windows of a series met, a bit each.
MIXED_SCHEMAS: Final = 1
NOT_COUNTER: Final = 2
NOT_GAUGE: Final = 4
RECONCILED_SUBTRACTION: Final = 8
RECONCILED_ADDITION: Final = 16
MIXED_TYPES: Final = 32

#: Offsets (series + 1), timestamps (n), and each sample's number in the pool (n).
Samples = tuple[Int64s, Int64s, Int64s]


@inlined
def _is_custom(pool: Pool, k: int) -> bool:
    return pool.kinds[k, SCHEMA] == CUSTOM_SCHEMA


@inlined
def met_subtracting(found: int) -> int:
    """What a difference that met ``found`` (:func:`~fusewatch.promql.kernels.native.work.added`) is told of."""
    return (MIXED_SCHEMAS if found & INCOMPATIBLE else 0) | (RECONCILED_SUBTRACTION if found & RECONCILED else 0)


@inlined
def met_adding(found: int) -> int:
    """The same of a sum."""
    return (MIXED_SCHEMAS if found & INCOMPATIBLE else 0) | (RECONCILED_ADDITION if found & RECONCILED else 0)


@inlined
def _survey(numbers: Int64s, low: int, high: int, counter: bool, first: int, pool: Pool) -> tuple[int, int]:
    """What the samples ``low`` to ``high`` are told of, and the coarsest schema; the layout begins with that of sample ``first``."""
    last = numbers[high - 1]
    custom, met = _is_custom(pool, numbers[first]), 0
    schema = min(pool.kinds[last, SCHEMA], pool.kinds[numbers[first], SCHEMA])
    if _is_custom(pool, last) != custom:
        met |= MIXED_SCHEMAS
    gauges = 0
    for place in range(low, high):
        k = numbers[place]
        gauges += pool.kinds[k, HINT] == GAUGE
        if counter and low < place < high - 1:
            schema = min(schema, pool.kinds[k, SCHEMA])
            if _is_custom(pool, k) != custom:
                met |= MIXED_SCHEMAS
    if counter and gauges:
        met |= NOT_COUNTER
    if not counter and (pool.kinds[numbers[low], HINT] != GAUGE or pool.kinds[last, HINT] != GAUGE):
        met |= NOT_GAUGE
    return met, schema


@inlined
def _difference(work: Work, numbers: Int64s, window: tuple[int, int], counter: bool, resets: Bools, pool: Pool) -> tuple[Work, int]:
    """The last histogram less the first, plus those before which a counter began anew; and what that met."""
    low, high = window
    fresh = counter and resets[low + 1]
    met, schema = _survey(numbers, low, high, counter, low + 1 if fresh else low, pool)
    if met & MIXED_SCHEMAS:
        return work, met
    work = started(work, pool, numbers[high - 1])
    coarsened(work, schema)
    if not fresh:
        work, found = added(work, pool, numbers[low], -1.0)
        met |= met_subtracting(found)
    if counter:
        for place in range(low + 2, high):
            if resets[place]:
                work, found = added(work, pool, numbers[place - 1], 1.0)
                met |= met_adding(found)
    work.kind[HINT] = GAUGE
    return work, met


@kernel
def histogram_changes(
    counter: bool,
    divisor: float,
    samples: tuple[Int64s, Int64s, Int64s, Bools],
    floats: tuple[Int64s, Int64s],
    windows: tuple[Int64s, int],
    pool: Pool,
    places: Int64s,
    met: Int64s,
) -> tuple[Pool, int]:
    """The change over each window of at least two histograms, extrapolated to its ends: a pool, and how many are in it.

    ``samples`` ends with those where a ``counter`` began anew (n); each change is divided by ``divisor``. ``floats`` is (offsets,
    timestamps) of the same series: a window that has any of them has no result. Fills ``places`` (series, steps) with numbers in the new
    pool, and ``met`` (series) with what the windows of each series met.
    """
    offsets, timestamps, numbers, resets = samples
    ends, range_ms = windows
    work, count = new_work(), 0
    out = room_for(places.size, len(pool.keys) // max(len(offsets) - 1, 1), len(pool.bounds))
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        float_low = float_high = floats[0][row]
        for step in range(len(ends)):
            end, start = ends[step], ends[step] - range_ms
            while high < offsets[row + 1] and timestamps[high] <= end:
                high += 1
            while low < high and timestamps[low] <= start:
                low += 1
            while float_high < floats[0][row + 1] and floats[1][float_high] <= end:
                float_high += 1
            while float_low < float_high and floats[1][float_low] <= start:
                float_low += 1
            if high > low and float_high > float_low:
                met[row] |= MIXED_TYPES
            if high - low < 2 or float_high > float_low:
                continue
            work, found = _difference(work, numbers, (low, high), counter, resets, pool)
            met[row] |= found
            if found & MIXED_SCHEMAS:
                continue
            sampled = (timestamps[high - 1] - timestamps[low]) / 1000.0
            gaps = ((timestamps[low] - start) / 1000.0, (end - timestamps[high - 1]) / 1000.0)
            limit = pool.numbers[numbers[low], COUNT] if counter else -1.0
            total = work.numbers[0, COUNT] + work.numbers[1, COUNT]
            out = written(work, out, count, stretch(sampled, gaps, high - low - 1, limit, total) / divisor)
            places[row, step] = count
            count += 1
    return out, count


@kernel
def last_histogram_changes(
    counter: bool,
    samples: Samples,
    floats: tuple[Int64s, Int64s],
    windows: tuple[Int64s, int],
    pool: Pool,
    places: Int64s,
    met: Int64s,
) -> tuple[Pool, int]:
    """The change between the last two samples of each window where both are histograms, per second for a ``counter``.

    Arguments and result as of :func:`histogram_changes`; ``places`` are -2 where one of the two is a histogram and there is no result.
    """
    offsets, timestamps, numbers = samples
    ends, range_ms = windows
    work, count = new_work(), 0
    out = room_for(places.size, len(pool.keys) // max(len(offsets) - 1, 1), len(pool.bounds))
    for row in range(len(offsets) - 1):
        high, float_high = offsets[row], floats[0][row]
        for step in range(len(ends)):
            start = ends[step] - range_ms
            while high < offsets[row + 1] and timestamps[high] <= ends[step]:
                high += 1
            while float_high < floats[0][row + 1] and floats[1][float_high] <= ends[step]:
                float_high += 1
            kinds = _last_two(timestamps, (offsets[row], high), floats, (floats[0][row], float_high), start)
            if kinds < 1:
                continue
            places[row, step] = -2
            if kinds == 1:
                met[row] |= MIXED_TYPES
                continue
            now, before = numbers[high - 1], numbers[high - 2]
            work, found = _last_difference(work, pool, now, before, counter)
            met[row] |= found
            if found & MIXED_SCHEMAS:
                continue
            seconds = (timestamps[high - 1] - timestamps[high - 2]) / 1000.0
            out = written(work, out, count, 1.0 / seconds if counter else 1.0)
            places[row, step] = count
            count += 1
    return out, count


@inlined
def _last_two(timestamps: Int64s, histograms: tuple[int, int], floats: tuple[Int64s, Int64s], places: tuple[int, int], start: int) -> int:
    """How many of the last two samples after ``start`` are histograms; -1 where there are no two."""
    (first, high), (float_first, float_high) = histograms, places
    found = 0
    for _ in range(2):
        has_float = float_high > float_first and floats[1][float_high - 1] > start
        has_histogram = high > first and timestamps[high - 1] > start
        if not has_float and not has_histogram:
            return -1
        if has_histogram and (not has_float or timestamps[high - 1] > floats[1][float_high - 1]):
            found += 1
            high -= 1
        else:
            float_high -= 1
    return found


@inlined
def _last_difference(work: Work, pool: Pool, now: int, before: int, counter: bool) -> tuple[Work, int]:
    met, gauges = 0, (pool.kinds[now, HINT] == GAUGE) + (pool.kinds[before, HINT] == GAUGE)
    if counter and gauges:
        met |= NOT_COUNTER
    if not counter and gauges < 2:
        met |= NOT_GAUGE
    work = started(work, pool, now)
    if not counter or not is_reset(pool, now, pool, before):
        work, found = added(work, pool, before, -1.0)
        met |= met_subtracting(found)
    work.kind[HINT] = GAUGE
    return work, met
