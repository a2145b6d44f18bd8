"""OTLP metrics: a request's bytes to columns of samples, without a Python object per point.

The message is an ExportMetricsServiceRequest, the same over HTTP and gRPC
(https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto)::

    request          1: repeated ResourceMetrics
    ResourceMetrics  1: Resource   2: repeated ScopeMetrics
    ScopeMetrics     1: scope      2: repeated Metric        3: schema URL
    Metric           1: name       2: description            3: unit        5, 7, 9, 10, 11: points, by kind

What names a series is spread over these levels, so the fingerprint of a point is joined from those of the bytes of its resource, scope
(where it counts), metric without its points, and attributes. Whether it is known is all that the walk asks; what is not known goes to a
list, is learnt by Python code once, and the body walked again. A walk has no effect but on the columns that it is given.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, fingerprint
from fusewatch.telemetry.kernels import bare_kernel, merged
from fusewatch.telemetry.otlp.columns import (
    CUSTOM_BUCKETS,
    EARLIEST,
    EXEMPLARS,
    HIGH,
    KIND,
    LATEST,
    LOW,
    METRIC,
    METRIC_END,
    METRIC_START,
    MISS_OF,
    MISSES,
    NATIVES,
    NUMBERS,
    POINT,
    POINT_END,
    POINT_START,
    POINTS,
    REASON,
    REFUSED,
    REFUSED_END,
    REFUSED_START,
    RESOURCE,
    RESOURCE_END,
    RESOURCE_START,
    ROWS,
    SCOPE_END,
    SCOPE_START,
    SCOPES,
    TARGET_INFO,
    TEMPORALITY,
    Columns,
    Known,
)
from fusewatch.telemetry.otlp.emit import (
    BAD_TEMPORALITY,
    CUMULATIVE,
    DELTA,
    MISS,
    NO_TIME,
    emit_histogram,
    emit_native,
    emit_number,
    emit_summary,
    packed,
    push,
    size_of,
    with_bounds,
)
from fusewatch.telemetry.otlp.messages import POINTS_TAG, Pair, metric_parts, points_of
from fusewatch.telemetry.otlp.points import (
    BOUNDS,
    EXEMPLAR_ROW,
    GAUGE,
    HISTOGRAM,
    SUM,
    SUMMARY,
    TIME,
    has,
    scan,
)
from fusewatch.telemetry.otlp.wire import MALFORMED, OK, TOO_MANY, UNUSUAL, field, find, join, whole

#: Resource, scope and metric: where the messages begin and end.
Place = tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]

#: A target_info sample this often between a resource's earliest and latest point, so that the usual look-back finds one everywhere.
TARGET_INFO_STEP_MS: Final = 150_000
#: … and so many at most: one request can't claim that a resource lived since 1970.
_MOST_TARGET_INFOS: Final = 64
_NEVER: Final = np.int64(np.iinfo(np.int64).max)
_TOP: Final = U64(1) << U64(63)
_MS: Final = 1_000_000


@merged
def _miss(columns: Columns, of: int, kind: int, temporality: int, place: Place, point: Pair, at: Pair) -> int:
    number = columns.numbers[MISSES]
    if number >= len(columns.misses):
        return TOO_MANY
    row = columns.misses[number]
    row[MISS_OF], row[KIND] = of, kind
    row[RESOURCE_START], row[RESOURCE_END], row[SCOPE_START], row[SCOPE_END] = place[0], place[1], place[2], place[3]
    row[METRIC_START], row[METRIC_END] = place[4], place[5]
    row[POINT_START], row[POINT_END], row[LOW], row[HIGH] = point[0], point[1], at[0], at[1]
    row[TEMPORALITY] = temporality
    columns.numbers[MISSES] = number + 1
    return OK


@merged
def _refuse(columns: Columns, reason: int, points: int, place: Place) -> None:
    numbers = columns.numbers
    if numbers[REFUSED] == 0:
        numbers[REASON], numbers[REFUSED_START], numbers[REFUSED_END] = reason, place[4], place[5]
    numbers[REFUSED] += points


@merged
def _point(
    buffer: Bytes, point: Pair, kind: int, temporality: int, at: Pair, place: Place, key: np.uint64, known: Known, columns: Columns
) -> int:
    """Writes what a data point says; OK, or what ends the walk."""
    numbers, scratch = columns.numbers, columns.point
    before = numbers[EXEMPLARS]
    status, low, high, exemplars = scan(buffer, point, kind, key, scratch, columns.exemplars, before)
    if status != OK:
        return status
    if not has(scratch, TIME) or scratch[TIME] == U64(0) or scratch[TIME] >= _TOP:
        _refuse(columns, NO_TIME, 1, place)
        return OK
    low, high = join(at[0], at[1], low, high)
    if kind == HISTOGRAM:
        bounds, size = packed(scratch, BOUNDS)
        if size < 0:
            return MALFORMED
        low, high = with_bounds(buffer, scratch, (low, high), bounds, size, key)
    row = numbers[ROWS]
    if kind == SUM or kind == GAUGE:
        status = emit_number(scratch, kind, temporality, (low, high), known, columns)
        row = numbers[ROWS] - 1
    elif kind == HISTOGRAM and known.options[CUSTOM_BUCKETS] == 0:
        status = emit_histogram(buffer, scratch, temporality, (low, high), known, columns, (before, exemplars))
        row = -1
    elif kind == SUMMARY:
        status = emit_summary(buffer, point, scratch, (low, high), known, columns)
    else:
        row = -1 - numbers[NATIVES]
        status = emit_native(buffer, scratch, kind, temporality, (low, high), known, columns)
    if status in (OK, MISS):
        time = whole(scratch[TIME])
        numbers[EARLIEST], numbers[LATEST] = min(numbers[EARLIEST], time), max(numbers[LATEST], time)
    if status == MISS:
        return _miss(columns, POINT, kind, temporality, place, point, (low, high))
    if status <= -10:
        _refuse(columns, -10 - status, 1, place)
        return OK
    if status != OK:
        return status
    if kind != HISTOGRAM or known.options[CUSTOM_BUCKETS]:
        for k in range(before, exemplars):
            columns.exemplars[k, EXEMPLAR_ROW] = row
    numbers[EXEMPLARS] = exemplars
    return OK


@merged
def _metric(buffer: Bytes, place: Place, at: Pair, key: np.uint64, known: Known, columns: Columns) -> int:
    """Writes the points of a Metric; OK, or what ends the walk."""
    status, kind, i, end, low, high = metric_parts(buffer, place[4], place[5], at, key)
    if status != OK or kind == 0:
        return status
    status, points, temporality, monotonic = points_of(buffer, i, end)
    if status != OK or points == 0:
        return status
    columns.numbers[POINTS] += points
    if kind == GAUGE or kind == SUMMARY:
        temporality, monotonic = 0, False
    elif temporality != CUMULATIVE and temporality != DELTA:
        _refuse(columns, BAD_TEMPORALITY, points, place)
        return OK
    low, high = join(low, high, U64(kind), U64(temporality) << U64(1) | U64(monotonic))
    block = find(known.block_keys, known.blocks, low, high)
    if block == 0 or known.described[block] == 0:
        status = _miss(columns, METRIC, kind, temporality, place, (i, end), (low, high))
        if status != OK:
            return status
    while i < end:
        tag, start, i = field(buffer, i, end)
        if tag == POINTS_TAG:
            status = _point(buffer, (start, i), kind, temporality, (low, high), place, key, known, columns)
            if status != OK:
                return status
    return OK


@merged
def _scope(buffer: Bytes, place: Place, at: Pair, key: np.uint64, known: Known, columns: Columns) -> int:
    """Writes the points of a ScopeMetrics; OK, or what ends the walk."""
    low, high = at
    i, end, named = place[2], place[3], 0
    if known.options[SCOPES]:
        while i < end:
            tag, start, i = field(buffer, i, end)
            if i > end:
                return MALFORMED
            if tag == U64(0x0A) or tag == U64(0x1A):
                if named & (1 << whole(tag >> U64(3))):
                    return UNUSUAL
                named |= 1 << whole(tag >> U64(3))
                low, high = join(low ^ tag, high, *fingerprint(buffer, start, i, key))
        i = place[2]
    while i < end:
        tag, start, i = field(buffer, i, end)
        if i > end:
            return MALFORMED
        if tag == U64(0x12):
            status = _metric(buffer, (place[0], place[1], place[2], place[3], start, i), (low, high), key, known, columns)
            if status != OK:
                return status
    return OK


@merged
def _target_info(place: Place, at: Pair, known: Known, columns: Columns) -> int:
    """Writes the target_info of a resource that has points; OK, or what ends the walk."""
    low, high = join(at[0], at[1], U64(3), U64(5))
    block = find(known.block_keys, known.blocks, low, high)
    if block == 0:
        return _miss(columns, RESOURCE, 0, 0, place, (U64(0), U64(0)), (low, high))
    if size_of(known, block) != 1:
        return OK  # it has nothing to tell
    first = known.firsts[block]
    if columns.numbers[ROWS] + _MOST_TARGET_INFOS + 1 > len(columns.refs):
        return TOO_MANY
    time, latest = columns.numbers[EARLIEST] // _MS, columns.numbers[LATEST] // _MS
    time = max(time, latest - TARGET_INFO_STEP_MS * _MOST_TARGET_INFOS)
    while time < latest:
        push(columns, known.members[first], time, U64(0x3FF0000000000000), -1, 0)
        time += TARGET_INFO_STEP_MS
    push(columns, known.members[first], latest, U64(0x3FF0000000000000), -1, 0)
    return OK


@merged
def _resource(buffer: Bytes, start: np.uint64, end: np.uint64, at: Pair, key: np.uint64, known: Known, columns: Columns) -> int:
    """Writes the points of a ResourceMetrics; OK, or what ends the walk."""
    i, first, last, named = start, U64(0), U64(0), False
    while i < end:
        tag, begin, i = field(buffer, i, end)
        if i > end:
            return MALFORMED
        if tag == U64(0x0A):
            if named:
                return UNUSUAL
            first, last, named = begin, i, True
    low, high = join(at[0], at[1], *fingerprint(buffer, first, last, key))
    columns.numbers[EARLIEST], columns.numbers[LATEST] = _NEVER, 0
    i = start
    while i < end:
        tag, begin, i = field(buffer, i, end)
        if tag == U64(0x12):
            status = _scope(buffer, (first, last, begin, i, U64(0), U64(0)), (low, high), key, known, columns)
            if status != OK:
                return status
    if columns.numbers[LATEST] and known.options[TARGET_INFO]:
        return _target_info((first, last, U64(0), U64(0), U64(0), U64(0)), (low, high), known, columns)
    return OK


@bare_kernel
def walk(buffer: Bytes, size: int, salt: np.uint64, key: np.uint64, known: Known, columns: Columns) -> int:
    """Fills the columns from an ExportMetricsServiceRequest in ``buffer[:size]``; OK, MALFORMED, UNUSUAL or TOO_MANY.

    ``salt`` tells apart the fingerprints of decoders that name things differently. With an answer other than OK the columns say nothing.
    """
    for k in range(NUMBERS):
        columns.numbers[k] = 0
    n, i = U64(size), U64(0)
    at = join(salt, key, U64(1), U64(2))
    while i < n:
        tag, start, i = field(buffer, i, n)
        if i > n:
            return MALFORMED
        if tag == U64(0x0A):
            status = _resource(buffer, start, i, at, key, known, columns)
            if status != OK:
                return status
    return OK
