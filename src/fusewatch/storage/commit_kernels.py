"""Kernels that put waiting samples into the order of the table."""

from __future__ import annotations

import numpy as np

from fusewatch.storage.series_kernels import HOUR_MS, UInt32s
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s, UInt64s


@kernel
def scatter(refs: UInt32s, rank: Int64s, starts: Int64s, order: Int64s) -> None:
    """Counting sort: ``order`` (n) gets the rows by rank of their series, within a series in order of arrival.

    ``starts`` (series + 1) must be zero; it ends as the end of each rank's rows.
    """
    for k in range(len(refs)):
        starts[rank[refs[k]] + 1] += 1
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    for k in range(len(refs)):
        position = rank[refs[k]]
        order[starts[position]] = k
        starts[position] += 1


@inlined
def sort_times(order: Int64s, timestamps: Int64s, start: int, stop: int) -> None:
    """Orders ``order[start:stop]`` by timestamp, stably; quick where it is in order already, as it nearly always is."""
    sorted_already = True
    for k in range(start + 1, stop):
        if timestamps[order[k]] < timestamps[order[k - 1]]:
            sorted_already = False
            break
    if not sorted_already:
        part = order[start:stop].copy()
        times = np.empty(stop - start, np.int64)
        for k in range(stop - start):
            times[k] = timestamps[part[k]]
        by_time = np.argsort(times, kind="mergesort")
        for k in range(stop - start):
            order[start + k] = part[by_time[k]]


@inlined
def sort_series(refs: UInt32s, timestamps: Int64s, order: Int64s, start: int) -> int:
    """Orders the rows of the series that begin at ``start`` by timestamp; where they end."""
    stop = start + 1
    while stop < len(order) and refs[order[stop]] == refs[order[start]]:
        stop += 1
    sort_times(order, timestamps, start, stop)
    return stop


@kernel
def last_writes(
    refs: UInt32s,
    timestamps: Int64s,
    bits: UInt64s,
    order: Int64s,
    series: tuple[UInt64s, UInt64s],
    out: tuple[UInt64s, UInt64s, Int64s, UInt64s],
) -> int:
    """Of rows grouped by series (``order``), the last of each timestamp, ascending; how many there are.

    ``series``: metric and id by reference; ``out``: metric, id, timestamp and value bits (n each).
    """
    metrics, ids = series
    out_metric, out_id, out_time, out_bits = out
    count, start = 0, 0
    while start < len(order):
        ref, stop = refs[order[start]], sort_series(refs, timestamps, order, start)
        for k in range(start, stop):
            row = order[k]
            if k + 1 < stop and timestamps[order[k + 1]] == timestamps[row]:
                continue
            out_metric[count], out_id[count] = metrics[ref], ids[ref]
            out_time[count], out_bits[count] = timestamps[row], bits[row]
            count += 1
        start = stop
    return count


@kernel
def blocks_of(timestamps: Int64s, hours: int, out: UInt32s) -> None:
    """``out`` (n): the start of each timestamp's block in hours since the epoch, blocks being ``hours`` long."""
    for k in range(len(timestamps)):
        hour = max(timestamps[k] // HOUR_MS, 0)
        out[k] = hour - hour % hours
