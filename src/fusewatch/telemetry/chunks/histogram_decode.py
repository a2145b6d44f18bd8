"""Chunks of native histograms (encodings 2 and 3, and 5 and 6 with start timestamps) to histograms' binary forms.

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md#histogram-chunk-data
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.bits import U64, read_bits, read_varbit, read_varint, whole
from fusewatch.telemetry.chunks.encodings import MALFORMED, ChunkError, Encoding
from fusewatch.telemetry.chunks.layout import COUNT, HEAD_WORDS, KIND, PARTS, SUM, ZERO_COUNT, part, read_layout
from fusewatch.telemetry.chunks.xor import read_xor
from fusewatch.telemetry.hashing import SLACK
from fusewatch.telemetry.histograms import ResetHint
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import STALE_BITS, Bytes, Int64s, UInt64s

HEADER_BYTES: Final = 3
_STALE: Final = np.uint64(STALE_BITS)
_FLOATS: Final = (int(Encoding.FLOAT_HISTOGRAM), int(Encoding.FLOAT_HISTOGRAM_ST))
_WITH_START: Final = (int(Encoding.HISTOGRAM_ST), int(Encoding.FLOAT_HISTOGRAM_ST))
_GAUGE_FLAG: Final = 3
_GAUGE, _UNKNOWN, _NO = (np.uint64(int(hint)) for hint in (ResetHint.GAUGE, ResetHint.UNKNOWN, ResetHint.NO))


@inlined
def header(data: Bytes, start: int, encoding: int) -> tuple[int, bool, int]:
    """Samples of the chunk at ``start``, whether they are gauges, and from which sample on start timestamps follow (-1: the first too)."""
    first, second, third = whole(data[start]), whole(data[start + 1]), whole(data[start + 2])
    if encoding in _WITH_START:
        return (first & 63) << 8 | second, first >> 6 == _GAUGE_FLAG, third
    return first << 8 | second, third >> 6 == _GAUGE_FLAG, 0


@kernel
def measure_histograms(data: Bytes, start: int, end: int, encoding: int) -> tuple[int, int]:
    """Samples of the chunk ``data[start:end]`` and the words that each takes at most; MALFORMED where it can't be one."""
    if end - start <= HEADER_BYTES:
        return MALFORMED, 0
    samples, _, _ = header(data, start, encoding)
    size, _ = read_layout(data, (start + HEADER_BYTES) << 3, end << 3, np.empty(0, np.uint64), 0)
    if size < 0 or samples > (end - start) << 3:
        return MALFORMED, 0
    return samples, size


@inlined
def _start_time(data: Bytes, at: int, starts: int, k: int) -> int:
    """Reads over the start timestamp behind sample ``k``, if there is one; the position behind."""
    if k == 0:
        return read_leb_bits(data, at) if starts & 128 else at
    return read_varint(data, at)[1] if 0 < (starts & 127) <= k else at


@inlined
def read_leb_bits(data: Bytes, at: int) -> int:
    """The position behind a number of seven bits a byte that begins anywhere."""
    for k in range(10):
        if not read_bits(data, at + 8 * k, 8) & U64(128):
            return at + 8 * (k + 1)
    return at + 80


@inlined
def _first_sample(data: Bytes, at: int, stop: int, floats: int, words: UInt64s, body: int, buckets: Int64s) -> tuple[int, int]:
    """Timestamp of the first sample, and the position behind it; fills the words and what later samples are measured from."""
    time, at = read_varint(data, at)
    for field in (COUNT, ZERO_COUNT):
        if at > stop:
            return time, at
        if floats:
            words[body + field], at = read_bits(data, at, 64), at + 64
        else:
            words[body + field], _, at = read_varbit(data, at)
    if at > stop:
        return time, at
    words[body + SUM], at = read_bits(data, at, 64), at + 64
    for k in range(len(buckets)):
        if at > stop:
            break
        if floats:
            buckets[k], at = whole(read_bits(data, at, 64)), at + 64
        else:
            buckets[k], at = read_varint(data, at)
    return time, at


@inlined
def _next_counts(data: Bytes, at: int, stop: int, floats: int, words: UInt64s, body: int, steps: Int64s) -> int:
    """Count, zero count and sum of a later sample, in whose words stand those of the sample before; the position behind."""
    fields = (COUNT, ZERO_COUNT)
    for k in range(2):
        field = fields[k]
        if at > stop:
            return at
        if floats:
            words[body + field], steps[2 * k], steps[2 * k + 1], at = read_xor(
                data, at, words[body + field], steps[2 * k], steps[2 * k + 1]
            )
        else:
            change, at = read_varint(data, at)
            steps[k] += change
            words[body + field] += U64(steps[k])
    if at > stop:
        return at
    words[body + SUM], steps[4], steps[5], at = read_xor(data, at, words[body + SUM], steps[4], steps[5])
    return at


