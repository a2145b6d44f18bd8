"""XOR chunks (encoding 1): float samples as second differences of timestamps and changed bits of values.

After "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (2015, https://www.vldb.org/pvldb/vol8/p1816-teller.pdf) with Prometheus'
widths (https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md#xor-chunk-data)::

    uint16 number of samples, big-endian
    varint first timestamp (ms), 64 bits of its value
    uvarint first difference of timestamps, changed bits of the value
    second difference of timestamps, changed bits of the value …
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.bits import (
    U64,
    leading_zeros,
    peek,
    read_bits,
    read_leb,
    read_time_step,
    trailing_zeros,
    unzigzag,
    whole,
    write_bits,
    write_leb,
    write_time_step,
    zigzag,
)
from fusewatch.telemetry.chunks.encodings import FAR, MALFORMED, MOST_SAMPLES, ChunkError
from fusewatch.telemetry.hashing import SLACK
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

#: No sample takes more bytes, and no chunk more bytes beside its samples.
BYTES_PER_SAMPLE: Final = 20
BYTES_PER_CHUNK: Final = 4
#: Stands for "no window of changed bits yet".
NO_WINDOW: Final = 255


@inlined
def read_xor(data: Bytes, at: int, value: np.uint64, leading: int, trailing: int) -> tuple[np.uint64, int, int, int]:
    """The value whose difference to ``value`` stands at ``at``, its zeros before and behind, and the position behind."""
    word = peek(data, at)
    if word >> U64(63) == U64(0):
        return value, leading, trailing, at + 1
    if word >> U64(62) == U64(2):
        at += 2
        width = 64 - leading - trailing
    else:
        leading, width = whole(word >> U64(57) & U64(31)), whole(word >> U64(51) & U64(63))
        at += 13
        if width == 0:
            width = 64
        trailing = 64 - leading - width
        if trailing < 0:
            return value, 0, 0, FAR
    return value ^ read_bits(data, at, width) << U64(trailing), leading, trailing, at + width


@inlined
def write_xor(out: Bytes, at: int, changed: np.uint64, leading: int, trailing: int) -> tuple[int, int, int]:
    """Writes the bits in which a value differs from the one before; zeros before and behind them, and the position behind."""
    if changed == U64(0):
        return leading, trailing, at + 1
    before, behind = min(leading_zeros(changed), 31), trailing_zeros(changed)
    if leading != NO_WINDOW and before >= leading and behind >= trailing:
        at = write_bits(out, at, U64(2), 2)
        return leading, trailing, write_bits(out, at, changed >> U64(trailing), 64 - leading - trailing)
    width = 64 - before - behind
    at = write_bits(out, at, U64(3), 2)
    at = write_bits(out, at, U64(before), 5)
    at = write_bits(out, at, U64(width) & U64(63), 6)
    return before, behind, write_bits(out, at, changed >> U64(behind), width)


@kernel
def decode_xor(data: Bytes, start: int, end: int, times: Int64s, bits: UInt64s, row: int) -> int:
    """Writes the samples of the chunk ``data[start:end]`` to ``times`` (ms) and value ``bits`` from ``row`` on; how many, or MALFORMED.

    SLACK bytes behind ``end`` must be readable, and as many rows as the chunk's first two bytes say must be there.
    """
    if end - start < 2:
        return MALFORMED
    samples = (whole(data[start]) << 8) | whole(data[start + 1])
    at, stop = (start + 2) << 3, end << 3
    time, step, value = 0, 0, U64(0)
    leading, trailing = 0, 0
    for k in range(samples):
        if at >= stop:
            return MALFORMED
        if k == 0:
            word, at = read_leb(data, at)
            if at >= stop:
                return MALFORMED
            time, value, at = unzigzag(word), read_bits(data, at, 64), at + 64
        else:
            if k == 1:
                word, at = read_leb(data, at)
                step = whole(word)
            else:
                change, at = read_time_step(data, at)
                step += change
            if at >= stop:
                return MALFORMED
            time += step
            value, leading, trailing, at = read_xor(data, at, value, leading, trailing)
        if at > stop:
            return MALFORMED
        times[row + k], bits[row + k] = time, value
    return samples


@kernel
def encode_xor(times: Int64s, bits: UInt64s, first: int, last: int, out: Bytes, start: int) -> int:
    """Writes rows ``first`` to ``last`` (exclusive, at most MOST_SAMPLES) as one chunk to ``out[start:]``; where it ends.

    ``out`` must be zero from ``start`` on and hold BYTES_PER_CHUNK, and BYTES_PER_SAMPLE for each row.
    """
    samples = last - first
    out[start], out[start + 1] = samples >> 8, samples & 255
    at = (start + 2) << 3
    step, leading, trailing = 0, NO_WINDOW, 0
    for row in range(first, last):
        if row == first:
            at = write_leb(out, at, zigzag(times[row]))
            at = write_bits(out, at, bits[row], 64)
            continue
        before, step = step, times[row] - times[row - 1]
        at = write_leb(out, at, U64(step)) if row == first + 1 else write_time_step(out, at, step - before)
        leading, trailing, at = write_xor(out, at, bits[row] ^ bits[row - 1], leading, trailing)
    return (at + 7) >> 3


def decode(chunk: bytes) -> tuple[Int64s, UInt64s]:
    """Timestamps (ms) and value bits of a chunk.

    Raises:
        ChunkError: it is none.
    """
    samples = int.from_bytes(chunk[:2], "big")
    times, bits = np.empty(samples, np.int64), np.empty(samples, np.uint64)
    if decode_xor(np.frombuffer(chunk + bytes(SLACK), np.uint8), 0, len(chunk), times, bits, 0) < 0:
        raise ChunkError(f"not an XOR chunk: {len(chunk)} bytes are said to hold {samples} samples")
    return times, bits


def encode(times: Int64s, bits: UInt64s) -> bytes:
    """The chunk of samples: timestamps (ms) and value bits.

    Raises:
        ChunkError: more than fit into one.
    """
    if len(times) > MOST_SAMPLES:
        raise ChunkError(f"a chunk holds at most {MOST_SAMPLES} samples, not {len(times)}")
    out = np.zeros(BYTES_PER_CHUNK + BYTES_PER_SAMPLE * len(times), np.uint8)
    return out[: encode_xor(times, bits, 0, len(times), out, 0)].tobytes()
