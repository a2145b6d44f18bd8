"""The native histograms and exemplars that a walk over a protobuf page has listed, from their messages to columns."""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.exposition.families import read_timestamp
from fusewatch.telemetry.exposition.family_rows import (
    A_NATIVE,
    A_SERIES,
    BAD_FAMILY,
    BAD_HISTOGRAM,
    BUCKET_LIMIT,
    FINE,
    FINEST_SCHEMA,
    FIRST,
    IS_GAUGE,
    LAST,
    MESSAGE,
    MESSAGE_END,
    OWNED_BY,
    OWNER,
    SLOT,
    STATUS,
    TOO_MANY_BUCKETS,
    UNREADABLE,
)
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.hashing import U64, Bytes, fingerprint, load64
from fusewatch.telemetry.histogram_checks import GOOD
from fusewatch.telemetry.histogram_kernels import CLIENT_FIELDS, read_fields, settle, write_body
from fusewatch.telemetry.histogram_parts import COUNT_FLOAT, IS_FLOAT, RESET_HINT, ZERO_FLOAT, HistogramParts
from fusewatch.telemetry.histogram_shapes import fit_buckets
from fusewatch.telemetry.histograms import ResetHint
from fusewatch.telemetry.kernels import bare_kernel
from fusewatch.telemetry.label_kernels import PLAIN, read_label, short_enough, sort_labels, write_labels
from fusewatch.telemetry.protobuf_kernels import field_at
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Slots, times, value bits, marks, offsets (one more than rows) and canonical labels of exemplars.
ExemplarRoom = tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Bytes]
_GAUGE = int(ResetHint.GAUGE)


@bare_kernel
def write_bodies(page: Bytes, rows: Int64s, numbers: Int64s, parts: HistogramParts, offsets: Int64s, words: UInt64s) -> None:
    """Writes the binary forms of the histograms that ``rows`` lists to ``words`` (eight bytes each), one behind the other.

    ``offsets`` (n + 1) are in words. Where one can't be stored, the status in ``numbers`` says so, and ``parts`` hold what is wrong.
    ``words`` must have room for eight bytes a byte of the messages, and a head for each.
    """
    at = 0
    offsets[0] = 0
    fields, _, _, _ = parts
    floats = fields.view(np.float64)
    for k in range(len(rows)):
        status = FINE
        if not read_fields(page, U64(rows[k, FIRST]), U64(rows[k, LAST]), CLIENT_FIELDS, parts):
            status = UNREADABLE
        else:
            fields[IS_FLOAT] = floats[COUNT_FLOAT] > 0 or floats[ZERO_FLOAT] > 0
            fields[RESET_HINT] = _GAUGE if rows[k, IS_GAUGE] else 0
            if settle(parts) != GOOD:
                status = BAD_HISTOGRAM
            elif not fit_buckets(parts, numbers[FINEST_SCHEMA], numbers[BUCKET_LIMIT]):
                status = TOO_MANY_BUCKETS
        if status != FINE:
            numbers[STATUS], numbers[BAD_FAMILY] = status, rows[k, OWNER]
            break
        at = write_body(parts, words, at)
        offsets[k + 1] = at


@bare_kernel
def read_page_exemplars(page: Bytes, rows: Int64s, last: Int64s, labels: Int64s, out: ExemplarRoom) -> int:
    """Reads the exemplars that ``rows`` lists; how many are worth storing.

    Left out are those that were stored before, that can't be kept (malformed, more than 128 characters), and a native histogram's
    without a time, also where it was a classic one. ``last`` (slots) has the mark of the last one stored: of native histograms its time,
    else a fingerprint.
    """
    slots, times, bits, marks, offsets, blob = out
    row, at = 0, 0
    offsets[0] = 0
    for k in range(len(rows)):
        slot, native = rows[k, SLOT], rows[k, OWNED_BY] == A_NATIVE
        i, end = U64(rows[k, MESSAGE]), U64(rows[k, MESSAGE_END])
        mark, _ = fingerprint(page, i, end, U64(1))
        count, value, timestamp, good = 0, U64(0), NO_TIMESTAMP, native or last[slot] != np.int64(mark)
        while i < end and good:
            tag, first, i = field_at(page, i, end)
            if i > end:
                good = False
            elif tag == U64(0x0A):
                good = count < len(labels) and read_label(page, first, i, labels[count]) == PLAIN
                count += 1
            elif tag == U64(0x11):
                value = load64(page, first)
            elif tag == U64(0x1A):
                timestamp = read_timestamp(page, first, i)
        if not good or (native and timestamp <= last[slot]) or (rows[k, OWNED_BY] != A_SERIES and timestamp == NO_TIMESTAMP):
            continue
        if not short_enough(page, labels, count) or not sort_labels(page, labels, count):
            continue
        at = write_labels(page, labels, count, blob, at)
        slots[row], times[row], bits[row], marks[row] = slot, timestamp, np.int64(value), timestamp if native else np.int64(mark)
        row += 1
        offsets[row] = at
    return row
