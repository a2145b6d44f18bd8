"""Kernels that cut sorted rows into chunks."""

from __future__ import annotations

from fusewatch.storage.series_kernels import UInt8s
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Steps of regular timestamps are shorter than this, so that reckoning with them never overflows.
LONGEST_STEP = 1 << 40


@kernel
def last_of_each(
    rows: tuple[UInt64s, UInt64s, Int64s, UInt64s, UInt64s], hidden: UInt8s, out: tuple[UInt64s, UInt64s, Int64s, UInt64s]
) -> int:
    """Of rows ordered by metric, id, timestamp and seq, the last of each series and timestamp; how many.

    ``rows``: metric, id, timestamp, value bits, seq; ``hidden`` (n, or empty): not 0 where the row was deleted; ``out``: metric, id,
    timestamp, value bits.
    """
    metrics, ids, times, bits, _ = rows
    out_metric, out_id, out_time, out_bits = out
    count, last = 0, len(ids) - 1
    for k in range(len(ids)):
        if k < last and ids[k + 1] == ids[k] and times[k + 1] == times[k]:
            continue
        if len(hidden) and hidden[k]:
            continue  # so is every write before it
        out_metric[count], out_id[count], out_time[count], out_bits[count] = metrics[k], ids[k], times[k], bits[k]
        count += 1
    return count


@kernel
def hide_rows(
    rows: tuple[UInt64s, UInt64s, Int64s, UInt64s, UInt64s], deleted: tuple[UInt64s, Int64s, Int64s, UInt64s], hidden: UInt8s
) -> None:
    """``hidden`` (n) becomes 1 where a tombstone covers the row; ``deleted``: id (ascending), start, end and seq of each tombstone."""
    _, ids, times, _, seqs = rows
    dead_ids, starts, ends, dead_seqs = deleted
    first = 0
    for k in range(len(ids)):
        if k == 0 or ids[k] != ids[k - 1]:
            low, high = 0, len(dead_ids)
            while low < high:
                middle = (low + high) // 2
                if dead_ids[middle] < ids[k]:
                    low = middle + 1
                else:
                    high = middle
            first = low
        one = first
        while one < len(dead_ids) and dead_ids[one] == ids[k]:
            if starts[one] <= times[k] <= ends[one] and seqs[k] <= dead_seqs[one]:
                hidden[k] = 1
            one += 1


@kernel
def cut_chunks(ids: UInt64s, times: Int64s, bits: UInt64s, most: int, out: tuple[Int64s, Int64s, UInt8s]) -> int:
    """Cuts samples ordered by series and timestamp into chunks of one series and at most ``most`` samples; how many.

    ``out``: the start of each chunk (and behind the last one the end), its step (0: irregular) and whether all its values are alike.
    """
    starts, steps, alike = out
    count, start, size = 0, 0, len(ids)
    while start < size:
        stop = start + 1
        step = times[stop] - times[start] if stop < size and ids[stop] == ids[start] else 1
        same = 1
        while stop < size and ids[stop] == ids[start] and stop - start < most:
            if times[stop] - times[stop - 1] != step:
                step = 0
            if bits[stop] != bits[start]:
                same = 0
            stop += 1
        starts[count], alike[count] = start, same
        steps[count] = step if 0 < step < LONGEST_STEP else 0
        count += 1
        start = stop
    starts[count] = size
    return count
