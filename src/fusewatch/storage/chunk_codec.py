"""How the samples of a chunk become bytes and samples again.

Values are compressed by pcodec (https://github.com/pcodec/pcodec) as float64. It is lossless by its own word; as the rows go when their
chunk is written, every chunk is decoded again before that. Should one ever differ, its bits are compressed as whole numbers instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xxhash
from numpy.typing import NDArray
from pcodec import ChunkConfig, standalone

from fusewatch.storage.errors import CorruptChunkError
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Codings of values: none (all are ``bits``), float64, whole numbers of 64 bits.
CONSTANT: Final = 0
FLOATS: Final = 1
BITS: Final = 2
#: Level 8 takes twice the time for the same size, on what exporters send.
_CONFIG: Final = ChunkConfig(compression_level=4)


def encode_values(bits: UInt64s) -> tuple[int, bytes]:
    """Coding and bytes of the value bits (n) of a chunk.

    Raises:
        CorruptChunkError: they can't be encoded so that they come back bit for bit.
    """
    for coding, numbers in ((FLOATS, bits.view(np.float64)), (BITS, bits)):
        data = standalone.simple_compress(numbers, _CONFIG)
        back = np.empty(len(bits), np.uint64)
        decode_values(coding, data, back)
        if np.array_equal(back, bits):
            return coding, data
    raise CorruptChunkError("pcodec does not give back what it was given")


def decode_values(coding: int, data: bytes, out: UInt64s) -> None:
    """The first ``len(out)`` value bits of a chunk into ``out``.

    Raises:
        CorruptChunkError: these are not such bytes.
    """
    _decode(data, out.view(np.float64) if coding == FLOATS else out)


def decode_parts(codings: Sequence[int], data: Sequence[bytes], spans: Sequence[Sequence[int]], out: UInt64s) -> None:
    """Values of many chunks (n): of each those from ``low`` to ``high``, which go to ``at``; ``spans`` are all at, low and high (n each).

    Raises:
        CorruptChunkError: these are not such bytes.
    """
    floats, decompress = out.view(np.float64), standalone.simple_decompress_into
    try:
        for coding, part, at, low, high in zip(codings, data, *spans, strict=True):
            whole = floats if coding == FLOATS else out
            numbers = whole[at : at + high] if low == 0 else np.empty(high, whole.dtype)
            if decompress(part, numbers).n_processed != high:
                raise CorruptChunkError(f"a chunk holds fewer numbers than {high}")
            if low:
                whole[at : at + high - low] = numbers[low:]
    except (RuntimeError, TypeError) as error:
        raise CorruptChunkError(f"a chunk can't be decoded: {error}") from error


def encode_times(times: Int64s) -> bytes:
    """Timestamps (n) as bytes."""
    return bytes(standalone.simple_compress(times, _CONFIG))


def decode_times(data: bytes, out: Int64s) -> None:
    """The first ``len(out)`` timestamps.

    Raises:
        CorruptChunkError: these are not such bytes.
    """
    _decode(data, out)


def times_key(times: Int64s) -> int:
    """By which chunks name timestamps that they share: XXH3-64, never 0."""
    return xxhash.xxh3_64_intdigest(times.view(np.uint8).data) or 1


def _decode(data: bytes, out: NDArray[Any]) -> None:
    try:
        done = standalone.simple_decompress_into(data, out).n_processed
    except (RuntimeError, TypeError) as error:
        raise CorruptChunkError(f"a chunk can't be decoded: {error}") from error
    if done != len(out):
        raise CorruptChunkError(f"a chunk holds {done} numbers, expected {len(out)}")
