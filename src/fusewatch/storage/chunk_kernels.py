"""Kernels that put the samples of chunks, and of rows beside them, together."""

from __future__ import annotations

import numpy as np

from fusewatch.storage.series_kernels import UInt8s
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s, UInt64s
from fusewatch.telemetry.searching import first_not_below

#: Tombstones by series: ``offsets`` (series + 1), then start, end and seq of each.
Hides = tuple[Int64s, Int64s, Int64s, UInt64s]


@kernel
def crop(
    bounds: tuple[Int64s, Int64s, Int64s],
    steps: Int64s,
    pool: tuple[Int64s, Int64s, Int64s],
    limits: tuple[int, int],
    lows: Int64s,
    highs: Int64s,
) -> None:
    """``lows``, ``highs`` (n): which samples of each chunk lie within ``limits`` (ms, both ends included).

    ``bounds``: first, last and count of each chunk; ``pool``: by chunk the place of its timestamps (where its step is 0), the offsets of
    each place, and the timestamps.
    """
    firsts, lasts, counts = bounds
    places, offsets, times = pool
    start, end = limits
    for k in range(len(firsts)):
        low, high, step = np.int64(0), counts[k], steps[k]
        if step:
            if firsts[k] < start:
                low = min((start - firsts[k] + step - 1) // step, high)
            if lasts[k] > end:
                high = max((end - firsts[k]) // step + 1, low) if end >= firsts[k] else low
        else:
            base, stop = offsets[places[k]], offsets[places[k] + 1]
            if firsts[k] < start:
                low = first_not_below(times, base, stop, start) - base
            if lasts[k] > end:
                high = max(first_not_below(times, base, stop, end + 1) - base, low)
        lows[k], highs[k] = low, high


@kernel
def lay_out(order: Int64s, places: Int64s, sizes: Int64s, recent: tuple[Int64s, Int64s], offsets: Int64s, positions: Int64s) -> None:
    """Where everything goes: chunk after chunk of a series, its recent samples behind them.

    ``order``: the chunks by series and first timestamp; ``places``, ``sizes``: series and samples of each chunk; ``recent``: by series
    which of the recent ones it is, and their offsets. ``offsets`` (series + 1) and ``positions`` (chunks) are filled.
    """
    which, recent_offsets = recent
    at, k = 0, 0
    for series in range(len(which)):
        offsets[series] = at
        while k < len(order) and places[order[k]] == series:
            positions[order[k]] = at
            at += sizes[order[k]]
            k += 1
        at += recent_offsets[which[series] + 1] - recent_offsets[which[series]]
    offsets[len(which)] = at


@kernel
def fill(
    chunks: tuple[Int64s, Int64s, UInt64s, UInt8s],
    pool: tuple[Int64s, Int64s, Int64s],
    spans: tuple[Int64s, Int64s, Int64s],
    out_times: Int64s,
    out_bits: UInt64s,
) -> None:
    """The timestamps of all chunks, and the values of those whose values are all alike.

    ``chunks``: first, step, bits, and 1 where values are alike; ``pool`` as for :func:`crop`; ``spans``: position, low and high.
    """
    firsts, steps, bits, alike = chunks
    places, offsets, times = pool
    positions, lows, highs = spans
    for k in range(len(firsts)):
        at, low, size = positions[k], lows[k], highs[k] - lows[k]
        if steps[k]:
            time = firsts[k] + low * steps[k]
            for i in range(size):
                out_times[at + i] = time
                time += steps[k]
        else:
            base = offsets[places[k]] + low
            for i in range(size):
                out_times[at + i] = times[base + i]
        if alike[k]:
            for i in range(size):
                out_bits[at + i] = bits[k]


@kernel
def append_recent(recent: tuple[Int64s, Int64s, Int64s, UInt64s], offsets: Int64s, out_times: Int64s, out_bits: UInt64s) -> None:
    """Copies the recent samples to the end of each series' part; ``recent``: which, offsets, timestamps and value bits."""
    which, recent_offsets, times, bits = recent
    for series in range(len(which)):
        start, stop = recent_offsets[which[series]], recent_offsets[which[series] + 1]
        at = offsets[series + 1] - (stop - start)
        for i in range(stop - start):
            out_times[at + i], out_bits[at + i] = times[start + i], bits[start + i]


@kernel
def find_unordered(
    order: Int64s, chunks: tuple[Int64s, Int64s, Int64s], recent: tuple[Int64s, Int64s], offsets: Int64s, times: Int64s, flags: UInt8s
) -> int:
    """``flags`` (series) becomes 1 where chunks overlap each other or recent samples; how many are 1.

    ``chunks``: series, position and size of each; ``recent``: which and offsets.
    """
    places, positions, sizes = chunks
    which, recent_offsets = recent
    count, k = 0, 0
    for series in range(len(which)):
        last, any_before = np.int64(0), False
        while k < len(order) and places[order[k]] == series:
            at, size = positions[order[k]], sizes[order[k]]
            k += 1
            if size == 0:
                continue
            if any_before and times[at] <= last:
                flags[series] = 1
            last, any_before = times[at + size - 1], True
        size = recent_offsets[which[series] + 1] - recent_offsets[which[series]]
        if any_before and size and times[offsets[series + 1] - size] <= last:
            flags[series] = 1
        count += flags[series]
    return count


@inlined
def _is_hidden(time: int, seq: np.uint64, series: int, hides: Hides) -> bool:
    offsets, starts, ends, seqs = hides
    hidden = False
    for k in range(offsets[series], offsets[series + 1]):
        hidden |= starts[k] <= time <= ends[k] and seq <= seqs[k]
    return hidden


@kernel
def settle(
    flags: UInt8s,
    order: Int64s,
    chunks: tuple[Int64s, Int64s, Int64s, UInt64s],
    recent: tuple[Int64s, Int64s, UInt64s],
    hides: Hides,
    out: tuple[Int64s, Int64s, UInt64s],
) -> int:
    """Brings the flagged series into order, one sample a timestamp, deleted ones left out, and closes the gaps; how many samples are left.

    Of one timestamp the highest seq wins, of equal ones the chunk's. ``chunks``: series, position, size and seq; ``recent``: which, offsets
    and seqs; ``out``: offsets, timestamps and value bits, changed in place.
    """
    places, positions, sizes, chunk_seqs = chunks
    which, recent_offsets, recent_seqs = recent
    offsets, times, bits = out
    at, k, start = 0, 0, 0
    for series in range(len(which)):
        stop = offsets[series + 1]
        size = stop - start
        if flags[series]:
            old_times, old_bits, seqs = times[start:stop].copy(), bits[start:stop].copy(), np.empty(size, np.uint64)
            while k < len(order) and places[order[k]] == series:
                base = positions[order[k]] - start
                seqs[base : base + sizes[order[k]]] = chunk_seqs[order[k]]
                k += 1
            rows = recent_offsets[which[series] + 1] - recent_offsets[which[series]]
            for i in range(rows):
                seqs[size - rows + i] = recent_seqs[recent_offsets[which[series]] + i]
            by_time = np.argsort(old_times, kind="mergesort")
            i = 0
            while i < size:
                best = by_time[i]
                i += 1
                while i < size and old_times[by_time[i]] == old_times[best]:
                    if seqs[by_time[i]] > seqs[best]:
                        best = by_time[i]
                    i += 1
                if not _is_hidden(old_times[best], seqs[best], series, hides):
                    times[at], bits[at] = old_times[best], old_bits[best]
                    at += 1
        else:
            while k < len(order) and places[order[k]] == series:
                k += 1
            if at < start:
                for i in range(size):
                    times[at + i], bits[at + i] = times[start + i], bits[start + i]
            at += size
        start = stop
        offsets[series + 1] = at
    return at


@kernel
def copy_parts(part: tuple[Int64s, Int64s, Int64s, UInt64s], offsets: Int64s, out_times: Int64s, out_bits: UInt64s) -> None:
    """Copies the samples of some series to where ``offsets`` has them; ``part``: places, offsets, timestamps and value bits."""
    places, part_offsets, times, bits = part
    for series in range(len(places)):
        start, size = part_offsets[series], part_offsets[series + 1] - part_offsets[series]
        at = offsets[places[series]]
        for i in range(size):
            out_times[at + i], out_bits[at + i] = times[start + i], bits[start + i]
