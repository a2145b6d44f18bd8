"""Native histograms to chunks (encodings 2 and 3); the inverse of :mod:`fusewatch.telemetry.chunks.histogram_decode`.

All histograms of a chunk share one layout, and no counter is reset within it: where that ends, the chunk ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.bits import U64, whole, write_bits, write_varint, write_varuint
from fusewatch.telemetry.chunks.encodings import USUAL_SAMPLES, Encoding
from fusewatch.telemetry.chunks.histogram_decode import HEADER_BYTES
from fusewatch.telemetry.chunks.layout import (
    COUNT,
    HEAD_WORDS,
    KIND,
    PARTS,
    SUM,
    THRESHOLD,
    ZERO_COUNT,
    bounds_in,
    buckets_in,
    part,
    spans_in,
    write_layout,
)
from fusewatch.telemetry.chunks.xor import NO_WINDOW, write_xor
from fusewatch.telemetry.histograms import ResetHint
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import STALE_BITS, Bytes, Int64s, UInt64s

#: What a word of a histogram takes in a chunk at most, and a chunk beside its histograms.
BYTES_PER_WORD: Final = 20
BYTES_PER_HISTOGRAM: Final = 32
#: A chunk that is longer than this is over once it holds a few samples.
_TARGET_BYTES: Final = 1024
_LEAST_SAMPLES: Final = 10
_STALE: Final = np.uint64(STALE_BITS)
_GAUGE, _YES, _NO = (int(hint) for hint in (ResetHint.GAUGE, ResetHint.YES, ResetHint.NO))
#: Schema, kind and number of bounds, without the reset hint.
_KIND_MASK: Final = np.uint64(0xFFFFFFFF_FFFF00FF)


@inlined
def _hint(words: UInt64s, body: int) -> int:
    return whole(words[body + KIND] >> U64(8) & U64(255))


@inlined
def _less(left: np.uint64, right: np.uint64, floats: int, numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Whether a count is below another; ``numbers`` is a float64 view of scratch space of two words."""
    if not floats:
        return bool(whole(left) < whole(right))
    scratch = numbers.view(np.uint64)
    scratch[0], scratch[1] = left, right
    return bool(numbers[0] < numbers[1])


@inlined
def _continues(words: UInt64s, before: int, body: int) -> bool:
    """Whether the histogram at ``body`` may stand in one chunk behind the one at ``before``."""
    stale = words[body + SUM] == _STALE
    if (words[before + KIND] ^ words[body + KIND]) & U64(1) or (words[before + SUM] == _STALE and not stale):
        return False
    if stale:
        return True
    gauge = _hint(words, body) == _GAUGE
    if gauge != (_hint(words, before) == _GAUGE) or _hint(words, body) == _YES:
        return False
    if (words[before + KIND] ^ words[body + KIND]) & _KIND_MASK or words[before + PARTS] != words[body + PARTS]:
        return False
    first = HEAD_WORDS + spans_in(words, body)
    last = first + buckets_in(words, body)
    same = words[before + THRESHOLD] == words[body + THRESHOLD]
    for k in range(HEAD_WORDS, first):
        same = same and words[before + k] == words[body + k]
    for k in range(last, last + bounds_in(words[body + KIND])):
        same = same and words[before + k] == words[body + k]
    if not same or gauge:
        return bool(same)
    floats, numbers = bool(words[body + KIND] & U64(1)), np.empty(2, np.float64)
    reset = _less(words[body + COUNT], words[before + COUNT], floats, numbers)
    reset = reset or _less(words[body + ZERO_COUNT], words[before + ZERO_COUNT], floats, numbers)
    for k in range(first, last):
        reset = reset or _less(words[body + k], words[before + k], floats, numbers)
    return not reset


@inlined
def _bucket(words: UInt64s, first: int, k: int, positive: int, floats: int) -> int:
    """What a chunk keeps of bucket ``k``: its bits, or its difference to the bucket before."""
    count = whole(words[first + k])
    return count if floats or k in (0, positive) else count - whole(words[first + k - 1])


@inlined
def _write_first(out: Bytes, at: int, time: int, words: UInt64s, body: int) -> int:
    """Layout and first sample; the position behind."""
    floats = bool(words[body + KIND] & U64(1))
    at = write_layout(out, at, words, body)
    at = write_varint(out, at, time)
    for field in (COUNT, ZERO_COUNT):
        at = write_bits(out, at, words[body + field], 64) if floats else write_varuint(out, at, words[body + field])
    at = write_bits(out, at, words[body + SUM], 64)
    first, positive = body + HEAD_WORDS + spans_in(words, body), part(words[body + PARTS], 2)
    for k in range(buckets_in(words, body)):
        bucket = _bucket(words, first, k, positive, floats)
        at = write_bits(out, at, U64(bucket), 64) if floats else write_varint(out, at, bucket)
    return at


