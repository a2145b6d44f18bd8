"""Writing protobuf in kernels (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Bytes

_U7, _U127, _U128 = np.uint64(7), np.uint64(127), np.uint64(128)


@inlined
def varint_size(word: np.uint64) -> int:
    """Bytes of a number: 1 to 10."""
    size = 1
    while word >= _U128:
        word >>= _U7
        size += 1
    return size


@inlined
def put_varint(out: Bytes, at: int, word: np.uint64) -> int:
    """Writes a number; the position behind."""
    while word >= _U128:
        out[at] = word & _U127 | _U128
        word >>= _U7
        at += 1
    out[at] = word
    return at + 1


@inlined
def put_fixed64(out: Bytes, at: int, word: np.uint64) -> int:
    """Writes eight bytes, the lowest first; the position behind."""
    for k in range(8):
        out[at + k] = word >> np.uint64(8 * k) & np.uint64(0xFF)
    return at + 8


@inlined
def put_bytes(out: Bytes, at: int, data: Bytes, start: int, end: int) -> int:
    """Copies ``data[start:end]``; the position behind."""
    out[at : at + end - start] = data[start:end]
    return at + end - start


def varint(number: int) -> bytes:
    """A number, in Python: negative ones as 64 bits."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def message(number: int, data: bytes) -> bytes:
    """A field that has a length: a message, a string, bytes."""
    return varint(number << 3 | 2) + varint(len(data)) + data
