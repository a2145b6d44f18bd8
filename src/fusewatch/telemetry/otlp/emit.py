"""The rows of one data point, inside the walk.

Each function answers OK, MISS (the series are not known), TOO_MANY, MALFORMED, UNUSUAL, or refuse(reason).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, fingerprint, load64
from fusewatch.telemetry.kernels import merged
from fusewatch.telemetry.otlp.columns import NATIVES, ROWS, STARTED, WORDS, ZERO_WITHIN, Columns, Known
from fusewatch.telemetry.otlp.native import custom, exponential
from fusewatch.telemetry.otlp.points import (
    BOUNDS,
    BOUNDS_END,
    BOUNDS_START,
    BUCKET_COUNTS,
    COUNT,
    DOUBLE,
    ENDS,
    EXEMPLAR_ROW,
    EXPONENTIAL,
    INTEGER,
    START_TIME,
    STARTS,
    SUM,
    TIME,
    TOTAL,
    has,
    no_recorded_value,
    quantile,
)
from fusewatch.telemetry.otlp.wire import MALFORMED, OK, TOO_MANY, field, find, join, whole
from fusewatch.telemetry.samples import STALE_BITS, UInt64s

MISS: Final = 1
#: Reasons beside those of native histograms.
NO_TIME, NO_VALUE, BAD_TEMPORALITY, MISMATCHED = 5, 6, 7, 8
#: Aggregation temporalities.
DELTA, CUMULATIVE = 1, 2
_STALE: Final = U64(STALE_BITS)
_MS: Final = 1_000_000
_HEAD_WORDS: Final = 6


@merged
def push(columns: Columns, ref: int, time: int, bits: np.uint64, slot: int, lead: int) -> int:
    """One more row; its number."""
    row = columns.numbers[ROWS]
    columns.refs[row], columns.times[row], columns.bits[row] = ref, time, bits
    columns.slots[row], columns.leads[row] = slot, lead
    columns.numbers[ROWS] = row + 1
    return row  # type: ignore[no-any-return]  # a number inside the kernel


@merged
def _number(value: float) -> np.uint64:
    return np.float64(value).view(np.uint64)


@merged
def _has_new_start(point: UInt64s, known: Known, columns: Columns, block: int) -> bool:
    """Whether the point's start time is new to its block and recent enough for a zero sample; what is new is noted."""
    if known.options[ZERO_WITHIN] == 0 or not has(point, START_TIME):
        return False
    start, time = whole(point[START_TIME]), whole(point[TIME])
    if start <= known.starts[block] or start >= time or no_recorded_value(point, SUM):
        return False
    noted = columns.numbers[STARTED]
    if noted < len(columns.started):
        columns.started[noted, 0], columns.started[noted, 1] = block, start
        columns.numbers[STARTED] = noted + 1
    return bool(time - start <= known.options[ZERO_WITHIN])


