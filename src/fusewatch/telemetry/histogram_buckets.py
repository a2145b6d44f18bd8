"""The buckets of native histograms with their upper bounds, inside kernels.

Bucket ``index`` of an exponential schema ends at ``2 ** (index * 2 ** -schema)``; one of observations below 0 ends at minus the bound of
the bucket before (https://prometheus.io/docs/specs/native_histograms/#exponential-schemas). The bounds of custom buckets are listed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.layout import (
    HEAD_WORDS,
    KIND,
    PARTS,
    THRESHOLD,
    ZERO_COUNT,
    bounds_in,
    buckets_in,
    part,
    schema_of,
    span_length,
    span_offset,
    spans_in,
)
from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Bytes, Float64s, Int64s, UInt64s

_LARGEST: Final = np.finfo(np.float64).max
_MOST_EXPONENT: Final = 1024
_LEAST_EXPONENT: Final = -1074


@dataclass(frozen=True, slots=True)
class Buckets:
    """Those of histogram k are rows ``offsets[k]`` up to ``offsets[k + 1]`` of ``bounds`` (their upper ones, ascending) and ``counts``.

    Counts are of single buckets. Exponential buckets that are empty are left out; of custom ones all are there, +Inf the last.
    """

    offsets: Int64s
    bounds: Float64s
    counts: Float64s


def buckets_of(ends: Int64s, bodies: Bytes) -> Buckets:
    """The buckets of histograms; the binary form of number k is ``bodies[ends[k]:ends[k + 1]]``."""
    words = words_of(bodies[ends[0] : ends[-1]])
    ends = np.ascontiguousarray((ends - ends[0]) // 8, np.int64)
    rows = len(ends) - 1
    offsets, bounds, counts = np.empty(rows + 1, np.int64), np.empty(len(words) + rows), np.empty(len(words) + rows)
    used = spread_buckets(words, ends, offsets, bounds, counts)
    return Buckets(offsets, bounds[:used], counts[:used])


def words_of(bodies: Bytes) -> UInt64s:
    """Binary forms as words of eight bytes."""
    bodies = np.require(bodies, np.uint8, ["C", "A", "W"])
    if bodies.ctypes.data % 8:
        bodies = bodies.copy()  # a word must begin where words begin
    return bodies.view(np.uint64)


@inlined
def power(schema: int, index: int) -> float:
    """``2 ** (index * 2 ** -schema)``; the last one that is finite is the largest number, as in Prometheus."""
    fraction = 1.0
    if schema > 0:
        steps = 1 << schema
        fraction = 2.0 ** ((index & (steps - 1)) / steps)
        exponent = index >> schema
    else:
        exponent = index << -schema
    if exponent >= _MOST_EXPONENT:
        return _LARGEST if exponent == _MOST_EXPONENT and fraction == 1.0 else np.inf
    return 0.0 if exponent < _LEAST_EXPONENT else math.ldexp(fraction, exponent)


@inlined
def bucket_count(words: UInt64s, body: int, place: int) -> float:
    """A count, of the histogram at word ``body``, as a float."""
    if words[body + KIND] & U64(1):
        return float(words.view(np.float64)[place])
    return float(np.int64(words[place]))


@inlined
def _spread_custom(words: UInt64s, body: int, bounds: Float64s, counts: Float64s, row: int) -> int:
    many = bounds_in(words[body + KIND])
    buckets = body + HEAD_WORDS + spans_in(words, body)
    listed = buckets + buckets_in(words, body)
    for k in range(many):
        bounds[row + k], counts[row + k] = words.view(np.float64)[listed + k], 0.0
    bounds[row + many], counts[row + many] = np.inf, 0.0
    index, k = 0, 0
    for span in range(part(words[body + PARTS], 0)):
        index += span_offset(words[body + HEAD_WORDS + span])
        for _ in range(span_length(words[body + HEAD_WORDS + span])):
            counts[row + min(index, many)] += bucket_count(words, body, buckets + k)
            index += 1
            k += 1
    return row + many + 1


@inlined
def _spread_side(words: UInt64s, body: int, side: int, bounds: Float64s, counts: Float64s, row: int) -> int:
    """One side of an exponential histogram; the negative one (1) is written from its end."""
    schema, sizes = schema_of(words[body + KIND]), words[body + PARTS]
    spans = body + HEAD_WORDS + (part(sizes, 0) if side else 0)
    place = body + HEAD_WORDS + spans_in(words, body) + (part(sizes, 2) if side else 0)
    index, first = 0, row
    for span in range(spans, spans + part(sizes, side)):
        index += span_offset(words[span])
        for _ in range(span_length(words[span])):
            count = bucket_count(words, body, place)
            if count != 0:
                bounds[row], counts[row] = (-power(schema, index - 1) if side else power(schema, index)), count
                row += 1
            index += 1
            place += 1
    if side:
        bounds[first:row] = bounds[first:row][::-1].copy()
        counts[first:row] = counts[first:row][::-1].copy()
    return row


@kernel
def spread_buckets(words: UInt64s, ends: Int64s, offsets: Int64s, bounds: Float64s, counts: Float64s) -> int:
    """Fills :class:`Buckets` of the histograms at ``words[ends[k]:ends[k + 1]]``; there must be room for all words and one a histogram."""
    row = 0
    for k in range(len(ends) - 1):
        body, offsets[k] = ends[k], row
        if schema_of(words[body + KIND]) == CUSTOM_SCHEMA:
            row = _spread_custom(words, body, bounds, counts, row)
            continue
        row = _spread_side(words, body, 1, bounds, counts, row)
        zero = bucket_count(words, body, body + ZERO_COUNT)
        if zero != 0:
            bounds[row], counts[row] = words.view(np.float64)[body + THRESHOLD], zero
            row += 1
        row = _spread_side(words, body, 0, bounds, counts, row)
    offsets[len(ends) - 1] = row
    return row


@kernel
def mark_layouts(words: UInt64s, ends: Int64s, owners: Int64s, out: Int64s) -> None:
    """Fills ``out`` with 1 for each histogram whose owner, schema, zero threshold or custom bounds are others than of the one before."""
    for k in range(len(ends) - 1):
        if k == 0 or owners[k] != owners[k - 1]:
            out[k] = 1
            continue
        body, before = ends[k], ends[k - 1]
        many = bounds_in(words[body + KIND])
        kind = (words[body + KIND] ^ words[before + KIND]) >> U64(16)  # what is below is no part of the layout
        out[k] = kind != U64(0) or words[body + THRESHOLD] != words[before + THRESHOLD]
        for place in range(1, many + 1 if out[k] == 0 else 1):
            if words[ends[k + 1] - place] != words[ends[k] - place]:
                out[k] = 1
