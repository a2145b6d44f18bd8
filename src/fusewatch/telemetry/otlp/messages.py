"""What a Metric says beside its points, inside the walk."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, fingerprint
from fusewatch.telemetry.kernels import merged
from fusewatch.telemetry.otlp.wire import MALFORMED, OK, UNUSUAL, field, join, varint, whole

Pair = tuple[np.uint64, np.uint64]
#: The field of every kind's message that holds a point.
POINTS_TAG: Final = U64(0x0A)


@merged
def points_of(buffer: Bytes, i: np.uint64, end: np.uint64) -> tuple[int, int, int, bool]:
    """OK (or MALFORMED), points, temporality and monotonicity of the message that holds a metric's points."""
    points, temporality, monotonic = 0, 0, False
    while i < end:
        tag, start, i = field(buffer, i, end)
        if i > end:
            return MALFORMED, 0, 0, False
        if tag == POINTS_TAG:
            points += 1
        elif tag == U64(0x10):
            temporality = whole(varint(buffer, start, i)[0])
        elif tag == U64(0x18):
            monotonic = varint(buffer, start, i)[0] != U64(0)
    return OK, points, temporality, monotonic


@merged
def metric_parts(
    buffer: Bytes, i: np.uint64, end: np.uint64, at: Pair, key: np.uint64
) -> tuple[int, int, np.uint64, np.uint64, np.uint64, np.uint64]:
    """OK (or what ends the walk), kind, start and end of the points' message, and the fingerprint of all else in a Metric."""
    low, high = at
    kind, first, last, run = 0, U64(0), U64(0), i
    while i < end:
        here = i
        tag, start, i = field(buffer, i, end)
        if i > end:
            return MALFORMED, 0, first, last, low, high
        number = tag >> U64(3)
        if tag & U64(7) == U64(2) and (number == U64(5) or number == U64(7) or (number >= U64(9) and number <= U64(11))):
            if kind:
                return UNUSUAL, 0, first, last, low, high
            kind, first, last = whole(number), start, i
            if run < here:
                low, high = join(low, high, *fingerprint(buffer, run, here, key))
            run = i
    if run < end:
        low, high = join(low, high, *fingerprint(buffer, run, end, key))
    return OK, kind, first, last, low, high
