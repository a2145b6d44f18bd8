"""Protobuf inside OTLP's kernels: fields, numbers and fingerprints (https://protobuf.dev/programming-guides/encoding/).

Positions are uint64 throughout: numba makes a float of a signed and an unsigned number.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import U64, Bytes, fold
from fusewatch.telemetry.kernels import merged
from fusewatch.telemetry.samples import UInt64s

UInt32s = NDArray[np.uint32]

#: What a walk returns beside a count.
OK: Final = 0
MALFORMED: Final = -1
#: Valid protobuf in a form that no known sender uses: a message in two parts, numbers that are not packed, a resource behind its metrics.
UNUSUAL: Final = -2
TOO_MANY: Final = -3

_K0: Final = U64(0x8BB84B93962EACC9)
_K1: Final = U64(0x4B33A62ED433D4A3)
_K2: Final = U64(0x4D5A2DA51DE1AA47)
_K3: Final = U64(0xA0761D6478BD642F)


@merged
def whole(number: np.uint64 | np.int64 | float) -> int:
    """A number as int64."""
    return np.int64(number)  # type: ignore[return-value]  # a number inside the kernel


@merged
def varint(buffer: Bytes, i: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The number at ``i`` and the position behind it; that position is past ``end`` when the number is cut off or too long."""
    value, shift = U64(0), U64(0)
    while i < end and shift < U64(70):
        byte = U64(buffer[i])
        i += U64(1)
        value |= (byte & U64(127)) << shift
        if byte < U64(128):
            return value, i
        shift += U64(7)
    return value, end + U64(1)


@merged
def field(buffer: Bytes, i: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Tag, start and end of the content of the field at ``i``; an end past ``end``: malformed.

    The content of a length-delimited field is what lies behind its length; of a varint it is the varint itself.
    """
    tag, i = varint(buffer, i, end)
    wire = tag & U64(7)
    if i > end or tag < U64(8):
        return tag, i, end + U64(1)
    if wire == U64(2):
        size, i = varint(buffer, i, end)
        return tag, i, i + size if i <= end and size <= end - i else end + U64(1)
    if wire == U64(0):
        return tag, i, varint(buffer, i, end)[1]
    if wire == U64(1):
        return tag, i, i + U64(8)
    if wire == U64(5):
        return tag, i, i + U64(4)
    return tag, i, end + U64(1)


@merged
def join(low: np.uint64, high: np.uint64, other_low: np.uint64, other_high: np.uint64) -> tuple[np.uint64, np.uint64]:
    """One fingerprint of two in this order; as hard to collide as its parts are."""
    left, right = fold(low ^ _K0, other_low ^ _K1), fold(high ^ _K2, other_high ^ _K3)
    return fold(left ^ other_high, low ^ _K3) ^ right, fold(right ^ other_low, high ^ _K1) ^ left


@merged
def find(keys: UInt64s, numbers: UInt32s, low: np.uint64, high: np.uint64) -> int:
    """The number under a fingerprint in a table of a power of two of slots, 0 where there is none."""
    mask = U64(len(numbers) - 1)
    slot = low & mask
    while numbers[slot]:
        if keys[slot, 0] == low and keys[slot, 1] == high:
            break
        slot = (slot + U64(1)) & mask
    return numbers[slot]  # type: ignore[no-any-return]  # a number inside the kernel


@merged
def signed(number: np.uint64) -> int:
    """The number that zigzag encoding (``sint32``, ``sint64``) wrote as ``number``."""
    return whole(number >> U64(1)) ^ -whole(number & U64(1))
