"""One data point of any kind, read into a scratch of numbers and positions.

The scratch (:data:`POINT_WORDS`) uint64 holds by field number f the 64 bits of a number at f, the start and end of a length-delimited
field at STARTS + f and ENDS + f, and at SEEN a bit for each field that is there; what lies beyond that bit is left over from points before.
Field numbers: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, fingerprint, load64
from fusewatch.telemetry.kernels import merged
from fusewatch.telemetry.otlp.wire import MALFORMED, OK, TOO_MANY, UNUSUAL, field, join, varint
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Kinds of metrics, which are their field numbers in Metric.
GAUGE, SUM, HISTOGRAM, EXPONENTIAL, SUMMARY = 5, 7, 9, 10, 11
KINDS: Final = (GAUGE, SUM, HISTOGRAM, EXPONENTIAL, SUMMARY)

STARTS, ENDS, SEEN, POINT_WORDS = 16, 32, 48, 49
START_TIME, TIME, COUNT, TOTAL = 2, 3, 4, 5
DOUBLE, INTEGER = 4, 6
BUCKET_COUNTS, BOUNDS, QUANTILES = 6, 7, 6
SCALE, ZERO_COUNT, POSITIVE, NEGATIVE, ZERO_THRESHOLD = 6, 7, 8, 9, 14
#: Columns of the list of exemplars: its bytes, the row (native: -1 - row) of its series, bounds that choose among the rows behind it.
EXEMPLAR_START, EXEMPLAR_END, EXEMPLAR_ROW, BOUNDS_START, BOUNDS_END, EXEMPLAR_COLUMNS = range(6)


def _by_kind(**fields: tuple[int, ...]) -> tuple[np.uint64, ...]:
    """A bit mask of field numbers for each kind, by the kind's number."""
    masks = [0] * 12
    for kind, numbers in fields.items():
        masks[globals()[kind]] = sum(1 << number for number in numbers)
    return tuple(U64(mask) for mask in masks)


_ATTRIBUTES: Final = _by_kind(GAUGE=(7,), SUM=(7,), HISTOGRAM=(9,), EXPONENTIAL=(1,), SUMMARY=(7,))
#: Prometheus takes none of gauges either.
_EXEMPLARS: Final = _by_kind(SUM=(5,), HISTOGRAM=(8,), EXPONENTIAL=(11,))
_VARINTS: Final = _by_kind(GAUGE=(8,), SUM=(8,), HISTOGRAM=(10,), EXPONENTIAL=(6, 10), SUMMARY=(8,))
_FIXED: Final = _by_kind(
    GAUGE=(2, 3, 4, 6), SUM=(2, 3, 4, 6), HISTOGRAM=(2, 3, 4, 5), EXPONENTIAL=(2, 3, 4, 5, 7, 14), SUMMARY=(2, 3, 4, 5)
)
_DELIMITED: Final = _by_kind(HISTOGRAM=(6, 7), EXPONENTIAL=(8, 9))
_REPEATED: Final = _by_kind(SUMMARY=(6,))
_UNPACKED: Final = _by_kind(HISTOGRAM=(6, 7))
_FLAGS: Final = tuple(10 if kind in {HISTOGRAM, EXPONENTIAL} else 8 for kind in range(12))


@merged
def no_recorded_value(point: UInt64s, kind: int) -> bool:
    """Whether the point says that there is nothing to say (DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)."""
    flags = _FLAGS[kind]
    return has(point, flags) and bool(point[flags] & U64(1))


@merged
def has(point: UInt64s, number: int) -> bool:
    """Whether the point has this field."""
    return bool(point[SEEN] >> U64(number) & U64(1))


@merged
def quantile(buffer: Bytes, i: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64]:
    """The bits of quantile and value of a ValueAtQuantile, and the position behind it (past ``end``: malformed)."""
    which, value = U64(0), U64(0)
    while i < end:
        tag, start, i = field(buffer, i, end)
        if i > end:
            break
        if tag == U64(0x09):
            which = load64(buffer, start)
        elif tag == U64(0x11):
            value = load64(buffer, start)
    return which, value, i


@merged
def scan(  # noqa: C901, PLR0912 - one loop over the fields, each looked at once
    buffer: Bytes, bounds: tuple[np.uint64, np.uint64], kind: int, key: np.uint64, point: UInt64s, exemplars: Int64s, first: int
) -> tuple[int, np.uint64, np.uint64, int]:
    """Reads the data point in ``buffer[bounds]``.

    Returns OK (or MALFORMED, UNUSUAL, TOO_MANY), the fingerprint of its attributes, and how many exemplars are listed now: those before
    ``first`` are others'.
    """
    i, end = bounds
    low, high, run, run_end = U64(0), U64(0), U64(0), U64(0)
    seen = U64(0)
    while i < end:
        here = i
        tag, start, i = field(buffer, i, end)
        if i > end:
            return MALFORMED, low, high, first
        wire = tag & U64(7)
        if tag >> U64(3) > U64(15):
            continue
        number = tag >> U64(3)
        bit = U64(1) << number
        if wire == U64(1):
            if _FIXED[kind] & bit:
                point[number] = load64(buffer, start)
                seen |= bit
            elif _UNPACKED[kind] & bit:
                return UNUSUAL, low, high, first
        elif wire == U64(0):
            if _VARINTS[kind] & bit:
                point[number] = varint(buffer, start, i)[0]
                seen |= bit
        elif wire == U64(2):
            if _ATTRIBUTES[kind] & bit:
                if here != run_end:
                    if run_end:
                        low, high = join(low, high, *fingerprint(buffer, run, run_end, key))
                    run = here
                run_end = i
            elif _EXEMPLARS[kind] & bit:
                if first >= len(exemplars):
                    return TOO_MANY, low, high, first
                exemplars[first, EXEMPLAR_START], exemplars[first, EXEMPLAR_END] = start, i
                exemplars[first, BOUNDS_START] = exemplars[first, BOUNDS_END] = 0
                first += 1
            elif _REPEATED[kind] & bit:
                which, _, behind = quantile(buffer, start, i)
                if behind > i:
                    return MALFORMED, low, high, first
                low, high = join(low, high, which, U64(1))
                seen |= bit
            elif _DELIMITED[kind] & bit:
                if seen & bit:
                    return UNUSUAL, low, high, first
                point[STARTS + number], point[ENDS + number] = start, i
                seen |= bit
    if run_end:
        low, high = join(low, high, *fingerprint(buffer, run, run_end, key))
    point[SEEN] = seen
    return OK, low, high, first
