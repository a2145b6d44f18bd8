"""Which symbols a request of remote write 2.0 has: those of its series, in the order of their first use, then those of its exemplars."""

from __future__ import annotations

import numpy as np

from fusewatch.forward.rows import EXEMPLAR
from fusewatch.forward.wire_v1 import Columns, Others
from fusewatch.storage.series_kernels import UInt8s, UInt32s
from fusewatch.telemetry.chunks.bits import whole
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.protobuf_write import put_bytes, put_varint, varint_size
from fusewatch.telemetry.samples import Bytes, Int64s

U64 = np.uint64
#: Starts and ends in bytes, numbers: see :class:`Symbols`.
Series = tuple[Int64s, Int64s, UInt32s]
#: Types, helps and units by metric.
Described = tuple[UInt8s, UInt32s, UInt32s]


@kernel
def number_symbols(columns: Columns, series: Series, described: Described, local: Int64s, used: Int64s) -> int:
    """Gives each symbol of the rows' series a number in the request (``local``, -1 before); ``used`` are they in order; how many."""
    order, slots, _, _, _ = columns
    starts, ends, words = series
    _, helps, units = described
    local[0], used[0], count, before = 0, 0, 1, np.uint32(0)
    for place in range(len(order)):
        slot = slots[order[place]]
        if slot == before:
            continue
        before = slot
        metric = words[starts[slot] >> 2]
        for symbol in (helps[metric], units[metric]):
            if local[symbol] < 0:
                local[symbol], used[count] = count, symbol
                count += 1
        for k in range((starts[slot] >> 2) + 1, ends[slot] >> 2):
            if local[words[k]] < 0:
                local[words[k]], used[count] = count, words[k]
                count += 1
    return count


@inlined
def parts_in(others: Others, number: int) -> int:
    """Names and values in the labels of an exemplar."""
    _, _, offsets, labels = others
    count = 0
    for place in range(offsets[number], offsets[number + 1]):
        count += labels[place] == 0xFF
    return count


@kernel
def symbols_size(used: Int64s, offsets: Int64s, columns: Columns, others: Others) -> int:
    """Bytes of the symbols as fields."""
    order, _, kinds, _, words = columns
    _, _, ends, labels = others
    total = 0
    for k in range(len(used)):
        size = offsets[used[k] + 1] - offsets[used[k]]
        total += 1 + varint_size(U64(size)) + size
    for place in range(len(order)):
        if kinds[order[place]] == EXEMPLAR:
            number = whole(words[order[place]])
            start = ends[number]
            for at in range(ends[number], ends[number + 1]):
                if labels[at] == 0xFF:
                    total += 1 + varint_size(U64(at - start)) + at - start
                    start = at + 1
    return total


@kernel
def write_symbols(used: Int64s, offsets: Int64s, blob: Bytes, columns: Columns, others: Others, out: Bytes) -> int:
    """Writes the symbols; where they end."""
    order, _, kinds, _, words = columns
    _, _, ends, labels = others
    to = 0
    for k in range(len(used)):
        out[to] = 0x22
        to = put_varint(out, to + 1, U64(offsets[used[k] + 1] - offsets[used[k]]))
        to = put_bytes(out, to, blob, offsets[used[k]], offsets[used[k] + 1])
    for place in range(len(order)):
        if kinds[order[place]] == EXEMPLAR:
            number = whole(words[order[place]])
            start = ends[number]
            for at in range(ends[number], ends[number + 1]):
                if labels[at] == 0xFF:
                    out[to] = 0x22
                    to = put_varint(out, to + 1, U64(at - start))
                    to = put_bytes(out, to, labels, start, at)
                    start = at + 1
    return to
