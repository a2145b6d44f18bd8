"""The unknown series and the exemplars of a remote-write 2.0 request: references to symbols become canonical label sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import U64, Bytes, load64
from fusewatch.telemetry.kernels import bare, bare_kernel
from fusewatch.telemetry.label_kernels import (
    INVALID,
    LARGE,
    ODD,
    PLAIN,
    canonical_size,
    has_metric_name,
    is_text,
    short_enough,
    sort_labels,
    write_labels,
)
from fusewatch.telemetry.protobuf_kernels import field_at, varint
from fusewatch.telemetry.remote_write import END, EXEMPLAR, KIND, REF, START
from fusewatch.telemetry.remote_write_extras import ExemplarColumns
from fusewatch.telemetry.remote_write_misses import CanonicalSets
from fusewatch.telemetry.remote_write_v2 import (
    MISS_BROKEN,
    MISS_END,
    MISS_START,
    NO_LABELS,
    LabelRefs,
    Symbols,
    read_label_refs,
    series_print,
)
from fusewatch.telemetry.samples import Int64s

#: Whether a symbol is UTF-8: not looked at yet, yes, no.
_UNKNOWN, _TEXT, _NO_TEXT = 0, 1, 2
UInt8s = NDArray[np.uint8]


@bare
def _is_text(buffer: Bytes, places: Int64s, texts: UInt8s, ref: int) -> bool:
    """Whether a symbol is UTF-8, looked at once."""
    if texts[ref] == _UNKNOWN:
        texts[ref] = _TEXT if is_text(buffer, places[ref, 0], places[ref, 1]) else _NO_TEXT
    return bool(texts[ref] == _TEXT)


@bare
def _take_refs(
    buffer: Bytes, bounds: tuple[np.uint64, np.uint64], symbols: Symbols, texts: UInt8s, parts: Int64s, seen: int
) -> tuple[int, int]:
    """Writes the places of the symbols that ``bounds`` refers to into ``parts``, from label side ``seen`` on.

    Returns how many sides there are now, and PLAIN, ODD (too many) or INVALID.
    """
    places, _, count, _ = symbols
    i, end = bounds
    while i < end:
        wide, i = varint(buffer, i, end)
        ref = int(np.int64(wide & U64(0xFFFFFFFF)))
        if seen == 2 * len(parts):
            return seen, ODD
        if i > end or ref >= count or not _is_text(buffer, places, texts, ref):
            return seen, INVALID
        part, side = parts[seen >> 1], 2 * (seen & 1)
        part[side], part[side + 1] = places[ref, 0], places[ref, 1]
        seen += 1
    return seen, PLAIN


@bare
def _read_labels(buffer: Bytes, miss: Int64s, symbols: Symbols, texts: UInt8s, parts: Int64s) -> tuple[LabelRefs, int, int]:
    """The fingerprint so far, the number of labels, and PLAIN, ODD or INVALID, of a TimeSeries."""
    labels, seen, status = NO_LABELS, 0, PLAIN
    i, end = U64(miss[MISS_START]), U64(miss[MISS_END])
    while i < end:
        tag, first, i = field_at(buffer, i, end)
        if tag == U64(0x0A) or tag == U64(0x08):
            labels, _ = read_label_refs(buffer, (first, i), symbols, labels)
            if status == PLAIN:
                seen, status = _take_refs(buffer, (first, i), symbols, texts, parts, seen)
    return labels, seen >> 1, status


@bare_kernel
def canonical_sets_v2(buffer: Bytes, misses: Int64s, symbols: Symbols, texts: UInt8s, parts: Int64s, out: CanonicalSets) -> None:
    """Brings the labels of ``misses`` into canonical form, as :func:`canonical_sets` does for 1.0.

    ``texts`` (symbols) is zeroed scratch. Symbols may be named again and again, so that sets can be many times larger than the request:
    a set for which ``blob`` has no more room is LARGE.
    """
    blob, offsets, lows, highs, statuses = out
    at = 0
    offsets[0] = 0
    for i in range(len(misses)):
        labels, count, status = _read_labels(buffer, misses[i], symbols, texts, parts)
        lows[i], highs[i] = series_print(labels)
        if misses[i, MISS_BROKEN]:
            status = INVALID
        if status == PLAIN and not (sort_labels(buffer, parts, count) and has_metric_name(buffer, parts, count)):
            status = INVALID
        if status == PLAIN and canonical_size(parts, count) > len(blob) - at:
            status = LARGE
        if status == PLAIN:
            at = write_labels(buffer, parts, count, blob, at)
        statuses[i] = status
        offsets[i + 1] = at


@bare_kernel
def read_exemplars_v2(
    buffer: Bytes, extras: Int64s, symbols: Symbols, texts: UInt8s, parts: Int64s, out: ExemplarColumns
) -> tuple[int, int]:
    """Fills the columns with the EXEMPLAR rows among ``extras`` whose series has a reference.

    Returns how many, and the row of the first one whose references lead nowhere (-1: none). Others that can't be kept are left out
    without a word, as Prometheus does: more than 128 characters of labels, a label twice, text that is not UTF-8.
    """
    refs, times, bits, offsets, labels = out
    row, at, first_bad = 0, 0, -1
    offsets[0] = 0
    for k in range(len(extras)):
        if extras[k, KIND] != EXEMPLAR or extras[k, REF] == 0:
            continue
        value, timestamp, seen, status = U64(0), U64(0), 0, PLAIN
        read = NO_LABELS
        i, end = U64(extras[k, START]), U64(extras[k, END])
        while i < end:
            tag, first, i = field_at(buffer, i, end)
            if i > end:
                status = INVALID
            elif tag == U64(0x0A) or tag == U64(0x08):
                read, _ = read_label_refs(buffer, (first, i), symbols, read)
                if status == PLAIN:
                    seen, status = _take_refs(buffer, (first, i), symbols, texts, parts, seen)
            elif tag == U64(0x11):
                value = load64(buffer, first)
            elif tag == U64(0x18):
                timestamp = varint(buffer, first, end)[0]
        if first_bad < 0 and (read[5] or read[2] & 1):
            first_bad = k
        count = seen >> 1
        if status != PLAIN or seen & 1 or not short_enough(buffer, parts, count) or not sort_labels(buffer, parts, count):
            continue
        if canonical_size(parts, count) > len(labels) - at:
            continue
        at = write_labels(buffer, parts, count, labels, at)
        refs[row], times[row], bits[row] = extras[k, REF], np.int64(timestamp), value
        row += 1
        offsets[row] = at
    return row, first_bad
