"""Native histograms and exemplars of remote write 1.0, from their messages to columns.

``Exemplar  1: repeated Label   2: double value   3: int64 timestamp (ms)`` (prompb/types.proto); for Histogram see histogram_kernels.
"""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, load64
from fusewatch.telemetry.histogram_checks import GOOD, Problem
from fusewatch.telemetry.histogram_kernels import WRITE_FIELDS, read_fields, settle, write_body
from fusewatch.telemetry.histogram_parts import START_TIMESTAMP, TIMESTAMP, HistogramParts
from fusewatch.telemetry.kernels import bare, bare_kernel
from fusewatch.telemetry.label_kernels import PLAIN, read_label, short_enough, sort_labels, write_labels
from fusewatch.telemetry.protobuf_kernels import field_at, varint
from fusewatch.telemetry.remote_write import END, EXEMPLAR, EXTRA_COLUMNS, HISTOGRAM, KIND, MALFORMED, REF, START, UInt32s
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Columns of native histograms: reference, timestamp, start timestamp (ms; 0: none), offsets in words (one more than rows), bodies as
#: words of eight bytes.
HistogramColumns = tuple[UInt32s, Int64s, Int64s, Int64s, UInt64s]
#: Columns of exemplars: reference, timestamp, value bits, offsets (one more than rows) into the canonical labels.
ExemplarColumns = tuple[UInt32s, Int64s, UInt64s, Int64s, Bytes]


@bare
def _read(buffer: Bytes, start: np.uint64, end: np.uint64, parts: Int64s) -> tuple[int, np.uint64, np.int64]:
    """How many labels (-1: not an exemplar), value bits, timestamp."""
    labels, bits, timestamp, i = 0, U64(0), U64(0), start
    while i < end:
        tag, first, i = field_at(buffer, i, end)
        if i > end:
            return -1, bits, np.int64(0)
        if tag == U64(0x0A):
            if labels == len(parts) or read_label(buffer, first, i, parts[labels]) != PLAIN:
                return -1, bits, np.int64(0)
            labels += 1
        elif tag == U64(0x11):
            bits = load64(buffer, first)
        elif tag == U64(0x18):
            timestamp = varint(buffer, first, end)[0]
    return labels, bits, np.int64(timestamp)


@bare_kernel
def read_exemplars(buffer: Bytes, extras: Int64s, parts: Int64s, out: ExemplarColumns) -> int:
    """Fills the columns with the EXEMPLAR rows among ``extras`` whose series has a reference; how many.

    Malformed ones, and those with more than 128 characters of labels, are left out without a word, as Prometheus does.
    """
    refs, times, bits, offsets, labels = out
    row, at = 0, 0
    offsets[0] = 0
    for k in range(len(extras)):
        if extras[k, KIND] != EXEMPLAR or extras[k, REF] == 0:
            continue
        found, value, timestamp = _read(buffer, U64(extras[k, START]), U64(extras[k, END]), parts)
        if found < 0 or not short_enough(buffer, parts, found) or not sort_labels(buffer, parts, found):
            continue
        at = write_labels(buffer, parts, found, labels, at)
        refs[row], times[row], bits[row] = extras[k, REF], timestamp, value
        row += 1
        offsets[row] = at
    return row


@bare_kernel
def read_histograms(buffer: Bytes, extras: Int64s, parts: HistogramParts, out: HistogramColumns, problem: Problem) -> tuple[int, int]:
    """Fills the columns with the HISTOGRAM rows among ``extras`` whose series has a reference.

    A column of extras beyond EXTRA_COLUMNS is the start timestamp of those that have none of their own. Returns how many, or MALFORMED,
    and how many invalid ones are left out; ``problem`` then says what is wrong with the first of them.
    ``out`` needs eight bytes of body for each byte of a message, and a head for each message.
    """
    refs, times, starts, offsets, words = out
    row, at, bad = 0, 0, 0
    offsets[0] = 0
    for k in range(len(extras)):
        if extras[k, KIND] != HISTOGRAM or extras[k, REF] == 0:
            continue
        if not read_fields(buffer, U64(extras[k, START]), U64(extras[k, END]), WRITE_FIELDS, parts):
            return MALFORMED, 0
        if settle(parts) != GOOD:
            for place in range(len(problem) if bad == 0 else 0):
                problem[place] = parts[3][place]
            bad += 1
            continue
        at = write_body(parts, words, at)
        refs[row], times[row], starts[row] = extras[k, REF], np.int64(parts[0][TIMESTAMP]), np.int64(parts[0][START_TIMESTAMP])
        if starts[row] == 0 and extras.shape[1] > EXTRA_COLUMNS:
            starts[row] = extras[k, EXTRA_COLUMNS]
        row += 1
        offsets[row] = at
    return row, bad
