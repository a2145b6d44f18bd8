"""Native histograms from their protobuf messages to the binary form of :mod:`fusewatch.telemetry.histograms`, checked on the way.

The fields go by their numbers in remote write (prompb/types.proto, the same in 1.0 and 2.0); another message's are translated::

    1: uint64 count      2: double count        3: double sum      4: sint32 schema     5: double zero threshold
    6: uint64 zero count 7: double zero count   8, 11: negative and positive spans (1: sint32 offset, 2: uint32 length)
    9, 12: negative and positive sint64 deltas  10, 13: negative and positive double counts
    14: reset hint       15: int64 timestamp (ms)   16: double custom bounds   17: int64 start timestamp (ms)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, load64
from fusewatch.telemetry.histogram_checks import GOOD, TOO_MANY_PARTS, WRONG_SCHEMA, check
from fusewatch.telemetry.histogram_parts import (
    BOUNDS,
    COUNT,
    COUNT_FLOAT,
    DELTAS,
    FLOATS,
    HEAD_WORDS,
    IS_FLOAT,
    LISTS,
    NUMBERS,
    RESET_HINT,
    SCHEMA,
    SPANS,
    SUM,
    ZERO,
    ZERO_FLOAT,
    ZERO_THRESHOLD,
    HistogramParts,
)
from fusewatch.telemetry.histogram_shapes import reduce_sides
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, LEAST_SCHEMA, MOST_PARTS, MOST_SCHEMA
from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.protobuf_kernels import field_at, varint, zigzag
from fusewatch.telemetry.samples import Int64s, UInt64s

#: The finest schema that is known; those above MOST_SCHEMA are merged down to it.
FINEST_SCHEMA: Final = 52
#: Field numbers of remote write.
WRITE_FIELDS: Final = np.arange(NUMBERS, dtype=np.uint8)
#: To which of them those of an exposition correspond (io/prometheus/client/metrics.proto); 0: to none.
CLIENT_FIELDS: Final = np.array([0, 1, 3, 0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 0, 0], np.uint8)
#: The list that a field of remote write belongs to, -1: to none.
_FIELD_LISTS: Final = np.full(NUMBERS, -1, np.int64)
_FIELD_LISTS[[11, 8, 12, 9, 13, 10, 16]] = [SPANS, SPANS + 1, DELTAS, DELTAS + 1, FLOATS, FLOATS + 1, BOUNDS]


@bare
def _span(buffer: Bytes, start: np.uint64, end: np.uint64) -> tuple[np.uint64, bool]:
    """A BucketSpan as the binary form has it, and whether it is readable."""
    offset, length, i = np.int64(0), U64(0), start
    while i < end:
        tag, first, i = field_at(buffer, i, end)
        if i > end:
            return U64(0), False
        if tag == U64(0x08):
            offset = zigzag(varint(buffer, first, end)[0])
        elif tag == U64(0x10):
            length = varint(buffer, first, end)[0]
    return U64(offset) & U64(0xFFFFFFFF) | (length & U64(0xFFFFFFFF)) << U64(32), True


@bare
def _list(buffer: Bytes, bounds: tuple[np.uint64, np.uint64], wire: np.uint64, lists: UInt64s, sizes: Int64s, row: int) -> bool:
    """Appends a span, or numbers, packed or not; whether they are readable. A full list only counts on."""
    i, end = bounds
    if row < DELTAS:
        number, good = _span(buffer, i, end)
        if sizes[row] < MOST_PARTS:
            lists[row, sizes[row]] = number
        sizes[row] += 1
        return good and wire == U64(2)
    doubles = row >= FLOATS
    if wire != U64(2) and wire != (U64(1) if doubles else U64(0)):
        return False
    while i < end:
        if doubles:
            number = load64(buffer, i)
            i += U64(8)
        else:
            number, i = varint(buffer, i, end)
            number = U64(zigzag(number))
        if i > end:
            return False
        if sizes[row] < MOST_PARTS:
            lists[row, sizes[row]] = number
        sizes[row] += 1
    return True


@bare
def read_fields(buffer: Bytes, start: np.uint64, end: np.uint64, fields: Bytes, parts: HistogramParts) -> bool:
    """Reads a histogram message into ``parts``; whether it is readable. ``fields``: WRITE_FIELDS or CLIENT_FIELDS."""
    numbers, lists, sizes, _ = parts
    numbers[:] = 0
    sizes[:] = 0
    i = start
    while i < end:
        tag, first, i = field_at(buffer, i, end)
        if i > end:
            return False
        number, wire = tag >> U64(3), tag & U64(7)
        field = fields[number] if number < U64(len(fields)) else np.uint8(0)
        row = _FIELD_LISTS[field]
        if row >= 0:
            if not _list(buffer, (first, i), wire, lists, sizes, row):
                return False
        elif field and wire == U64(0):
            numbers[field] = varint(buffer, first, end)[0]
        elif field and wire == U64(1):
            numbers[field] = load64(buffer, first)
        elif field:
            return False
        if 0 < field <= COUNT_FLOAT:  # the two are a oneof: the last one counts
            numbers[IS_FLOAT] = field == COUNT_FLOAT
    return True


@bare
def settle(parts: HistogramParts) -> int:
    """Checks what was read and makes counts absolute; GOOD or the problem's code. Schemas above 8 are merged down to it."""
    numbers, lists, sizes, problem = parts
    schema = int(np.int64(np.int32(zigzag(numbers[SCHEMA]))))
    if schema != CUSTOM_SCHEMA and not LEAST_SCHEMA <= schema <= FINEST_SCHEMA:
        problem[0], problem[2] = WRONG_SCHEMA, schema
        return WRONG_SCHEMA
    for row in range(LISTS):
        if sizes[row] > MOST_PARTS:
            problem[0], problem[2] = TOO_MANY_PARTS, sizes[row]
            return TOO_MANY_PARTS
    if numbers[IS_FLOAT]:
        numbers[COUNT], numbers[ZERO] = numbers[COUNT_FLOAT], numbers[ZERO_FLOAT]
    else:
        for row in range(DELTAS, DELTAS + 2):
            total = U64(0)
            for k in range(sizes[row]):
                total += lists[row, k]
                lists[row, k] = total
    code = check(schema, parts)
    if code == GOOD and schema > MOST_SCHEMA:
        reduce_sides(parts, schema - MOST_SCHEMA)
        schema = MOST_SCHEMA
    numbers[SCHEMA] = U64(schema)
    return code