@inlined
def _write_counts(out: Bytes, at: int, words: UInt64s, before: int, body: int, steps: Int64s) -> int:
    """Count, zero count and sum of a later sample; the position behind."""
    floats, stale = bool(words[body + KIND] & U64(1)), words[body + SUM] == _STALE
    fields = (COUNT, ZERO_COUNT)
    for k in range(2):
        new, old = words[body + fields[k]], words[before + fields[k]]
        if floats:
            steps[2 * k], steps[2 * k + 1], at = write_xor(out, at, new ^ old, steps[2 * k], steps[2 * k + 1])
        else:
            step = whole(new) - whole(old)
            at = write_varint(out, at, 0 if stale else step - steps[k])
            steps[k] = step
    steps[4], steps[5], at = write_xor(out, at, words[body + SUM] ^ words[before + SUM], steps[4], steps[5])
    return at


@inlined
def _write_buckets(out: Bytes, at: int, words: UInt64s, before: int, body: int, steps: Int64s) -> int:
    """The buckets of a later sample, ``steps`` two numbers for each; the position behind."""
    floats = bool(words[body + KIND] & U64(1))
    first, positive = HEAD_WORDS + spans_in(words, body), part(words[body + PARTS], 2)
    for k in range(buckets_in(words, body)):
        new, old = _bucket(words, body + first, k, positive, floats), _bucket(words, before + first, k, positive, floats)
        if floats:
            steps[2 * k], steps[2 * k + 1], at = write_xor(out, at, U64(new) ^ U64(old), steps[2 * k], steps[2 * k + 1])
        else:
            at = write_varint(out, at, new - old - steps[k])
            steps[k] = new - old
    return at


@inlined
def _fresh_steps(buckets: int, floats: int) -> tuple[Int64s, Int64s]:
    """Of count, zero count and sum, and of the buckets: differences so far, or windows of changed bits."""
    steps, bucket_steps = np.zeros(6, np.int64), np.zeros(2 * buckets, np.int64)
    steps[4] = NO_WINDOW
    if floats:
        steps[0], steps[2] = NO_WINDOW, NO_WINDOW
        bucket_steps[::2] = NO_WINDOW
    return steps, bucket_steps


@kernel
def encode_histograms(times: Int64s, ends: Int64s, words: UInt64s, first: int, last: int, out: Bytes, start: int) -> tuple[int, int]:
    """Writes a chunk of as many of the rows ``first`` to ``last`` (exclusive, at least one) as belong together.

    Row k is ``words[ends[k]:ends[k + 1]]`` at ``times[k]`` (ms). Returns the row that comes next, and where the chunk ends in ``out``,
    which must be zero from ``start`` on. A staleness marker must be a head without anything else.
    """
    body = ends[first]
    floats = bool(words[body + KIND] & U64(1))
    hint = _hint(words, body)
    out[start + 2] = 0xC0 if hint == _GAUGE else (0x80 if hint == _YES else (0x40 if hint == _NO else 0))
    begin = (start + HEADER_BYTES) << 3
    at = _write_first(out, begin, times[first], words, body)
    steps, bucket_steps = _fresh_steps(buckets_in(words, body), floats)
    row, step = first + 1, 0
    while row < last and row - first < USUAL_SAMPLES:
        if (at - begin) >> 3 >= _TARGET_BYTES and row - first >= _LEAST_SAMPLES:
            break
        before, body = ends[row - 1], ends[row]
        if not _continues(words, before, body):
            break
        change = times[row] - times[row - 1] - step
        step += change
        at = write_varint(out, at, change)
        at = _write_counts(out, at, words, before, body, steps)
        if words[body + SUM] != _STALE:
            at = _write_buckets(out, at, words, before, body, bucket_steps)
        row += 1
    out[start], out[start + 1] = (row - first) >> 8, (row - first) & 255
    return row, (at + 7) >> 3


def room(rows: int, words: int) -> int:
    """Bytes that the chunks of so many histograms, of so many words in all, take at most."""
    return BYTES_PER_HISTOGRAM * rows + BYTES_PER_WORD * words


def encode(times: Int64s, ends: Int64s, words: UInt64s) -> Iterator[tuple[Encoding, int, int, bytes]]:
    """The chunks of a series: encoding, first and last timestamp (ms), data; rows as in :func:`encode_histograms`."""
    row = 0
    out = np.zeros(room(len(times), int(ends[-1] - ends[0])), np.uint8)
    start = 0
    while row < len(times):
        first = row
        row, end = encode_histograms(times, ends, words, first, len(times), out, start)
        kind = Encoding.FLOAT_HISTOGRAM if int(words[ends[first]]) & 1 else Encoding.HISTOGRAM
        yield kind, int(times[first]), int(times[row - 1]), out[start:end].tobytes()
        start = end
