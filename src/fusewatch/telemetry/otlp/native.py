"""Native histograms out of OTLP's histograms, inside kernels.

What is written is the binary form of :mod:`fusewatch.telemetry.histograms`, as words of eight bytes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, load64
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
#: So many empty buckets in a row are cheaper than a span of their own.
_GAP: Final = 2
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
def _layout(counts: Int64s, first: int, stop: int, index: int, words: UInt64s, at: int) -> tuple[int, int, int]:
    """Writes the spans of ``counts[first:stop]``, the first of which is bucket ``index``, as words from ``at`` on.

    Returns the word behind them, spans, and buckets inside the spans.
    """
    spans, buckets, gap, length, k = 0, 0, index, 0, first
    while k < stop:
        empty = 0
        while k + empty < stop and counts[k + empty] == 0:
            empty += 1
        if k + empty == stop:
            break
        if spans == 0 or empty > _GAP:
            gap = (gap if spans == 0 else 0) + empty
            words[at] = U64(whole(gap)) & U64(0xFFFFFFFF)
            at += 1
            spans += 1
            length = 0
        else:
            length += empty
            buckets += empty
        k += empty
        while k < stop and counts[k] != 0:
            length += 1
            buckets += 1
            k += 1
        words[at - 1] = (words[at - 1] & U64(0xFFFFFFFF)) | U64(length) << U64(32)
    return at, spans, buckets


@merged
def _buckets(counts: Int64s, first: int, words: UInt64s, spans: tuple[int, int], at: int) -> int:
    """Writes the counts inside the spans that :func:`_layout` wrote as ``words[spans]``; the word behind them."""
    k, skip = first, True
    for span in range(spans[0], spans[1]):
        # The first span's offset counts from bucket 0, which is not where counts begins: what it skips are the leading zeros.
        if skip:
            while counts[k] == 0:
                k += 1
            skip = False
        else:
            k += whole(words[span] & U64(0xFFFFFFFF))
        for _ in range(whole(words[span] >> U64(32))):
            words[at] = U64(counts[k])
            at += 1
            k += 1
    return at


@merged
def _head(schema: int, spans: tuple[int, int], buckets: tuple[int, int], bounds: int, words: UInt64s, at: int) -> None:
    words[at] = (U64(whole(schema)) & U64(0xFF)) << U64(16) | U64(bounds) << U64(32)
    words[at + 1] = U64(spans[0]) | U64(spans[1]) << U64(16) | U64(buckets[0]) << U64(32) | U64(buckets[1]) << U64(48)


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
    middle, positive_spans, positive_buckets = _layout(counts, 0, edges[1], indexes[0], words, spans_at)
    behind, negative_spans, negative_buckets = _layout(counts, edges[1], edges[2], indexes[1], words, middle)
    out = _buckets(counts, 0, words, (spans_at, middle), behind)
    out = _buckets(counts, edges[1], words, (middle, behind), out)
    _head(min(scale, MOST_SCHEMA), (positive_spans, negative_spans), (positive_buckets, negative_buckets), 0, words, at)
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
    middle, spans, buckets = _layout(counts, 0, n, 0, words, spans_at)
    out = _buckets(counts, 0, words, (spans_at, middle), middle)
    for k in range(bounds):
        words[out + k] = load64(buffer, first + U64(8 * k))
    _head(CUSTOM_SCHEMA, (spans, 0), (buckets, 0), bounds, words, at)
    words[at + 2] = _STALE if is_stale else (point[TOTAL] if has(point, TOTAL) else U64(0))
    words[at + 3] = words[at + 5] = U64(0)
    words[at + 4] = count
    return out + bounds
