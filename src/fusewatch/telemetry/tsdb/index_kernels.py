"""Compiled steps through a block's index.

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/index.md
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.checksums import crc32c
from fusewatch.telemetry.chunks.bits import U64, unzigzag, whole
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.protobuf_write import put_bytes, put_varint, varint_size
from fusewatch.telemetry.samples import Bytes, Int64s

#: What :func:`read_series` answers in place of a number: the checksum does not match, or the entry makes no sense.
BAD_SUM: Final = -1
BAD_ENTRY: Final = -2
#: Columns of ``chunks``: first and last timestamp (ms), place of the chunk (segment in the upper half, offset in the lower).
FIRST, LAST, PLACE, CHUNK_COLUMNS = range(4)
#: Counters of :func:`read_series`: series, chunks, bytes of labels, position of the entry that comes next, one that is too large.
SERIES, CHUNKS, LABEL_BYTES, NEXT, STATE = range(5)


@inlined
def uvarint(data: Bytes, at: int, end: int) -> tuple[np.uint64, int]:
    """The number at ``at`` and the position behind; past ``end`` where it is cut off or too long."""
    word, shift = U64(0), U64(0)
    while at < end and shift < U64(70):
        byte = U64(data[at])
        at += 1
        word |= (byte & U64(127)) << shift
        if byte < U64(128):
            return word, at
        shift += U64(7)
    return word, end + 1


@kernel
def find_symbols(data: Bytes, start: int, end: int, places: Int64s) -> int:
    """Fills ``places`` with where each symbol of ``data[start:end]`` begins (its length); how many were whole."""
    at = start
    for k in range(len(places)):
        places[k] = at
        size, at = uvarint(data, at, end)
        if at > end or whole(size) > end - at:
            return k
        at += whole(size)
    return len(places)


@inlined
def _symbol(data: Bytes, places: Int64s, reference: np.uint64) -> tuple[int, int]:
    """Where the symbol begins and ends; a negative beginning where there is none. Without ``places`` it is at its reference (version 1)."""
    at = whole(reference)
    if len(places):
        if reference >= U64(len(places)):
            return -1, 0
        at = places[at]
    if at < 0 or at >= len(data):
        return -1, 0
    size, at = uvarint(data, at, len(data))
    return (at, at + whole(size)) if at <= len(data) and 0 <= whole(size) <= len(data) - at else (-1, 0)


@inlined
def _put_label(data: Bytes, name: tuple[int, int], value: tuple[int, int], out: Bytes, at: int) -> int:
    """Writes a Label field of protobuf (1: name, 2: value); the position behind, -1 where there is no room."""
    name_size, value_size = name[1] - name[0], value[1] - value[0]
    inner = 2 + varint_size(U64(name_size)) + name_size + varint_size(U64(value_size)) + value_size
    if at + inner + 11 > len(out):
        return -1
    out[at] = 0x0A
    at = put_varint(out, at + 1, U64(inner))
    out[at] = 0x0A
    at = put_varint(out, at + 1, U64(name_size))
    at = put_bytes(out, at, data, name[0], name[1])
    out[at] = 0x12
    at = put_varint(out, at + 1, U64(value_size))
    return put_bytes(out, at, data, value[0], value[1])


@inlined
def _labels(data: Bytes, at: int, end: int, places: Int64s, out: Bytes, used: int) -> tuple[int, int, int]:
    """Reads the labels of an entry: state (0, BAD_ENTRY, or 1: no room in ``out``), the position behind, and how far ``out`` is used."""
    labels, at = uvarint(data, at, end)
    for _ in range(whole(labels)):
        name_reference, at = uvarint(data, at, end)
        value_reference, at = uvarint(data, at, end)
        if at > end:
            return BAD_ENTRY, at, used
        name, value = _symbol(data, places, name_reference), _symbol(data, places, value_reference)
        if name[0] < 0 or value[0] < 0:
            return BAD_ENTRY, at, used
        used = _put_label(data, name, value, out, used)
        if used < 0:
            return 1, at, used
    return 0, at, used


@inlined
def _chunk_places(data: Bytes, at: int, end: int, chunks: Int64s, row: int) -> int:
    """Reads the chunks of an entry into ``chunks[row:]``; how many, BAD_ENTRY, or -BAD_ENTRY - 1 - … where there is no room."""
    number, at = uvarint(data, at, end)
    count = whole(number)
    if at > end or count < 0 or count > end - at:
        return BAD_ENTRY if count else 0
    if row + count > len(chunks):
        return BAD_ENTRY - 1
    last, place = 0, 0
    for k in range(count):
        if at >= end:
            return BAD_ENTRY
        gap, at = uvarint(data, at, end)
        first = unzigzag(gap) if k == 0 else last + whole(gap)
        length, at = uvarint(data, at, end)
        step, at = uvarint(data, at, end)
        if at > end:
            return BAD_ENTRY
        last = first + whole(length)
        place = whole(step) if k == 0 else place + unzigzag(step)
        chunks[row + k, FIRST], chunks[row + k, LAST], chunks[row + k, PLACE] = first, last, place
    return count


@kernel
def read_series(  # noqa: PLR0913, PLR0917 - compiled code takes flat arrays by position
    data: Bytes, end: int, align: int, places: Int64s, at: int, series: Int64s, labels: Bytes, chunks: Int64s, counts: Int64s
) -> None:
    """Reads series entries from ``at`` on, up to ``end`` or until there is no more room.

    ``series`` (n, 4) gets for each its position, the end of its Label fields in ``labels``, the end of its chunks in ``chunks``
    (m, CHUNK_COLUMNS), and the position behind it. ``align`` 16 or 1: where entries begin. ``counts`` as named above; STATE is 0, or
    BAD_SUM or BAD_ENTRY of the entry at NEXT, or 1 where not even one entry has room.
    """
    counts[:] = 0
    used, row, k = 0, 0, 0
    while k < len(series):
        at = (at + align - 1) // align * align
        if at >= end:
            break
        size, start = uvarint(data, at, end)
        if size == U64(0) and start <= end:
            at += align  # padding
            continue
        stop = start + whole(size)
        if start > end or whole(size) < 0 or stop > end - 4:
            counts[STATE] = BAD_ENTRY
            break
        expected = U64(data[stop]) << U64(24) | U64(data[stop + 1]) << U64(16) | U64(data[stop + 2]) << U64(8) | U64(data[stop + 3])
        if crc32c(data, start, stop) != expected:
            counts[STATE] = BAD_SUM
            break
        state, place, written = _labels(data, start, stop, places, labels, used)
        found = _chunk_places(data, place, stop, chunks, row) if state == 0 else state
        if state == 1 or found < BAD_ENTRY:
            counts[STATE] = 1 if k == 0 else 0
            break
        if found < 0:
            counts[STATE] = BAD_ENTRY
            break
        used, row = written, row + found
        series[k, 0], series[k, 1], series[k, 2], series[k, 3] = at, used, row, stop + 4
        at = stop + 4
        k += 1
    counts[SERIES], counts[CHUNKS], counts[LABEL_BYTES], counts[NEXT] = k, row, used, at
