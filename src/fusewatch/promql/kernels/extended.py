"""Selectors that look beyond their window: ``anchored`` ones at the last sample before it, ``smoothed`` ones at those on both sides.

https://prometheus.io/docs/prometheus/latest/querying/basics/#extended-range-selectors
"""

from __future__ import annotations

from fusewatch.promql.arrays import Bools
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s


@inlined
def chosen_ends(timestamps: Int64s, window: tuple[int, int], start: int, end: int, smoothed: bool) -> tuple[int, int]:
    """Of the samples ``window`` (first, stop) the last at or before ``start`` and the last that counts; (0, -1): none does.

    That is the last of all, or, ``smoothed``, the first at or after ``end``.
    """
    low, high = window
    if high <= low:
        return 0, -1
    last, first = high - 1, low
    while first < last and timestamps[first] <= start:
        first += 1
    first = max(low, first - 1)
    if smoothed:
        place = low
        while place < last and timestamps[place] < end:
            place += 1
        last = place
    if timestamps[last] <= start or (smoothed and timestamps[first] > end):
        return 0, -1
    return first, last


@inlined
def _between(timestamps: Int64s, values: Float64s, place: int, time: int, counter: bool) -> float:
    """The value at ``time`` on the line from sample ``place`` to the next; a ``counter`` that falls there began at zero."""
    before, after = values[place], values[place + 1]
    if counter and after < before:
        before = 0.0
    return before + (after - before) * float(time - timestamps[place]) / float(timestamps[place + 1] - timestamps[place])


@inlined
def _edges(
    series: tuple[Int64s, Float64s], ends: tuple[int, int], window: tuple[int, int], low: int, smoothed: bool, counter: bool
) -> tuple[float, float]:
    """The values at the start and the end of a window; ``ends`` are the samples chosen for them, ``low`` the first that may be."""
    (timestamps, values), (first, last), (start, end) = series, ends, window
    left, right = values[first], values[last]
    if smoothed and timestamps[first] < start:
        left = _between(timestamps, values, first, start, counter)
    if smoothed and last > low and timestamps[last] > end:
        right = _between(timestamps, values, last - 1, end, counter)
    return left, right


@kernel
def extended_change(
    counter: bool,
    smoothed: bool,
    divisor: float,
    series: tuple[Int64s, Int64s, Float64s],
    windows: tuple[Int64s, int, int],
    values: Float64s,
    present: Bools,
) -> None:
    """Fills ``values`` and ``present`` (series, steps) with the change over each window, divided by ``divisor``; nothing is extrapolated.

    ``series`` is (offsets, timestamps, values); ``windows`` is (ends (steps) ascending, range ms, how far beyond it to look, ms).
    """
    offsets, timestamps, numbers = series
    ends, range_ms, beyond = windows
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        for step in range(len(ends)):
            end, start = ends[step], ends[step] - range_ms
            while high < offsets[row + 1] and timestamps[high] <= end + (beyond if smoothed else 0):
                high += 1
            while low < high and timestamps[low] <= start - beyond:
                low += 1
            first, last = chosen_ends(timestamps, (low, high), start, end, smoothed)
            if last < 0:
                continue
            left, right = _edges((timestamps, numbers), (first, last), (start, end), low, smoothed, counter)
            total = right - left
            if counter:
                total += _lost(timestamps, numbers, (first, last), (start, end), (left, right))
            present[row, step] = True
            values[row, step] = total / divisor


@inlined
def _lost(timestamps: Int64s, values: Float64s, ends: tuple[int, int], window: tuple[int, int], edges: tuple[float, float]) -> float:
    """What a counter had counted each time it began anew, between the edges of a window."""
    (first, last), (start, end), (before, right) = ends, window, edges
    if timestamps[first] <= start:
        first += 1
    if timestamps[last] >= end:
        last -= 1
    total = 0.0
    for place in range(first, last + 1):
        if values[place] < before:
            total += before
        before = values[place]
    return total + (before if right < before else 0.0)


@kernel
def smoothed_values(series: tuple[Int64s, Int64s, Float64s], windows: tuple[Int64s, int], values: Float64s, present: Bools) -> None:
    """Fills ``values`` and ``present`` (series, steps) with the value at each end, on the line between the samples around it.

    ``series`` is (offsets, timestamps, values), without staleness markers; ``windows`` is (ends (steps) ascending, how far to look, ms).
    Behind the last sample its value goes on.
    """
    offsets, timestamps, numbers = series
    ends, beyond = windows
    for row in range(len(offsets) - 1):
        after = offsets[row]
        for step in range(len(ends)):
            time = ends[step]
            while after < offsets[row + 1] and timestamps[after] < time:
                after += 1
            has_after = after < offsets[row + 1] and timestamps[after] <= time + beyond
            has_before = after > offsets[row] and timestamps[after - 1] > time - beyond
            if has_after and timestamps[after] == time:
                present[row, step], values[row, step] = True, numbers[after]
            elif has_before:
                present[row, step] = True
                values[row, step] = _between(timestamps, numbers, after - 1, time, False) if has_after else numbers[after - 1]
