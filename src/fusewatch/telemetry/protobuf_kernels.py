"""Reading protobuf messages inside kernels (https://protobuf.dev/programming-guides/encoding/).

Positions are uint64; a position past the end that was given says that the message is malformed, so that one comparison after the fact
replaces a check at every step. Eight bytes behind the end must be readable.
"""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes
from fusewatch.telemetry.kernels import bare


@bare
def varint(buffer: Bytes, i: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The number at ``i`` and the position behind it; that position is past ``end`` when the number is cut off or too long."""
    if i < end and buffer[i] < 128:  # as nearly all are
        return U64(buffer[i]), i + U64(1)
    value, shift = U64(0), U64(0)
    while i < end and shift < U64(70):
        byte = U64(buffer[i])
        i += U64(1)
        value |= (byte & U64(127)) << shift
        if byte < U64(128):
            return value, i
        shift += U64(7)
    return value, end + U64(1)


@bare
def skip(buffer: Bytes, i: np.uint64, end: np.uint64, wire: np.uint64) -> np.uint64:
    """The position behind a field of this wire type, past ``end`` when it is cut off or of a type that protobuf 3 does not have."""
    if wire == U64(0):
        return varint(buffer, i, end)[1]
    if wire == U64(1):
        return i + U64(8)
    if wire == U64(5):
        return i + U64(4)
    if wire == U64(2):
        size, i = varint(buffer, i, end)
        return i + size if i <= end and size <= end - i else end + U64(1)
    return end + U64(1)


@bare
def field_at(buffer: Bytes, i: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Tag, start and end of the field at ``i``: of its content where it has a length; an end past ``end``: malformed."""
    tag, i = varint(buffer, i, end)
    wire = tag & U64(7)
    if wire == U64(2):
        size, i = varint(buffer, i, end)
        good = i <= end and tag >= U64(8) and size <= end - i
        return tag, i, i + size if good else end + U64(1)
    stop = skip(buffer, i, end, wire)
    return tag, i, stop if i <= end and stop <= end and tag >= U64(8) else end + U64(1)


@bare
def zigzag(number: np.uint64) -> np.int64:
    """The signed number that sint32 and sint64 write as ``number``."""
    return np.int64(number >> U64(1)) ^ -np.int64(number & U64(1))