@merged
def _zeros(point: UInt64s, known: Known, columns: Columns, block: int, size: int) -> None:
    """A zero sample at the start time for each series of the block, where that is new."""
    if _has_new_start(point, known, columns, block):
        first = known.firsts[block]
        for k in range(size):
            push(columns, known.members[first + k], whole(point[START_TIME]) // _MS, U64(0), -1, 0)


@merged
def size_of(known: Known, block: int) -> int:
    """How many series a block has. It is compared before members are read: whoever learnt it must have counted as the walk does."""
    return known.firsts[block + 1] - known.firsts[block]  # type: ignore[no-any-return]  # a number inside the kernel


@merged
def emit_number(point: UInt64s, kind: int, temporality: int, at: tuple[np.uint64, np.uint64], known: Known, columns: Columns) -> int:
    """The row of a NumberDataPoint; ``at`` is its fingerprint."""
    if columns.numbers[ROWS] + 2 > len(columns.refs):
        return TOO_MANY
    if no_recorded_value(point, kind):
        bits = _STALE
    elif has(point, DOUBLE):
        bits = point[DOUBLE]
    elif has(point, INTEGER):
        bits = _number(np.float64(whole(point[INTEGER])))
    else:
        return -10 - NO_VALUE
    time = whole(point[TIME]) // _MS
    if temporality == DELTA or (kind == SUM and known.options[ZERO_WITHIN]):
        block = find(known.block_keys, known.blocks, at[0], at[1])
        if block == 0:
            return MISS
        if size_of(known, block) != 1:
            return -10 - MISMATCHED
        if temporality != DELTA:
            _zeros(point, known, columns, block, 1)
        first = known.firsts[block]
        push(columns, known.members[first], time, bits, known.slots[first], 1)
        return OK
    ref = find(known.keys, known.refs, at[0], at[1])
    if ref == 0:
        return MISS
    push(columns, ref, time, bits, -1, 1)
    return OK


@merged
def packed(point: UInt64s, number: int) -> tuple[np.uint64, int]:
    """Start and length of a packed field of 8-byte numbers; -1 where that is no length of such a field."""
    if not has(point, number):
        return U64(0), 0
    size = point[ENDS + number] - point[STARTS + number]
    return point[STARTS + number], whole(size >> U64(3)) if size & U64(7) == U64(0) else whole(-1)


@merged
def shape(point: UInt64s, is_stale: bool) -> tuple[int, np.uint64, int, np.uint64]:
    """OK or why not, and where bounds and bucket counts of a histogram lie: start and number of bounds, start of the counts."""
    bounds, size = packed(point, BOUNDS)
    counts, buckets = packed(point, BUCKET_COUNTS)
    if size < 0 or buckets < 0:
        return MALFORMED, bounds, 0, counts
    if buckets != size + 1 and not (buckets == 0 and (size == 0 or is_stale)):
        return -10 - MISMATCHED, bounds, 0, counts
    return OK, bounds, size, counts


@merged
def with_bounds(
    buffer: Bytes, point: UInt64s, at: tuple[np.uint64, np.uint64], bounds: np.uint64, size: int, key: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """A histogram's fingerprint: its bounds, and whether it has a sum, tell which series it is made of."""
    low, high = join(at[0], at[1], U64(size), U64(has(point, TOTAL)))
    if size:
        low, high = join(low, high, *fingerprint(buffer, bounds, bounds + U64(8 * size), key))
    return low, high


@merged
def emit_histogram(
    buffer: Bytes,
    point: UInt64s,
    temporality: int,
    at: tuple[np.uint64, np.uint64],
    known: Known,
    columns: Columns,
    exemplars: tuple[int, int],
) -> int:
    """The rows of a HistogramDataPoint as a classic histogram: sum (if it has one), count, a bucket per bound, the bucket of all."""
    stale = no_recorded_value(point, EXPONENTIAL)
    status, bounds, size, counts = shape(point, stale)
    if status != OK:
        return status
    block = find(known.block_keys, known.blocks, at[0], at[1])
    if block == 0:
        return MISS
    rows = size + 2 + has(point, TOTAL)
    if size_of(known, block) != rows:
        return -10 - MISMATCHED
    if columns.numbers[ROWS] + 2 * rows > len(columns.refs):
        return TOO_MANY
    if temporality != DELTA:
        _zeros(point, known, columns, block, rows)
    time, place, lead = whole(point[TIME]) // _MS, known.firsts[block], 1
    count = _number(np.float64(point[COUNT]) if has(point, COUNT) else 0.0)
    if has(point, TOTAL):
        push(columns, known.members[place], time, _STALE if stale else point[TOTAL], known.slots[place], lead)
        place, lead = place + 1, 0
    row = push(columns, known.members[place], time, _STALE if stale else count, known.slots[place], lead)
    for k in range(exemplars[0], exemplars[1]):
        columns.exemplars[k, EXEMPLAR_ROW] = row + 1
        columns.exemplars[k, BOUNDS_START] = bounds
        columns.exemplars[k, BOUNDS_END] = bounds + U64(8 * size)
    total = U64(0)
    for k in range(size):
        place += 1
        total += load64(buffer, counts + U64(8 * k)) if not stale else U64(0)
        push(columns, known.members[place], time, _STALE if stale else _number(np.float64(total)), known.slots[place], 0)
    push(columns, known.members[place + 1], time, _STALE if stale else count, known.slots[place + 1], 0)
    return OK


@merged
def emit_summary(
    buffer: Bytes, bounds: tuple[np.uint64, np.uint64], point: UInt64s, at: tuple[np.uint64, np.uint64], known: Known, columns: Columns
) -> int:
    """The rows of a SummaryDataPoint: sum, count, a row per quantile."""
    block = find(known.block_keys, known.blocks, at[0], at[1])
    if block == 0:
        return MISS
    if size_of(known, block) < 2:
        return -10 - MISMATCHED
    stale, time, place = no_recorded_value(point, SUM), whole(point[TIME]) // _MS, known.firsts[block]
    if columns.numbers[ROWS] + 2 > len(columns.refs):
        return TOO_MANY
    total = point[TOTAL] if has(point, TOTAL) else U64(0)
    push(columns, known.members[place], time, _STALE if stale else total, -1, 1)
    count = _number(np.float64(point[COUNT]) if has(point, COUNT) else 0.0)
    push(columns, known.members[place + 1], time, _STALE if stale else count, -1, 0)
    i, end, rows = bounds[0], bounds[1], 2
    while i < end:
        tag, start, i = field(buffer, i, end)
        if tag == U64(0x32):
            if columns.numbers[ROWS] >= len(columns.refs):
                return TOO_MANY
            if rows >= size_of(known, block):
                return MALFORMED
            value = quantile(buffer, start, i)[1]
            push(columns, known.members[place + rows], time, _STALE if stale else value, -1, 0)
            rows += 1
    if columns.numbers[ROWS] + rows > len(columns.refs):
        return TOO_MANY
    _zeros(point, known, columns, block, rows)
    return OK


@merged
def emit_native(
    buffer: Bytes, point: UInt64s, kind: int, temporality: int, at: tuple[np.uint64, np.uint64], known: Known, columns: Columns
) -> int:
    """The native histogram of an ExponentialHistogramDataPoint or, with custom buckets, of a HistogramDataPoint."""
    stale = no_recorded_value(point, EXPONENTIAL)
    if kind != EXPONENTIAL:
        status, _, _, _ = shape(point, stale)
        if status != OK:
            return status
    row, begin, block, slot = columns.numbers[NATIVES], columns.numbers[WORDS], 0, np.int32(-1)
    if row + 2 > len(columns.native_refs):
        return TOO_MANY
    if kind != EXPONENTIAL or temporality == DELTA or known.options[ZERO_WITHIN]:
        block = find(known.block_keys, known.blocks, at[0], at[1])
        if block and size_of(known, block) != 1:
            return -10 - MISMATCHED
        ref = known.members[known.firsts[block]] if block else np.uint32(0)
        slot = known.slots[known.firsts[block]] if block else np.int32(-1)
    else:
        ref = np.uint32(find(known.keys, known.refs, at[0], at[1]))
    if ref == 0:
        return MISS
    if kind == EXPONENTIAL:
        end = exponential(buffer, point, stale, columns.counts, columns.words, begin)
    else:
        end = custom(buffer, point, stale, columns.counts, columns.words, begin)
    if end < 0:
        return end
    columns.native_refs[row], columns.native_times[row] = ref, whole(point[TIME]) // _MS
    columns.native_slots[row], columns.native_ends[row + 1] = slot, end
    row += 1
    if temporality != DELTA and block and _has_new_start(point, known, columns, block):
        bounds = whole(columns.words[begin] >> U64(32))
        if end + _HEAD_WORDS + bounds > len(columns.words):
            return TOO_MANY
        for k in range(_HEAD_WORDS):
            columns.words[end + k] = U64(0)
        columns.words[end], columns.words[end + 3] = columns.words[begin], columns.words[begin + 3]
        for k in range(bounds):
            columns.words[end + _HEAD_WORDS + k] = columns.words[end - bounds + k]
        end += _HEAD_WORDS + bounds
        columns.native_refs[row], columns.native_times[row] = ref, whole(point[START_TIME]) // _MS
        columns.native_slots[row], columns.native_ends[row + 1] = -1, end
        row += 1
    columns.numbers[NATIVES], columns.numbers[WORDS] = row, end
    return OK
