"""What a chunk of native histograms says once, before its samples: schema, zero threshold, spans, custom bounds.

A histogram is handled as the 64-bit words of its binary form (:mod:`fusewatch.telemetry.histograms`), every part of which is whole words;
the words of a layout are those of a histogram that has counted nothing::

    0  is float, reset hint, schema, number of bounds      4  count
    1  numbers of spans and buckets, 16 bits each          5  zero count
    2  sum                                                 6… spans: offset below, length above; buckets; bounds
    3  zero threshold

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md#histogram-chunk-data
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.bits import U64, read_bits, read_varbit, read_varint, whole, write_bits, write_varint, write_varuint
from fusewatch.telemetry.chunks.encodings import FAR, MALFORMED
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, HEAD_BYTES, LEAST_SCHEMA, MOST_PARTS, MOST_SCHEMA
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Bytes, UInt64s

KIND, PARTS, SUM, THRESHOLD, COUNT, ZERO_COUNT = range(6)
HEAD_WORDS: Final = HEAD_BYTES // 8
#: Custom bounds of one histogram.
_MOST_BOUNDS: Final = 65_535
_LOW: Final = np.uint64(0xFFFFFFFF)
#: Powers of two from 2**-243 on are kept as one byte, 1 to 254.
_THRESHOLDS: Final = np.array([0.0, *(math.ldexp(0.5, k - 243) for k in range(1, 255)), 0.0])
_THRESHOLD_BITS: Final = _THRESHOLDS.view(np.uint64)
#: The same as exponents of float64: what is added to the byte.
_EXPONENT_SHIFT: Final = 1022 - 243
#: Bounds that are multiples of 0.001 up to this many of them are kept as whole numbers.
_MOST_THOUSANDTHS: Final = 33_554_430


@inlined
def schema_of(word: np.uint64) -> int:
    """The schema in word KIND."""
    schema = whole(word >> U64(16) & U64(255))
    return schema - 256 if schema > 127 else schema


@inlined
def bounds_in(word: np.uint64) -> int:
    """The number of custom bounds in word KIND."""
    return whole(word >> U64(32))


@inlined
def part(word: np.uint64, which: int) -> int:
    """Of word PARTS: 0 positive spans, 1 negative spans, 2 positive buckets, 3 negative buckets."""
    return whole(word >> U64(16 * which) & U64(0xFFFF))


@inlined
def spans_in(words: UInt64s, body: int) -> int:
    """Spans of both signs in the histogram at word ``body``."""
    return part(words[body + PARTS], 0) + part(words[body + PARTS], 1)


@inlined
def buckets_in(words: UInt64s, body: int) -> int:
    """Buckets of both signs in the histogram at word ``body``."""
    return part(words[body + PARTS], 2) + part(words[body + PARTS], 3)


@inlined
def span_offset(word: np.uint64) -> int:
    """The gap before a span."""
    return whole(np.int32(word & _LOW))


@inlined
def span_length(word: np.uint64) -> int:
    """The buckets of a span."""
    return whole(word >> U64(32))


@inlined
def _read_threshold(data: Bytes, at: int) -> tuple[np.uint64, int]:
    byte = whole(read_bits(data, at, 8))
    if byte == 255:
        return read_bits(data, at + 8, 64), at + 72
    return _THRESHOLD_BITS[byte], at + 8


@inlined
def _write_threshold(out: Bytes, at: int, bits: np.uint64) -> int:
    byte = whole(bits >> U64(52)) - _EXPONENT_SHIFT
    if bits == U64(0):
        byte = 0
    elif bits & ((U64(1) << U64(52)) - U64(1)) or not 1 <= byte <= 254:
        return write_bits(out, write_bits(out, at, U64(255), 8), bits, 64)
    return write_bits(out, at, U64(byte), 8)


@inlined
def _read_spans(data: Bytes, at: int, stop: int, words: UInt64s, place: int) -> tuple[int, int, int]:
    """Spans, their buckets, and the position behind (FAR: malformed); fills ``words`` from ``place`` on, if it is not empty."""
    word, _, at = read_varbit(data, at)
    spans, buckets = whole(word), 0
    if spans < 0 or spans > MOST_PARTS or at > stop:
        return 0, 0, FAR
    for k in range(spans):
        length, _, at = read_varbit(data, at)
        offset, at = read_varint(data, at)
        buckets += whole(length)
        if at > stop or length > U64(MOST_PARTS) or buckets > MOST_PARTS:
            return 0, 0, FAR
        if len(words):
            words[place + k] = length << U64(32) | U64(offset) & _LOW
    return spans, buckets, at


@inlined
def _read_bound(data: Bytes, at: int) -> tuple[float, int]:
    word, _, at = read_varbit(data, at)
    if word:
        return float(word - U64(1)) / 1000.0, at
    return np.array([read_bits(data, at, 64)]).view(np.float64)[0], at + 64


@inlined
def read_layout(data: Bytes, at: int, stop: int, words: UInt64s, body: int) -> tuple[int, int]:
    """How many words a histogram of the layout at ``at`` has, and the position behind; MALFORMED where it is none.

    Writes them at ``words[body:]``, all counts zero; into an empty ``words`` nothing.
    """
    threshold, at = _read_threshold(data, at)
    schema, at = read_varint(data, at)
    if at > stop or (schema != CUSTOM_SCHEMA and not LEAST_SCHEMA <= schema <= MOST_SCHEMA):
        return MALFORMED, at
    positive, positive_buckets, at = _read_spans(data, at, stop, words, body + HEAD_WORDS)
    if at > stop:
        return MALFORMED, at
    negative, negative_buckets, at = _read_spans(data, at, stop, words, body + HEAD_WORDS + positive)
    if at > stop:
        return MALFORMED, at
    bounds = 0
    place = body + HEAD_WORDS + positive + negative
    first, last = place, place + positive_buckets + negative_buckets
    if schema == CUSTOM_SCHEMA:
        word, _, at = read_varbit(data, at)
        if at > stop or word > U64(_MOST_BOUNDS):
            return MALFORMED, at
        bounds = whole(word)
        for k in range(bounds):
            bound, at = _read_bound(data, at)
            if at > stop:
                return MALFORMED, at
            if len(words):
                words.view(np.float64)[last + k] = bound
    if len(words):
        words[body + KIND] = (U64(schema) & U64(255)) << U64(16) | U64(bounds) << U64(32)
        words[body + PARTS] = U64(positive) | U64(negative) << U64(16) | U64(positive_buckets) << U64(32) | U64(negative_buckets) << U64(48)
        words[body + SUM], words[body + THRESHOLD], words[body + COUNT], words[body + ZERO_COUNT] = U64(0), threshold, U64(0), U64(0)
        words[first:last] = U64(0)
    return last + bounds - body, at


@inlined
def write_layout(out: Bytes, at: int, words: UInt64s, body: int) -> int:
    """Writes the layout of the histogram at word ``body``; the position behind."""
    at = _write_threshold(out, at, words[body + THRESHOLD])
    schema = schema_of(words[body + KIND])
    at = write_varint(out, at, schema)
    place = body + HEAD_WORDS
    for side in range(2):
        spans = part(words[body + PARTS], side)
        at = write_varuint(out, at, U64(spans))
        for k in range(place, place + spans):
            at = write_varuint(out, at, words[k] >> U64(32))
            at = write_varint(out, at, span_offset(words[k]))
        place += spans
    if schema == CUSTOM_SCHEMA:
        bounds = bounds_in(words[body + KIND])
        at = write_varuint(out, at, U64(bounds))
        place += buckets_in(words, body)
        for k in range(place, place + bounds):
            at = _write_bound(out, at, words[k], words.view(np.float64)[k])
    return at


@inlined
def _write_bound(out: Bytes, at: int, bits: np.uint64, bound: float) -> int:
    thousandths = bound * 1000.0
    if 0.0 <= thousandths <= _MOST_THOUSANDTHS:
        whole = math.floor(thousandths + 0.5)
        if whole / 1000.0 == bound and not bits >> U64(63):
            return write_varuint(out, at, U64(whole) + U64(1))
    return write_bits(out, at + 1, bits, 64)
