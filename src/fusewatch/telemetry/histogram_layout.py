"""Bucket counts as spans and buckets of the binary form, inside kernels: long runs of empty buckets are left out.

What is written is the binary form of :mod:`fusewatch.telemetry.histograms`, as words of eight bytes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.kernels import merged
from fusewatch.telemetry.samples import Int64s, UInt64s

#: So many empty buckets in a row are cheaper than a span of their own.
_GAP: Final = 2


@merged
def write_spans(counts: Int64s, first: int, stop: int, index: int, words: UInt64s, at: int) -> tuple[int, int, int]:
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
            words[at] = U64(np.int64(gap)) & U64(0xFFFFFFFF)
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
def write_buckets(counts: Int64s, first: int, words: UInt64s, spans: tuple[int, int], at: int) -> int:
    """Writes the counts inside the spans that :func:`write_spans` wrote as ``words[spans]``; the word behind them."""
    k, skip = first, True
    for span in range(spans[0], spans[1]):
        # The first span's offset counts from bucket 0, which is not where counts begins: what it skips are the leading zeros.
        if skip:
            while counts[k] == 0:
                k += 1
            skip = False
        else:
            k += int(words[span] & U64(0xFFFFFFFF))
        for _ in range(int(words[span] >> U64(32))):
            words[at] = U64(counts[k])
            at += 1
            k += 1
    return at


@merged
def write_head(schema: int, spans: tuple[int, int], buckets: tuple[int, int], bounds: int, words: UInt64s, at: int) -> None:
    """Writes the first two words: schema and sizes, each positive and then negative; counts are integers, and there is no hint."""
    words[at] = (U64(np.int64(schema)) & U64(0xFF)) << U64(16) | U64(bounds) << U64(32)
    words[at + 1] = U64(spans[0]) | U64(spans[1]) << U64(16) | U64(buckets[0]) << U64(32) | U64(buckets[1]) << U64(48)
