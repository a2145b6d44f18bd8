"""Range functions that take numbers and native histograms alike: they look at times, at order, or at whether anything moved."""

from __future__ import annotations

import math
from typing import Final

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.native.cells import is_equal
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

COUNT: Final = 0
PRESENT: Final = 1
TS_FIRST: Final = 2
TS_LAST: Final = 3
FIRST: Final = 4
LAST: Final = 5
CHANGES: Final = 6
RESETS: Final = 7


@kernel
def find_changes(offsets: Int64s, numbers: Int64s, pool: Pool, out: Bools) -> None:
    """Fills ``out`` (samples): whether each histogram differs from the one before it in its series; never the first."""
    for row in range(len(offsets) - 1):
        for place in range(offsets[row], offsets[row + 1]):
            out[place] = place > offsets[row] and not is_equal(pool, numbers[place], pool, numbers[place - 1])


@kernel
def count_in_windows(offsets: Int64s, timestamps: Int64s, windows: tuple[Int64s, int], out: Int64s) -> None:
    """Fills ``out`` (series, steps) with the number of samples in each window ``(end - range, end]``."""
    ends, range_ms = windows
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        for step in range(len(ends)):
            while high < offsets[row + 1] and timestamps[high] <= ends[step]:
                high += 1
            while low < high and timestamps[low] <= ends[step] - range_ms:
                low += 1
            out[row, step] = high - low


@kernel
def over_both(
    op: int,
    series: tuple[Int64s, Int64s, Float64s],
    histograms: tuple[Int64s, Int64s, Int64s],
    moved: Bools,
    windows: tuple[Int64s, int, int],
    values: Float64s,
    present: Bools,
    places: Int64s,
) -> None:
    """Fills ``values`` and ``present`` (series, steps) with function ``op`` of each window; ``places``, -1 before, where it is a histogram.

    ``series`` is (offsets, timestamps, values), ``histograms`` (offsets, timestamps, numbers), ``moved`` (histograms) whether each is a
    reset or a change after the one before, ``windows`` (ends (steps) ascending, range ms, and how far before it, ms, the last sample is
    looked for from which CHANGES and RESETS go; 0: not at all).
    """
    offsets, timestamps, numbers = series
    ends, range_ms, anchor_ms = windows
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        other_low = other_high = histograms[0][row]
        for step in range(len(ends)):
            start = ends[step] - range_ms
            while high < offsets[row + 1] and timestamps[high] <= ends[step]:
                high += 1
            while low < high and timestamps[low] <= start:
                low += 1
            while other_high < histograms[0][row + 1] and histograms[1][other_high] <= ends[step]:
                other_high += 1
            while other_low < other_high and histograms[1][other_low] <= start:
                other_low += 1
            if low == high and other_low == other_high:
                continue
            present[row, step] = True
            window = (low, high, other_low, other_high)
            if anchor_ms:
                window = _anchored(timestamps, histograms[1], window, (offsets[row], histograms[0][row]), start - anchor_ms)
            if op <= PRESENT:
                values[row, step] = 1.0 if op == PRESENT else float(high - low + other_high - other_low)
            elif op <= LAST:
                place, is_float = _end_of(op in (TS_FIRST, FIRST), timestamps, histograms[1], window)
                if op <= TS_LAST:
                    values[row, step] = (timestamps[place] if is_float else histograms[1][place]) / 1000.0
                elif is_float:
                    values[row, step] = numbers[place]
                else:
                    values[row, step], places[row, step] = 0.0, histograms[2][place]
            else:
                values[row, step] = _movements(op == RESETS, timestamps, numbers, histograms[1], moved, window)


@inlined
def _end_of(first: bool, timestamps: Int64s, others: Int64s, window: tuple[int, int, int, int]) -> tuple[int, bool]:
    """The first or last sample of a window, and whether it is a number."""
    low, high, other_low, other_high = window
    if low == high:
        return (other_low if first else other_high - 1), False
    if other_low == other_high:
        return (low if first else high - 1), True
    if first:
        return (low, True) if timestamps[low] < others[other_low] else (other_low, False)
    return (high - 1, True) if timestamps[high - 1] > others[other_high - 1] else (other_high - 1, False)


@inlined
def _anchored(
    timestamps: Int64s, others: Int64s, window: tuple[int, int, int, int], firsts: tuple[int, int], oldest: int
) -> tuple[int, int, int, int]:
    """The window with the last sample before it, a number or a histogram, that is newer than ``oldest``."""
    low, high, other_low, other_high = window
    has_float = low > firsts[0] and timestamps[low - 1] > oldest
    has_other = other_low > firsts[1] and others[other_low - 1] > oldest
    if has_float and not (has_other and others[other_low - 1] > timestamps[low - 1]):
        return low - 1, high, other_low, other_high
    return low, high, other_low - 1 if has_other else other_low, other_high


@inlined
def _movements(
    falls: bool, timestamps: Int64s, numbers: Float64s, others: Int64s, moved: Bools, window: tuple[int, int, int, int]
) -> float:
    """How often a sample changed, or began anew; from a number to a histogram and back is both."""
    place, high, other, other_high = window
    count, before = 0, -1
    while place < high or other < other_high:
        is_float = other >= other_high or (place < high and timestamps[place] < others[other])
        kind = 0 if is_float else 1
        if before >= 0 and kind != before:
            count += 1
        elif before >= 0 and is_float:
            old, new = numbers[place - 1], numbers[place]
            count += new < old if falls else (new != old and not (math.isnan(new) and math.isnan(old)))
        elif before >= 0:
            count += moved[other]
        before = kind
        place += is_float
        other += not is_float
    return float(count)