@inlined
def _next_buckets(data: Bytes, at: int, stop: int, floats: int, buckets: Int64s, steps: Int64s) -> int:
    """The buckets of a later sample; ``steps`` has two numbers for each. The position behind."""
    for k in range(len(buckets)):
        if at > stop:
            break
        if floats:
            bits, steps[2 * k], steps[2 * k + 1], at = read_xor(data, at, U64(buckets[k]), steps[2 * k], steps[2 * k + 1])
            buckets[k] = whole(bits)
        else:
            change, at = read_varint(data, at)
            steps[k] += change
            buckets[k] += steps[k]
    return at


@inlined
def _put_buckets(words: UInt64s, first: int, positive: int, floats: int, buckets: Int64s) -> None:
    """Writes the buckets as they are (floats), or as counts where they are differences from bucket to bucket."""
    count = 0
    for k in range(len(buckets)):
        if k == positive:
            count = 0
        count = buckets[k] if floats else count + buckets[k]
        words[first + k] = U64(count)


@kernel
def decode_histograms(data: Bytes, start: int, end: int, encoding: int, times: Int64s, ends: Int64s, words: UInt64s, row: int) -> int:
    """Writes the histograms of the chunk ``data[start:end]``, whose :func:`measure_histograms` was taken; how many, or MALFORMED.

    ``times[row:]`` get timestamps (ms); histogram k is ``words[ends[k]:ends[k + 1]]``, of which ``ends[row]`` is given. A staleness
    marker is a head without buckets. SLACK bytes behind ``end`` must be readable.
    """
    samples, gauge, starts = header(data, start, encoding)
    floats = encoding in _FLOATS
    at, stop = (start + HEADER_BYTES) << 3, end << 3
    if samples == 0:
        return 0
    body = ends[row]
    size, at = read_layout(data, at, stop, words, body)
    if size < 0 or at >= stop:
        return MALFORMED
    layout, last = words[body : body + size].copy(), words[body : body + HEAD_WORDS].copy()
    positive, total = part(layout[PARTS], 2), part(layout[PARTS], 2) + part(layout[PARTS], 3)
    first = HEAD_WORDS + part(layout[PARTS], 0) + part(layout[PARTS], 1)
    buckets, bucket_steps, steps = np.zeros(total, np.int64), np.zeros(2 * total, np.int64), np.zeros(6, np.int64)
    time, step = 0, 0
    for k in range(samples):
        if k == 0:
            time, at = _first_sample(data, at, stop, floats, last, 0, buckets)
        else:
            change, at = read_varint(data, at)
            step += change
            time += step
            if at > stop:
                return MALFORMED
            at = _next_counts(data, at, stop, floats, last, 0, steps)
            if at <= stop and last[SUM] != _STALE:
                at = _next_buckets(data, at, stop, floats, buckets, bucket_steps)
        if at <= stop:
            at = _start_time(data, at, starts, k)
        if at > stop:
            return MALFORMED
        times[row + k], body = time, ends[row + k]
        if last[SUM] == _STALE:
            words[body : body + HEAD_WORDS] = U64(0)
            words[body + KIND], words[body + SUM] = U64(floats), _STALE
            ends[row + k + 1] = body + HEAD_WORDS
            continue
        words[body : body + size] = layout
        words[body + SUM], words[body + COUNT], words[body + ZERO_COUNT] = last[SUM], last[COUNT], last[ZERO_COUNT]
        hint = _GAUGE if gauge else (_NO if k else _UNKNOWN)
        words[body + KIND] = layout[KIND] | U64(floats) | hint << U64(8)
        _put_buckets(words, body + first, positive, floats, buckets)
        ends[row + k + 1] = body + size
    return samples


def decode(chunk: bytes, encoding: Encoding) -> list[tuple[int, bytes]]:
    """Timestamp (ms) and binary form of each histogram of a chunk.

    Raises:
        ChunkError: it is none.
    """
    data, size = np.frombuffer(chunk + bytes(SLACK), np.uint8), len(chunk)
    samples, width = measure_histograms(data, 0, size, int(encoding))
    rows = max(samples, 0)
    times, ends, words = np.empty(rows, np.int64), np.zeros(rows + 1, np.int64), np.empty(rows * width + 1, np.uint64)
    if samples < 0 or decode_histograms(data, 0, size, int(encoding), times, ends, words, 0) < 0:
        raise ChunkError(f"not a chunk of {encoding.name.lower().replace('_', ' ')}s: its {size} bytes make no sense")
    return [(int(times[k]), words[ends[k] : ends[k + 1]].tobytes()) for k in range(rows)]
