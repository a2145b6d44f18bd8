"""XOR2 chunks (encoding 4): float samples with one prefix for timestamp and value, staleness markers of a few bits, start timestamps.

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md#xor2-chunk-data; start timestamps are read over.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.bits import U64, leading_zeros, peek, read_bits, read_leb, read_varint, unzigzag, whole
from fusewatch.telemetry.chunks.encodings import FAR, MALFORMED
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import STALE_BITS, Bytes, Int64s, UInt64s

_STALE: Final = np.uint64(STALE_BITS)


@inlined
def _changed(data: Bytes, at: int, value: np.uint64, leading: int, trailing: int) -> tuple[np.uint64, int, int, int]:
    """The value whose changed bits stand at ``at``, in the window of the value before."""
    width = 64 - leading - trailing
    return value ^ read_bits(data, at, width) << U64(trailing), leading, trailing, at + width


@inlined
def _windowed(data: Bytes, at: int, value: np.uint64) -> tuple[np.uint64, int, int, int]:
    """The value whose changed bits stand at ``at`` behind their window."""
    leading, width = whole(read_bits(data, at, 5)), whole(read_bits(data, at + 5, 6))
    if width == 0:
        width = 64
    if leading + width > 64:
        return value, 0, 0, FAR
    return _changed(data, at + 11, value, leading, 64 - leading - width)


@inlined
def _value(data: Bytes, at: int, value: np.uint64, leading: int, trailing: int) -> tuple[np.uint64, int, int, int]:
    """The value at ``at``, which may be the one before or a staleness marker."""
    ones = min(leading_zeros(~peek(data, at)), 3)
    if ones == 1:
        return _changed(data, at + 2, value, leading, trailing)
    if ones == 2:
        return _windowed(data, at + 3, value)
    return (_STALE if ones else value), leading, trailing, at + max(ones, 1)


@inlined
def _another(data: Bytes, at: int, value: np.uint64, leading: int, trailing: int) -> tuple[np.uint64, int, int, int]:
    """The value at ``at``, known to be another than the one before."""
    if peek(data, at) >> U64(63):
        return _windowed(data, at + 1, value)
    return _changed(data, at + 1, value, leading, trailing)


@inlined
def _wide(word: np.uint64, width: int) -> int:
    """Two's complement of ``width`` bits."""
    if width < 64 and word >> U64(width - 1):
        word -= U64(1) << U64(width)
    return whole(word)


@inlined
def _joint(data: Bytes, at: int) -> tuple[int, int, int]:
    """What the prefix says: 0 same value, 1 another value, 2 a value follows, 3 stale; the second difference; the position behind."""
    ones = min(leading_zeros(~peek(data, at)), 5)
    if ones == 0:
        return 0, 0, at + 1
    if ones == 1:
        return 1, 0, at + 2
    if ones == 2:
        return 2, _wide(read_bits(data, at + 3, 13), 13), at + 16
    if ones == 3:
        return 2, _wide(read_bits(data, at + 4, 20), 20), at + 24
    if ones == 4:
        return 2, _wide(read_bits(data, at + 5, 64), 64), at + 69
    return 3, 0, at + 5


@inlined
def _first(data: Bytes, at: int, stop: int, has_start: int) -> tuple[int, np.uint64, int]:
    """Timestamp and value of the first sample, and the position behind it and its start timestamp."""
    word, at = read_leb(data, at)
    if at >= stop:
        return 0, U64(0), FAR
    bits, at = read_bits(data, at, 64), at + 64
    if has_start != 0 and at < stop:
        _, at = read_leb(data, at)
    return unzigzag(word), bits, at


@inlined
def _step(data: Bytes, at: int, k: int, step: int) -> tuple[int, int, int]:
    """Of sample ``k`` what :func:`_joint` says, but the difference of timestamps itself, which was ``step`` before."""
    if k == 1:
        word, at = read_leb(data, at)
        return 2, whole(word), at
    kind, change, at = _joint(data, at)
    return kind, step + change, at


@kernel
def decode_xor2(data: Bytes, start: int, end: int, times: Int64s, bits: UInt64s, row: int) -> int:
    """As :func:`fusewatch.telemetry.chunks.xor.decode_xor`."""
    if end - start < 3:
        return MALFORMED
    samples = whole(data[start]) << 8 | whole(data[start + 1])
    starts_on = whole(data[start + 2] & 127)
    at, stop = (start + 3) << 3, end << 3
    time, step, value, shown, leading, trailing = 0, 0, U64(0), U64(0), 0, 0
    for k in range(samples):
        if at >= stop:
            return MALFORMED
        if k == 0:
            time, shown, at = _first(data, at, stop, whole(data[start + 2] & 128))
        else:
            kind, step, at = _step(data, at, k, step)
            if at > stop:
                return MALFORMED
            time += step
            shown = _STALE if kind == 3 else value
            if kind == 2:
                shown, leading, trailing, at = _value(data, at, value, leading, trailing)
            elif kind == 1:
                shown, leading, trailing, at = _another(data, at, value, leading, trailing)
            if at <= stop and 0 < starts_on <= k:
                _, at = read_varint(data, at)
        if at > stop:
            return MALFORMED
        if shown != _STALE:
            value = shown
        times[row + k], bits[row + k] = time, shown
    return samples
