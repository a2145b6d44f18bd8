"""Native histograms as an Arrow column of structs (https://prometheus.io/docs/specs/native_histograms/#data-model).

All counts are absolute, and float64 also where ``is_float`` says that they were kept as integers. A staleness marker has the sum that
marks it, a NaN with the bits 0x7FF0000000000002.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fusewatch.telemetry.chunks.layout import (
    COUNT,
    HEAD_WORDS,
    KIND,
    PARTS,
    SUM,
    THRESHOLD,
    ZERO_COUNT,
    bounds_in,
    part,
    schema_of,
    span_length,
    span_offset,
)
from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.histogram_buckets import bucket_count, words_of
from fusewatch.telemetry.histograms import ResetHint
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import Bytes, Float64s, Int64s, UInt64s

_SPANS: Final = pa.list_(pa.struct([("offset", pa.int32()), ("length", pa.uint32())]))
_COUNTS: Final = pa.list_(pa.float64())
_HINTS: Final = pa.array([hint.name.lower() for hint in ResetHint])
HISTOGRAM: Final = pa.struct(
    [
        ("schema", pa.int8()),
        ("is_float", pa.bool_()),
        ("reset_hint", pa.string()),
        ("count", pa.float64()),
        ("sum", pa.float64()),
        ("zero_threshold", pa.float64()),
        ("zero_count", pa.float64()),
        ("positive_spans", _SPANS),
        ("positive_buckets", _COUNTS),
        ("negative_spans", _SPANS),
        ("negative_buckets", _COUNTS),
        ("custom_values", _COUNTS),
    ]
)
#: Rows of whole numbers and of floats by histogram.
_SCHEMA, _IS_FLOAT, _HINT = range(3)
_COUNT, _SUM, _ZERO_THRESHOLD, _ZERO_COUNT = range(4)
#: Lists by histogram: spans and buckets, each positive and negative, and custom bounds.
_SIDES, _BUCKETS, _BOUNDS, _LISTS = 0, 2, 4, 5


@kernel
def take_apart(words: UInt64s, ends: Int64s, whole: Int64s, floats: Float64s, offsets: Int64s, spans: Int64s, counts: Float64s) -> None:
    """Fills ``whole`` (3, n) and ``floats`` (4, n) with what the histograms at ``words[ends[k]:ends[k + 1]]`` say once.

    ``offsets`` (5, n + 1) get where the lists of each begin in rows of ``spans`` (2, 2, words: offsets and lengths) and ``counts``
    (3, words).
    """
    for k in range(len(ends) - 1):
        body = ends[k]
        kind, sizes = words[body + KIND], words[body + PARTS]
        whole[_SCHEMA, k], whole[_IS_FLOAT, k] = schema_of(kind), np.int64(kind & U64(1))
        whole[_HINT, k] = np.int64(kind >> U64(8) & U64(3))
        floats[_COUNT, k] = bucket_count(words, body, body + COUNT)
        floats[_ZERO_COUNT, k] = bucket_count(words, body, body + ZERO_COUNT)
        floats[_SUM, k], floats[_ZERO_THRESHOLD, k] = words.view(np.float64)[body + SUM], words.view(np.float64)[body + THRESHOLD]
        at = body + HEAD_WORDS
        for side in range(2):
            first = offsets[_SIDES + side, k]
            for span in range(part(sizes, side)):
                spans[side, 0, first + span], spans[side, 1, first + span] = span_offset(words[at]), span_length(words[at])
                at += 1
            offsets[_SIDES + side, k + 1] = first + part(sizes, side)
        for side in range(3):
            many = part(sizes, 2 + side) if side < 2 else bounds_in(kind)
            first = offsets[_BUCKETS + side, k]
            for place in range(many):
                counts[side, first + place] = bucket_count(words, body, at) if side < 2 else words.view(np.float64)[at]
                at += 1
            offsets[_BUCKETS + side, k + 1] = first + many


def histogram_column(ends: Int64s, bodies: Bytes) -> pa.StructArray:
    """The histograms whose binary forms are ``bodies[ends[k]:ends[k + 1]]``."""
    words, rows = words_of(bodies[ends[0] : ends[-1]]), len(ends) - 1
    whole, floats, offsets = np.empty((3, rows), np.int64), np.empty((4, rows)), np.zeros((_LISTS, rows + 1), np.int64)
    spans, counts = np.empty((2, 2, len(words)), np.int64), np.empty((3, len(words)))
    take_apart(words, np.ascontiguousarray((ends - ends[0]) // 8, np.int64), whole, floats, offsets, spans, counts)
    positive_spans, negative_spans = (_spans(offsets[_SIDES + side], spans[side]) for side in range(2))
    positive, negative, bounds = (_numbers(offsets[_BUCKETS + side], counts[side]) for side in range(3))
    columns = [
        pa.array(whole[_SCHEMA].astype(np.int8)),
        pa.array(whole[_IS_FLOAT].astype(np.bool_)),
        _HINTS.take(pa.array(whole[_HINT])),
        *(pa.array(row, pa.float64(), from_pandas=False) for row in floats),
        positive_spans,
        positive,
        negative_spans,
        negative,
        bounds,
    ]
    return pa.StructArray.from_arrays(columns, fields=list(HISTOGRAM))


def _spans(offsets: Int64s, pairs: NDArray[Any]) -> pa.ListArray:
    used, kind = int(offsets[-1]), _SPANS.value_type
    columns = [pa.array(row[:used].astype(dtype)) for row, dtype in zip(pairs, (np.int32, np.uint32), strict=True)]
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.StructArray.from_arrays(columns, fields=list(kind)), type=_SPANS)


def _numbers(offsets: Int64s, numbers: Float64s) -> pa.ListArray:
    values = pa.array(numbers[: int(offsets[-1])], pa.float64(), from_pandas=False)
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values, type=_COUNTS)
