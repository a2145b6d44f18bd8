"""Native histograms as Prometheus' protobuf message, written by kernels.

https://github.com/prometheus/prometheus/blob/main/prompb/types.proto (Histogram)::

    1: uint64 count   2: double count   3: double sum          4: sint32 schema   5: double zero threshold
    6: uint64 zeros   7: double zeros   8: negative spans      9: sint64 negative deltas    10: double negative counts
    11: positive spans   12: sint64 positive deltas   13: double positive counts   14: reset hint   15: int64 timestamp (ms)
    16: double custom bounds                          BucketSpan  1: sint32 offset   2: uint32 length
"""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.chunks.bits import U64, whole, zigzag
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
    schema_of,
    span_offset,
    spans_in,
)
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.protobuf_write import put_fixed64, put_varint, varint_size
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s


@inlined
def _span_size(word: np.uint64) -> int:
    return 2 + varint_size(zigzag(span_offset(word))) + varint_size(word >> U64(32))


@inlined
def _packed_size(words: UInt64s, first: int, count: int, floats: int) -> int:
    """Bytes of ``count`` buckets from word ``first`` on: as they are, or as differences from bucket to bucket."""
    if floats:
        return 8 * count
    size, before = 0, 0
    for k in range(first, first + count):
        bucket = whole(words[k])
        size += varint_size(zigzag(bucket - before))
        before = bucket
    return size


@inlined
def _list_size(size: int) -> int:
    return 1 + varint_size(U64(size)) + size if size else 0


@inlined
def histogram_size(words: UInt64s, body: int, time: int) -> int:
    """Bytes of the message of the histogram at word ``body``, whose timestamp is ``time`` (ms)."""
    kind, parts = words[body + KIND], words[body + PARTS]
    floats = whole(kind & U64(1))
    size = 9 + 9 + 1 + varint_size(zigzag(schema_of(kind))) + 2 + 1 + varint_size(U64(time))
    size += 18 if floats else 2 + varint_size(words[body + COUNT]) + varint_size(words[body + ZERO_COUNT])
    place = body + HEAD_WORDS
    for k in range(place, place + spans_in(words, body)):
        size += 2 + _span_size(words[k])
    place += spans_in(words, body)
    size += _list_size(_packed_size(words, place, part(parts, 2), floats))
    size += _list_size(_packed_size(words, place + part(parts, 2), part(parts, 3), floats))
    bounds = bounds_in(kind)
    return size + (2 + varint_size(U64(8 * bounds)) + 8 * bounds if bounds else 0)


@inlined
def _put_double(out: Bytes, at: int, tag: int, word: np.uint64) -> int:
    out[at] = tag
    return put_fixed64(out, at + 1, word)


@inlined
def _put_spans(out: Bytes, at: int, tag: int, words: UInt64s, first: int, count: int) -> int:
    for k in range(first, first + count):
        out[at] = tag
        at = put_varint(out, at + 1, U64(_span_size(words[k])))
        out[at] = 0x08
        at = put_varint(out, at + 1, zigzag(span_offset(words[k])))
        out[at] = 0x10
        at = put_varint(out, at + 1, words[k] >> U64(32))
    return at


@inlined
def _put_buckets(out: Bytes, at: int, tag: int, words: UInt64s, first: int, count: int, floats: int) -> int:
    """``tag`` is that of the field of differences; the one of counts comes next."""
    size = _packed_size(words, first, count, floats)
    if size == 0:
        return at
    out[at] = tag + 8 if floats else tag
    at = put_varint(out, at + 1, U64(size))
    before = 0
    for k in range(first, first + count):
        if floats:
            at = put_fixed64(out, at, words[k])
            continue
        bucket = whole(words[k])
        at = put_varint(out, at, zigzag(bucket - before))
        before = bucket
    return at


@inlined
def put_histogram(out: Bytes, at: int, words: UInt64s, body: int, time: int) -> int:
    """Writes the message, without tag and length; the position behind."""
    kind, parts = words[body + KIND], words[body + PARTS]
    floats = whole(kind & U64(1))
    if floats:
        at = _put_double(out, at, 0x11, words[body + COUNT])
    else:
        out[at] = 0x08
        at = put_varint(out, at + 1, words[body + COUNT])
    at = _put_double(out, at, 0x19, words[body + SUM])
    out[at] = 0x20
    at = put_varint(out, at + 1, zigzag(schema_of(kind)))
    at = _put_double(out, at, 0x29, words[body + THRESHOLD])
    if floats:
        at = _put_double(out, at, 0x39, words[body + ZERO_COUNT])
    else:
        out[at] = 0x30
        at = put_varint(out, at + 1, words[body + ZERO_COUNT])
    spans = body + HEAD_WORDS
    buckets = spans + spans_in(words, body)
    at = _put_spans(out, at, 0x42, words, spans + part(parts, 0), part(parts, 1))
    at = _put_buckets(out, at, 0x4A, words, buckets + part(parts, 2), part(parts, 3), floats)
    at = _put_spans(out, at, 0x5A, words, spans, part(parts, 0))
    at = _put_buckets(out, at, 0x62, words, buckets, part(parts, 2), floats)
    out[at] = 0x70
    at = put_varint(out, at + 1, kind >> U64(8) & U64(255))
    out[at] = 0x78
    at = put_varint(out, at + 1, U64(time))
    bounds = bounds_in(kind)
    if bounds:
        out[at], out[at + 1] = 0x82, 0x01
        at = put_varint(out, at + 2, U64(8 * bounds))
        for k in range(bounds):
            at = put_fixed64(out, at, words[buckets + buckets_in(words, body) + k])
    return at


@kernel
def measure_histograms(times: Int64s, bodies: Int64s, words: UInt64s, ends: Int64s) -> None:
    """Fills ``ends`` (rows + 1) with where the fields of histograms end; row k is at ``times[k]`` (ms) and word ``bodies[k]``."""
    ends[0] = 0
    for row in range(len(times)):
        size = histogram_size(words, bodies[row], times[row])
        ends[row + 1] = ends[row] + 1 + varint_size(U64(size)) + size


@kernel
def write_histograms(times: Int64s, bodies: Int64s, words: UInt64s, ends: Int64s, out: Bytes) -> None:
    """Writes them as fields 4 of a TimeSeries, as :func:`measure_histograms` measured."""
    for row in range(len(times)):
        at, size = ends[row], ends[row + 1] - ends[row]
        inner = size - 2
        while 1 + varint_size(U64(inner)) + inner > size:
            inner -= 1
        out[at] = 0x22
        at = put_varint(out, at + 1, U64(inner))
        put_histogram(out, at, words, bodies[row], times[row])
