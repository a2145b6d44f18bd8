"""Native histograms out of OTLP's histograms, inside kernels.

What is written is the binary form of :mod:`fusewatch.telemetry.histograms`, as words of eight bytes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, load64
from fusewatch.telemetry.histogram_layout import write_buckets, write_head, write_spans
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, HEAD_BYTES, LEAST_SCHEMA, MOST_PARTS, MOST_SCHEMA
from fusewatch.telemetry.kernels import merged
from fusewatch.telemetry.otlp.points import (
    BOUNDS,
    BUCKET_COUNTS,
    COUNT,
    ENDS,
    NEGATIVE,
    POSITIVE,
    SCALE,
    STARTS,
    TOTAL,
    ZERO_COUNT,
    ZERO_THRESHOLD,
    has,
)
from fusewatch.telemetry.otlp.wire import MALFORMED, TOO_MANY, UNUSUAL, field, signed, varint, whole
from fusewatch.telemetry.samples import STALE_BITS, Int64s, UInt64s

#: Why a point is refused, the rest of the codes of :mod:`fusewatch.telemetry.otlp.walker`.
BAD_SCALE, BAD_COUNT, TOO_MANY_BUCKETS, BAD_BUCKETS = 1, 2, 3, 4
#: The zero bucket's width where the sender names none, as Prometheus sets it.
_ZERO_THRESHOLD_BITS: Final = np.float64(1e-128).view(np.uint64)
_HEAD_WORDS: Final = HEAD_BYTES // 8
_STALE: Final = U64(STALE_BITS)
_TOP: Final = U64(1) << U64(63)
_MOST_SHIFT: Final = 62
#: What the counts of one point take while they are merged.
COUNT_WORDS: Final = 2 * MOST_PARTS


@merged
def _unpack(buffer: Bytes, bounds: tuple[np.uint64, np.uint64], shift: int, counts: Int64s, first: int) -> tuple[int, int, int]:
    """The Buckets message at ``bounds`` into ``counts[first:]``, 2**shift buckets merged into one.

    Returns where they end there (or MALFORMED, UNUSUAL, or -10 - a reason), the index of the first bucket in Prometheus'
    numbering, which is one more than OpenTelemetry's, and the sum of all.
    """
    i, end = bounds
    offset, start, stop, total = whole(0), U64(0), U64(0), U64(0)
    while i < end:
        tag, at, i = field(buffer, i, end)
        if i > end:
            return MALFORMED, 0, 0
        if tag == U64(0x08):
            offset = signed(varint(buffer, at, i)[0])
        elif tag == U64(0x12):
            if stop:
                return UNUSUAL, 0, 0
            start, stop = at, i
        elif tag == U64(0x10):
            return UNUSUAL, 0, 0
    base, last, index = offset >> whole(shift), whole(first) - 1, offset
    while start < stop:
        count, start = varint(buffer, start, stop)
        if start > stop:
            return MALFORMED, 0, 0
        total += count
        if count >= _TOP or total >= _TOP:
            return -10 - BAD_COUNT, 0, 0
        place = whole(first) + (index >> whole(shift)) - base
        if place >= first + MOST_PARTS:
            return -10 - TOO_MANY_BUCKETS, 0, 0
        if place > last:
            counts[place] = 0
            last = place
        counts[place] += whole(count)
        index += whole(1)
    return last + 1, base + 1, whole(total)


@merged
def exponential(buffer: Bytes, point: UInt64s, is_stale: bool, counts: Int64s, words: UInt64s, at: int) -> int:
    """Writes an ExponentialHistogramDataPoint as words from ``at`` on; the word behind it.

    Else MALFORMED, UNUSUAL, TOO_MANY, or -10 - the reason why it is refused. Scales above 8 are merged down to 8.
    """
    scale = signed(point[SCALE]) if has(point, SCALE) else whole(0)
    if scale < LEAST_SCHEMA:
        return -10 - BAD_SCALE
    shift = min(max(scale - MOST_SCHEMA, 0), _MOST_SHIFT)
    edges, indexes, total = (0, 0, 0), (0, 0), whole(0)
    for side in range(2):
        number = NEGATIVE if side else POSITIVE
        first = edges[1] if side else 0
        stop, index, observed = first, 0, 0
        if has(point, number) and not is_stale:
            stop, index, observed = _unpack(buffer, (point[STARTS + number], point[ENDS + number]), shift, counts, first)
            if stop < 0:
                return stop
        edges = (0, edges[1], stop) if side else (0, stop, stop)
        indexes = (indexes[0], index) if side else (index, index)
        total += whole(observed)
    if max(abs(indexes[0]), abs(indexes[1])) >= 1 << 31:
        return -10 - BAD_BUCKETS
    count = point[COUNT] if has(point, COUNT) and not is_stale else U64(0)
    zeros = point[ZERO_COUNT] if has(point, ZERO_COUNT) and not is_stale else U64(0)
    if count >= _TOP or zeros >= _TOP or U64(total) + zeros > count:
        return -10 - BAD_COUNT
    if at + _HEAD_WORDS + 2 * edges[2] + 2 > len(words):
        return TOO_MANY
    spans_at = at + _HEAD_WORDS
    middle, positive_spans, positive_buckets = write_spans(counts, 0, edges[1], indexes[0], words, spans_at)
    behind, negative_spans, negative_buckets = write_spans(counts, edges[1], edges[2], indexes[1], words, middle)
    out = write_buckets(counts, 0, words, (spans_at, middle), behind)
    out = write_buckets(counts, edges[1], words, (middle, behind), out)
    write_head(min(scale, MOST_SCHEMA), (positive_spans, negative_spans), (positive_buckets, negative_buckets), 0, words, at)
    words[at + 2] = _STALE if is_stale else (point[TOTAL] if has(point, TOTAL) else U64(0))
    threshold = point[ZERO_THRESHOLD] if has(point, ZERO_THRESHOLD) else U64(0)
    words[at + 3] = threshold or _ZERO_THRESHOLD_BITS
    words[at + 4], words[at + 5] = count, zeros
    return out


@merged
def custom(buffer: Bytes, point: UInt64s, is_stale: bool, counts: Int64s, words: UInt64s, at: int) -> int:
    """Writes a HistogramDataPoint with custom buckets as words from ``at`` on; the word behind it, else as :func:`exponential`.

    That bounds ascend and counts are one more than bounds is for the caller to know.
    """
    start, stop = (point[STARTS + BUCKET_COUNTS], point[ENDS + BUCKET_COUNTS]) if has(point, BUCKET_COUNTS) else (U64(0), U64(0))
    if is_stale:
        stop = start
    n, total = whole((stop - start) // U64(8)), U64(0)
    if n > MOST_PARTS:
        return -10 - TOO_MANY_BUCKETS
    for k in range(n):
        one = load64(buffer, start + U64(8 * k))
        total += one
        if one >= _TOP or total >= _TOP:
            return -10 - BAD_COUNT
        counts[k] = whole(one)
    count = point[COUNT] if has(point, COUNT) and not is_stale else U64(0)
    if count >= _TOP or total > count:
        return -10 - BAD_COUNT
    first, last = (point[STARTS + BOUNDS], point[ENDS + BOUNDS]) if has(point, BOUNDS) else (U64(0), U64(0))
    bounds = whole((last - first) // U64(8))
    if at + _HEAD_WORDS + 2 * n + bounds + 2 > len(words):
        return TOO_MANY
    spans_at = at + _HEAD_WORDS
    middle, spans, buckets = write_spans(counts, 0, n, 0, words, spans_at)
    out = write_buckets(counts, 0, words, (spans_at, middle), middle)
    for k in range(bounds):
        words[out + k] = load64(buffer, first + U64(8 * k))
    write_head(CUSTOM_SCHEMA, (spans, 0), (buckets, 0), bounds, words, at)
    words[at + 2] = _STALE if is_stale else (point[TOTAL] if has(point, TOTAL) else U64(0))
    words[at + 3] = words[at + 5] = U64(0)
    words[at + 4] = count
    return out + bounds
