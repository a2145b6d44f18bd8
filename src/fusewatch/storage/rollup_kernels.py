"""Kernels that make roll-ups of samples, and bring stored ones back."""

from __future__ import annotations

import math

import numpy as np

from fusewatch.storage.chunk_kernels import Hides
from fusewatch.storage.series_kernels import UInt8s
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import STALE_BITS, Bytes, Float64s, Int64s, UInt64s

#: How a column of a series is kept, its first byte: all alike; alike but for the first and the last; 8 bytes each; pcodec's floats or whole
#: numbers; the same as the column that it is compared with.
CONSTANT, BUT_EDGES, PLAIN, FLOATS, NUMBERS, SAME = 0, 1, 2, 3, 4, 5

_STALE = np.uint64(STALE_BITS)
#: Ends of windows, counts, sums, mins, maxs, first times, firsts, last times, lasts and falls of windows (n).
Columns = tuple[Int64s, Int64s, Float64s, Float64s, Float64s, Int64s, Float64s, Int64s, Float64s, Float64s]


@kernel
def roll(ids: UInt64s, times: Int64s, bits: UInt64s, resolution: int, heads: Int64s, offsets: Int64s, out: Columns) -> int:
    """Fills ``out`` with the windows of samples ordered by series and timestamp; how many series there are.

    ``heads`` (series): where each begins among the samples; ``offsets`` (series + 1): where among the windows. All have room for a window
    and a series a sample. Sums are compensated as PromQL's are. A window of staleness markers alone has the time of the last one.
    """
    ends, counts, sums, mins, maxs, first_times, firsts, last_times, lasts, falls = out
    values = bits.view(np.float64)
    series, at, lost = 0, -1, 0.0
    for k in range(len(ids)):
        end = -(-times[k] // resolution) * resolution
        fresh = k == 0 or ids[k] != ids[k - 1]
        if fresh:
            heads[series], offsets[series] = k, at + 1
            series += 1
        if fresh or end != ends[at]:
            if at >= 0 and not math.isinf(sums[at]):
                sums[at] += lost
            at += 1
            ends[at], counts[at], sums[at], falls[at], lost = end, 0, 0.0, 0.0, 0.0
            mins[at] = maxs[at] = firsts[at] = lasts[at] = math.nan
            first_times[at] = last_times[at] = times[k]
        if bits[k] == _STALE:
            counts[at] |= 1
            if counts[at] == 1:
                first_times[at] = last_times[at] = times[k]
            continue
        value = values[k]
        if counts[at] <= 1:
            first_times[at], firsts[at] = times[k], value
        elif value < lasts[at]:
            falls[at] += lasts[at]
        counts[at] = (counts[at] & -2) + 2
        total = sums[at] + value
        if math.isinf(total):
            lost = 0.0
        elif abs(sums[at]) >= abs(value):
            lost += (sums[at] - total) + value
        else:
            lost += (value - total) + sums[at]
        sums[at] = total
        if not mins[at] <= value and not math.isnan(value):
            mins[at] = value
        if not maxs[at] >= value and not math.isnan(value):
            maxs[at] = value
        last_times[at], lasts[at] = times[k], value
    if at >= 0 and not math.isinf(sums[at]):
        sums[at] += lost
    offsets[series] = at + 1
    return series


@kernel
def classify(offsets: Int64s, bits: UInt64s, other: UInt64s, codes: UInt8s) -> None:
    """``codes`` (series): how the column ``bits`` (n) of each is best kept, as far as that can be seen; :data:`PLAIN` for the rest.

    ``other`` is what it is compared with, (n), or empty.
    """
    for row in range(len(codes)):
        low, high = offsets[row], offsets[row + 1]
        inner, same = high > low, len(other) > 0
        for k in range(low, high):
            same = same and bits[k] == other[k]
            if k > low + 1 and k < high - 1:
                inner = inner and bits[k] == bits[low + 1]
        if same:
            codes[row] = SAME
        elif inner and high - low <= 2:
            codes[row] = CONSTANT if bits[low] == bits[high - 1] else BUT_EDGES
        elif inner:
            codes[row] = CONSTANT if bits[low] == bits[low + 1] == bits[high - 1] else BUT_EDGES
        else:
            codes[row] = PLAIN


@inlined
def _number(data: Bytes, at: int) -> np.uint64:
    number = np.uint64(0)
    for k in range(8):
        number |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return number


@kernel
def unpack(data: Bytes, starts: Int64s, positions: Int64s, out: UInt64s, by_pcodec: UInt8s) -> None:
    """Brings the columns of series back, except for those that pcodec has: ``by_pcodec`` (series) becomes 1 there.

    ``starts`` (series): where each begins in ``data``; ``positions`` (series + 1): where it goes in ``out``.
    """
    for row in range(len(starts)):
        low, high, at = positions[row], positions[row + 1], starts[row]
        code = data[at]
        by_pcodec[row] = 0
        if code == CONSTANT:
            number = _number(data, at + 1)
            for k in range(low, high):
                out[k] = number
        elif code == BUT_EDGES:
            out[low] = _number(data, at + 1)
            number = _number(data, at + 9)
            for k in range(low + 1, high - 1):
                out[k] = number
            out[high - 1] = _number(data, at + 17)
        elif code == PLAIN:
            for k in range(low, high):
                out[k] = _number(data, at + 1 + 8 * (k - low))
        else:
            by_pcodec[row] = 1


@kernel
def restore(days: Int64s, positions: Int64s, resolution: int, ends: Int64s, firsts: Int64s, lasts: Int64s) -> None:
    """From what is kept of windows to their ends, in place, and to the times of their first and last samples (either may be empty).

    ``days`` (series): when each one's day begins (ms); kept are the number of a window less its place, the time since a window's start,
    and the time to its end.
    """
    for row in range(len(days)):
        for k in range(positions[row], positions[row + 1]):
            ends[k] = days[row] + (ends[k] + k - positions[row]) * resolution
            if len(firsts):
                firsts[k] += ends[k] - resolution
            if len(lasts):
                lasts[k] = ends[k] - lasts[k]


@kernel
def hide_windows(offsets: Int64s, ends: Int64s, resolution: int, seqs: UInt64s, which: Int64s, hides: Hides, kept: UInt8s) -> None:
    """``kept`` (n) becomes 0 where a window of a series was deleted in part or as a whole; ``which`` (rows): the series of each row."""
    hide_offsets, starts, stops, hide_seqs = hides
    for row in range(len(which)):
        for one in range(hide_offsets[which[row]], hide_offsets[which[row] + 1]):
            if seqs[row] <= hide_seqs[one]:
                for k in range(offsets[row], offsets[row + 1]):
                    if starts[one] <= ends[k] and stops[one] > ends[k] - resolution:
                        kept[k] = 0


@kernel
def append_words(places: Int64s, part_offsets: Int64s, cursors: Int64s, part: UInt64s, out: UInt64s) -> None:
    """Copies rows of a part to where their series goes on in ``out``: ``places`` and ``part_offsets`` (series of the part), ``cursors``."""
    for row in range(len(places)):
        start, size = part_offsets[row], part_offsets[row + 1] - part_offsets[row]
        at = cursors[places[row]]
        for k in range(size):
            out[at + k] = part[start + k]
