"""Kernels of the samples that are held in memory: see :mod:`fusewatch.storage.recent`."""

from __future__ import annotations

from fusewatch.storage.commit_kernels import sort_series
from fusewatch.storage.series_kernels import UInt32s
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s, UInt64s
from fusewatch.telemetry.searching import first_not_below


@kernel
def build(order: Int64s, rows: tuple[UInt32s, Int64s, UInt64s], keys: UInt32s, offsets: Int64s, out: tuple[Int64s, UInt64s]) -> int:
    """The samples of each series, ascending, of one timestamp the last; returns how many series there are.

    ``rows``: reference, timestamp and value bits; ``order`` has them by reference. ``keys`` gets the references, ``offsets``, zero before,
    where the samples of each begin and end in ``out``, which gets timestamps and value bits.
    """
    refs, timestamps, bits = rows
    out_times, out_bits = out
    series, count, start = 0, 0, 0
    while start < len(order):
        ref, stop = refs[order[start]], sort_series(refs, timestamps, order, start)
        for k in range(start, stop):
            row = order[k]
            if k + 1 == stop or timestamps[order[k + 1]] != timestamps[row]:
                out_times[count], out_bits[count] = timestamps[row], bits[row]
                count += 1
        keys[series] = ref
        series += 1
        offsets[series] = count
        start = stop
    return series


@inlined
def _next_place(keys: UInt32s, at: int, wanted: int) -> int:
    """The first place from ``at`` on whose key is not below ``wanted``; near ones are found first."""
    step, low = 1, at
    while low + step < len(keys) and keys[low + step] < wanted:
        low += step
        step *= 2
    return first_not_below(keys, low, min(low + step, len(keys)), wanted)


@kernel
def find_rows(keys: UInt32s, offsets: Int64s, times: Int64s, wanted: UInt32s, limits: tuple[int, int], lows: Int64s, highs: Int64s) -> int:
    """``lows``, ``highs`` (n): where the rows of the ``wanted`` (n, ascending) series lie that are within ``limits`` (ms, both included).

    Returns how many rows there are.
    """
    at, count = 0, 0
    for k in range(len(wanted)):
        at = _next_place(keys, at, wanted[k])
        lows[k] = highs[k] = 0
        if at < len(keys) and keys[at] == wanted[k]:
            start, stop = offsets[at], offsets[at + 1]
            lows[k] = first_not_below(times, start, stop, limits[0])
            highs[k] = first_not_below(times, lows[k], stop, limits[1] + 1)
            count += highs[k] - lows[k]
    return count


@kernel
def take_rows(places: Int64s, lows: Int64s, highs: Int64s, rows: tuple[Int64s, UInt64s], out: tuple[Int64s, Int64s, UInt64s]) -> None:
    """Copies rows ``lows[k]`` to ``highs[k]`` of each series: ``out`` gets ``places[k]``, timestamps and value bits."""
    times, bits = rows
    out_places, out_times, out_bits = out
    at = 0
    for k in range(len(places)):
        for row in range(lows[k], highs[k]):
            out_places[at], out_times[at], out_bits[at] = places[k], times[row], bits[row]
            at += 1
