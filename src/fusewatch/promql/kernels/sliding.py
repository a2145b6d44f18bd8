"""Range functions that keep their state while the window slides, instead of looking at the whole window at every step."""

from __future__ import annotations

import math

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.over_time import interpolated
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s


@kernel
def sliding_extremes(
    largest: bool, series: tuple[Int64s, Int64s, Float64s], windows: tuple[Int64s, int], values: Float64s, present: Bools
) -> None:
    """Fills ``values`` and ``present`` (series, steps) with each window's smallest or ``largest`` value; NaN only of NaNs alone.

    ``series`` is (offsets, timestamps, values); ``windows`` is (ends (steps) ascending, range ms). Only samples that no later one
    beats are kept in a queue, so every sample is looked at once.
    """
    offsets, timestamps, numbers = series
    ends, range_ms = windows
    queue = np.empty(_longest(offsets), np.int64)
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        first = size = 0
        for step in range(len(ends)):
            while high < offsets[row + 1] and timestamps[high] <= ends[step]:
                value = numbers[high]
                if not math.isnan(value):
                    while size > first and (numbers[queue[size - 1]] <= value if largest else numbers[queue[size - 1]] >= value):
                        size -= 1
                    queue[size] = high
                    size += 1
                high += 1
            while low < high and timestamps[low] <= ends[step] - range_ms:
                low += 1
            while first < size and queue[first] < low:
                first += 1
            if low < high:
                present[row, step] = True
                values[row, step] = numbers[queue[first]] if first < size else math.nan


@kernel
def sliding_quantiles(
    q: Float64s, series: tuple[Int64s, Int64s, Float64s], windows: tuple[Int64s, int], values: Float64s, present: Bools
) -> None:
    """Fills ``values`` and ``present`` (series, steps) with the ``q[step]``-quantile of each window, NaN counting as the smallest.

    ``series`` is (offsets, timestamps, values); ``windows`` is (ends (steps) ascending, range ms). The window is kept sorted: samples
    that come are inserted, those that go are taken out.
    """
    offsets, timestamps, numbers = series
    ends, range_ms = windows
    ordered = np.empty(_longest(offsets))
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        size = nans = 0
        for step in range(len(ends)):
            fresh = high
            while high < offsets[row + 1] and timestamps[high] <= ends[step]:
                high += 1
            stale = low
            while low < high and timestamps[low] <= ends[step] - range_ms:
                low += 1
            if low == high:
                size = nans = 0
                continue
            if (high - fresh) + (low - stale) > (high - low) // 4 + 8:
                size, nans = _refill(ordered, numbers, low, high)
            else:
                size, nans = _remove(ordered, numbers, stale, low, size, nans)
                size, nans = _insert(ordered, numbers, fresh, high, size, nans)
            present[row, step] = True
            values[row, step] = interpolated(ordered[:size], nans, q[step])


@inlined
def _longest(offsets: Int64s) -> int:
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return longest


@inlined
def _refill(ordered: Float64s, numbers: Float64s, low: int, high: int) -> tuple[int, int]:
    size = 0
    for index in range(low, high):
        if not math.isnan(numbers[index]):
            ordered[size] = numbers[index]
            size += 1
    ordered[:size].sort()
    return size, high - low - size


@inlined
def _remove(ordered: Float64s, numbers: Float64s, start: int, stop: int, size: int, nans: int) -> tuple[int, int]:
    for index in range(start, stop):
        if math.isnan(numbers[index]):
            nans -= 1
            continue
        place = np.searchsorted(ordered[:size], numbers[index])
        for later in range(place, size - 1):
            ordered[later] = ordered[later + 1]
        size -= 1
    return size, nans


@inlined
def _insert(ordered: Float64s, numbers: Float64s, start: int, stop: int, size: int, nans: int) -> tuple[int, int]:
    for index in range(start, stop):
        if math.isnan(numbers[index]):
            nans += 1
            continue
        place = np.searchsorted(ordered[:size], numbers[index])
        for later in range(size, place, -1):
            ordered[later] = ordered[later - 1]
        ordered[place] = numbers[index]
        size += 1
    return size, nans
