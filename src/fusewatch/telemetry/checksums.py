"""CRC-32C, the checksum of Prometheus' blocks and of its streamed answers (RFC 3720, appendix B.4)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import load64
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Bytes

_POLYNOMIAL: Final = 0x82F63B78
_U8, _U32, _U64 = np.uint64(8), np.uint64(32), np.uint64(0xFF)


def _tables() -> NDArray[np.uint64]:
    """(8, 256): the checksum of one byte followed by 0 to 7 zero bytes, so that eight bytes are taken at once ("slicing by 8")."""
    tables = np.zeros((8, 256), np.uint64)
    for byte in range(256):
        word = byte
        for _ in range(8):
            word = word >> 1 ^ (_POLYNOMIAL if word & 1 else 0)
        tables[0, byte] = word
    for k in range(1, 8):
        tables[k] = tables[k - 1] >> _U8 ^ tables[0][tables[k - 1] & _U64]
    return tables


_TABLES: Final = _tables()


@inlined
def crc32c(data: Bytes, start: int, end: int) -> np.uint64:
    """The checksum of ``data[start:end]``, 32 bits."""
    word, at = np.uint64(0xFFFFFFFF), start
    while at + 8 <= end:
        eight = load64(data, np.uint64(at)) ^ word
        word = np.uint64(0)
        for k in range(8):
            word ^= _TABLES[7 - k, eight >> np.uint64(8 * k) & _U64]
        at += 8
    while at < end:
        word = word >> _U8 ^ _TABLES[0, (word ^ np.uint64(data[at])) & _U64]
        at += 1
    return word ^ np.uint64(0xFFFFFFFF)


@kernel
def crc32c_of(data: Bytes, start: int, end: int) -> int:
    """:func:`crc32c`, callable from Python."""
    return np.int64(crc32c(data, start, end))  # type: ignore[return-value]  # a number inside the kernel
