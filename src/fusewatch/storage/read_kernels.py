"""Kernels that put the samples of a read together."""

from __future__ import annotations

import numpy as np

from fusewatch.storage.commit_kernels import sort_times
from fusewatch.storage.series_kernels import UInt32s
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import Int64s, UInt64s


@kernel
def select_waiting(
    refs: UInt32s, timestamps: Int64s, bits: UInt64s, places: Int64s, limits: tuple[int, int], out: tuple[Int64s, Int64s, UInt64s]
) -> int:
    """Rows whose series is wanted and whose timestamp is within ``limits`` (both ends included); how many.

    ``places``: by reference the series' place in the answer, -1 where it is not wanted; a reference beyond its end is not wanted.
    ``out``: place, timestamp and value bits.
    """
    low, high = limits
    out_place, out_time, out_bits = out
    count = 0
    for k in range(len(refs)):
        if low <= timestamps[k] <= high and refs[k] < len(places):
            place = places[refs[k]]
            if place >= 0:
                out_place[count], out_time[count], out_bits[count] = place, timestamps[k], bits[k]
                count += 1
    return count


@kernel
def place_ids(ids: UInt64s, wanted: UInt64s, place_of: Int64s, out: Int64s) -> None:
    """``out`` (n): the place of each row's series, -1 where it is not wanted; ``wanted`` is sorted, ``place_of`` goes with it."""
    previous, place = np.uint64(0), np.int64(-1)
    for k in range(len(ids)):
        if k == 0 or ids[k] != previous:
            previous = ids[k]
            at = np.searchsorted(wanted, previous)
            place = place_of[at] if at < len(wanted) and wanted[at] == previous else np.int64(-1)
        out[k] = place


@kernel
def group(places: Int64s, starts: Int64s, order: Int64s) -> None:
    """Counting sort of rows by place (-1: left out), stable; ``starts`` (series + 1), zero before, ends as the end of each group."""
    for k in range(len(places)):
        if places[k] >= 0:
            starts[places[k] + 1] += 1
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    for k in range(len(places)):
        if places[k] >= 0:
            order[starts[places[k]]] = k
            starts[places[k]] += 1


@kernel
def merge(
    order: Int64s, ends: Int64s, rows: tuple[Int64s, UInt64s, UInt64s], out_offsets: Int64s, out: tuple[Int64s, UInt64s, UInt64s]
) -> int:
    """The samples of each series, ascending by timestamp; of one timestamp the highest seq, of one seq the later row. Returns how many.

    ``rows`` and ``out``: timestamp, value bits, seq; ``order[ends[i - 1]:ends[i]]`` are the rows of series i.
    """
    timestamps, bits, seqs = rows
    out_times, out_bits, out_seqs = out
    count, start = 0, 0
    for series in range(len(out_offsets) - 1):
        stop = ends[series]
        sort_times(order, timestamps, start, stop)
        k = start
        while k < stop:
            best = order[k]
            k += 1
            while k < stop and timestamps[order[k]] == timestamps[best]:
                if seqs[order[k]] >= seqs[best]:
                    best = order[k]
                k += 1
            out_times[count], out_bits[count], out_seqs[count] = timestamps[best], bits[best], seqs[best]
            count += 1
        out_offsets[series + 1] = count
        start = stop
    return count