@bare
def body_words(numbers: UInt64s, sizes: Int64s) -> int:
    """How many words of eight bytes :func:`write_body` writes."""
    buckets = FLOATS if numbers[IS_FLOAT] else DELTAS
    return HEAD_WORDS + int(sizes[SPANS] + sizes[SPANS + 1] + sizes[buckets] + sizes[buckets + 1] + sizes[BOUNDS])


@bare
def write_body(parts: HistogramParts, out: UInt64s, at: int) -> int:
    """Writes what was settled as the binary form at ``out[at:]``, in words of eight bytes; the position behind."""
    numbers, lists, sizes, _ = parts
    buckets = FLOATS if numbers[IS_FLOAT] else DELTAS
    hint = numbers[RESET_HINT] if numbers[RESET_HINT] <= U64(3) else U64(0)
    out[at] = numbers[IS_FLOAT] | hint << U64(8) | (numbers[SCHEMA] & U64(0xFF)) << U64(16) | U64(sizes[BOUNDS]) << U64(32)
    out[at + 1] = U64(sizes[SPANS]) | U64(sizes[SPANS + 1]) << U64(16) | U64(sizes[buckets]) << U64(32) | U64(sizes[buckets + 1]) << U64(48)
    out[at + 2], out[at + 3] = numbers[SUM], numbers[ZERO_THRESHOLD]
    out[at + 4], out[at + 5] = numbers[COUNT], numbers[ZERO]
    at += HEAD_WORDS
    for first in (SPANS, buckets):
        for row in range(first, first + 2):
            for k in range(sizes[row]):
                out[at] = lists[row, k]
                at += 1
    for k in range(sizes[BOUNDS]):
        out[at] = lists[BOUNDS, k]
        at += 1
    return at
