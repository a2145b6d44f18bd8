"""How the columns of roll-ups become bytes and numbers again.

Most columns of most series need no compression: scrapes are regular, so a day's windows have the same count and the same times, perhaps
but for the first and the last of them; counters hardly ever fall; and the smallest and largest value of a counter's window are its first
and its last. What is left is compressed by pcodec where that pays. The 24 windows of an hour are left to ClickHouse's own compression:
pcodec's header would take as much as it saves, and calling it longer than all the rest of a read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage import rollup_kernels as codes
from fusewatch.storage.chunk_codec import BITS, FLOATS, decode_times, decode_values, encode_times, encode_values
from fusewatch.storage.rollup_kernels import classify, unpack
from fusewatch.storage.series_kernels import UInt8s
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Columns of fewer windows are not worth a call of pcodec.
_FEW: Final = 64
_CODE: Final = [bytes([code]) for code in range(6)]


def encode_column(
    offsets: Int64s, column: NDArray[np.int64] | NDArray[np.float64], other: NDArray[np.float64] | None = None
) -> list[bytes]:
    """The bytes of each series' part of a column (n); ``offsets`` (series + 1). ``other`` (n): what it may be the same as.

    Raises:
        CorruptChunkError: it can't be encoded so that it comes back bit for bit.
    """
    bits, whole = column.view(np.uint64), column.dtype == np.int64
    against = np.empty(0, np.uint64) if other is None else other.view(np.uint64)
    kinds = np.empty(len(offsets) - 1, np.uint8)
    classify(offsets, bits, against, kinds)
    edges = offsets.tolist()
    return [_encoded(kind, bits[edges[row] : edges[row + 1]], whole=whole) for row, kind in enumerate(kinds.tolist())]


def _encoded(kind: int, bits: UInt64s, *, whole: bool) -> bytes:
    if kind == codes.SAME:
        return _CODE[codes.SAME]
    if kind == codes.CONSTANT:
        return _CODE[codes.CONSTANT] + bits[:1].tobytes()
    if kind == codes.BUT_EDGES:
        return _CODE[codes.BUT_EDGES] + bits[:1].tobytes() + bits[1:2].tobytes() + bits[-1:].tobytes()
    if len(bits) < _FEW:
        return _CODE[codes.PLAIN] + bits.tobytes()
    if whole:
        return _CODE[codes.NUMBERS] + encode_times(bits.view(np.int64))
    coding, data = encode_values(bits)
    return _CODE[codes.PLAIN] + bits.tobytes() if coding == BITS else _CODE[codes.FLOATS] + data


def decode_column(blobs: Sequence[bytes], positions: Int64s, out: UInt64s) -> None:
    """Each series' part of a column to ``out[positions[row]:positions[row + 1]]``.

    Raises:
        CorruptChunkError: these are not such bytes.
    """
    starts = np.zeros(len(blobs), np.int64)
    np.cumsum([len(blob) for blob in blobs[:-1]], out=starts[1:])
    by_pcodec: UInt8s = np.empty(len(blobs), np.uint8)
    unpack(np.frombuffer(bytearray().join(blobs), np.uint8), starts, positions, out, by_pcodec)
    for row in np.flatnonzero(by_pcodec).tolist():
        part = out[positions[row] : positions[row + 1]]
        if blobs[row][0] == codes.NUMBERS:
            decode_times(blobs[row][1:], part.view(np.int64))
        else:
            decode_values(FLOATS, blobs[row][1:], part)
