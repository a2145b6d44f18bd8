"""Remote write 2.0: a request's bytes to columns of samples, without a Python object per sample.

The wire format is a snappy block that holds one protobuf message, ``io.prometheus.write.v2.Request``
(https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/, prompb/io/prometheus/write/v2/types.proto)::

    Request       4: repeated string symbols         5: repeated TimeSeries
    TimeSeries    1: repeated uint32 labels_refs     2: repeated Sample   3: repeated Histogram   4: repeated Exemplar   5: Metadata
                  6: int64 created_timestamp (ms; of the first release candidates, now in the samples)
    Sample        1: double value                    2: int64 timestamp (ms)                      3: int64 start_timestamp (ms)
    Exemplar      1: repeated uint32 labels_refs     2: double value                              3: int64 timestamp (ms)
    Metadata      1: type                            3: uint32 help_ref                           4: uint32 unit_ref

References are indices into the symbols. Each symbol is fingerprinted once a request; a series is recognised by those of its labels.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, fingerprint, fold, load64
from fusewatch.telemetry.kernels import bare, bare_kernel, merged
from fusewatch.telemetry.protobuf_kernels import field_at, varint
from fusewatch.telemetry.remote_write import (
    END,
    EXEMPLAR,
    EXTRA_COLUMNS,
    HISTOGRAM,
    KIND,
    MALFORMED,
    MISS,
    REF,
    START,
    TOO_MANY,
    Table,
    UInt32s,
    find_reference,
    short_timestamp,
)
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Columns of the misses: the TimeSeries' start and end, its first row and rows, and whether something is wrong with it.
MISS_START, MISS_END, MISS_ROW, MISS_ROWS, MISS_BROKEN, MISS_COLUMNS = range(6)
#: Columns behind those that extras have in 1.0: the series' created_timestamp, start and end.
CREATED, OWNER_START, OWNER_END, EXTRA_COLUMNS_V2 = range(EXTRA_COLUMNS, EXTRA_COLUMNS + 4)
#: Columns of the metadata: references of metric name, help and unit, and the type.
NAME, HELP, UNIT, TYPE, METADATA_COLUMNS = range(5)
#: Reference, timestamp, value bits and start timestamp of each row.
ColumnsV2 = tuple[UInt32s, Int64s, UInt64s, Int64s]
#: Columns, misses, metadata and extras.
OutputsV2 = tuple[ColumnsV2, Int64s, Int64s, Int64s]
#: Where the symbols are (n, 2), their fingerprints (n, 2), how many there are, and which is ``__name__`` (-1: none).
Symbols = tuple[Int64s, UInt64s, int, int]
#: Fingerprints (capacity, 2) of metadata told before, and which slots are taken (capacity).
MetadataTable = tuple[UInt64s, UInt32s]
#: Of the labels read so far: two halves of their fingerprint, how many references, the last one, the metric's name, whether any is wrong.
LabelRefs = tuple[np.uint64, np.uint64, int, int, int, bool]
_K0: Final = U64(0x8EBC6AF09C88C6E3)
_K1: Final = U64(0xA0761D6478BD642F)
NO_LABELS: Final[LabelRefs] = (U64(0), _K1, 0, -1, -1, False)


@bare_kernel
def read_symbols(buffer: Bytes, size: int, key: np.uint64, places: Int64s, prints: UInt64s) -> tuple[int, int]:
    """Fills ``places`` and ``prints`` (n, 2) with the symbols of a Request in ``buffer[:size]``.

    Returns how many (or MALFORMED, TOO_MANY), and which of them is ``__name__`` (-1: none).
    """
    n, i = U64(size), U64(0)
    count, name = 0, -1
    while i < n:
        tag, start, i = field_at(buffer, i, n)
        if i > n:
            return MALFORMED, -1
        if tag != U64(0x22):
            continue
        if count == len(places):
            return TOO_MANY, -1
        places[count, 0], places[count, 1] = start, i
        prints[count, 0], prints[count, 1] = fingerprint(buffer, start, i, key)
        if i - start == U64(8) and load64(buffer, start) == U64(0x5F5F656D616E5F5F):
            name = count
        count += 1
    return count, name


@bare
def _sample(buffer: Bytes, i: np.uint64, stop: np.uint64) -> tuple[np.uint64, np.int64, np.int64, bool]:
    """Value bits, timestamp and start timestamp of a Sample, and whether it is readable."""
    bits, timestamp, started = U64(0), U64(0), U64(0)
    while i < stop:
        tag, first, i = field_at(buffer, i, stop)
        if i > stop:
            return bits, np.int64(0), np.int64(0), False
        if tag == U64(0x09):
            bits = load64(buffer, first)
        elif tag == U64(0x10):
            timestamp = varint(buffer, first, stop)[0]
        elif tag == U64(0x18):
            started = varint(buffer, first, stop)[0]
    return bits, np.int64(timestamp), np.int64(started), True


@bare
def read_label_refs(buffer: Bytes, bounds: tuple[np.uint64, np.uint64], symbols: Symbols, labels: LabelRefs) -> tuple[LabelRefs, bool]:
    """Goes on with the references in ``bounds``, packed or one; and whether they are readable."""
    _, prints, count, name_symbol = symbols
    low, high, seen, last, name, broken = labels
    i, end = bounds
    while i < end:
        wide, i = varint(buffer, i, end)
        if i > end:
            return labels, False
        ref = int(np.int64(wide & U64(0xFFFFFFFF)))
        if ref >= count:
            broken = True
        else:
            low, high = fold(low ^ prints[ref, 0], prints[ref, 1] ^ _K0), fold(high ^ prints[ref, 1], prints[ref, 0] ^ _K1)
        if last == name_symbol and seen & 1:
            name = ref
        last = ref
        seen += 1
    return (low, high, seen, last, name, broken), True


@bare
def series_print(labels: LabelRefs) -> tuple[np.uint64, np.uint64]:
    """128 keyed bits of a series' labels, in the order of the wire."""
    low, high, seen, _, _, _ = labels
    return fold(low ^ _K0, high ^ U64(seen)), fold(high ^ _K1, low)


@bare
def _metadata(buffer: Bytes, i: np.uint64, stop: np.uint64) -> tuple[int, int, int, bool]:
    """Type, help and unit references of a Metadata, and whether it is readable."""
    kind, about, unit = np.int64(0), np.int64(0), np.int64(0)
    while i < stop:
        tag, first, i = field_at(buffer, i, stop)
        if i > stop:
            return 0, 0, 0, False
        if tag & U64(7) == U64(0):
            number = np.int64(varint(buffer, first, stop)[0] & U64(0xFFFFFFFF))
            if tag == U64(0x08):
                kind = number
            elif tag == U64(0x18):
                about = number
            elif tag == U64(0x20):
                unit = number
    return kind, about, unit, True  # type: ignore[return-value]  # numbers inside the kernel


@bare
def _describe(said: tuple[int, int, int, int], symbols: Symbols, known: MetadataTable, metadata: Int64s, described: int) -> int:
    """Notes what is said of a metric, unless it was said before; how many entries there are now."""
    name, kind, about, unit = said
    _, prints, _, _ = symbols
    keys, taken = known
    low = fold(prints[name, 0] ^ U64(kind), prints[about, 1] ^ _K0) ^ prints[unit, 0]
    high = fold(prints[name, 1] ^ prints[unit, 1], prints[about, 0] ^ _K1) ^ U64(kind)
    mask = U64(len(taken) - 1)
    slot = low & mask
    while taken[slot]:
        if keys[slot, 0] == low and keys[slot, 1] == high:
            return described
        slot = (slot + U64(1)) & mask
    keys[slot, 0], keys[slot, 1], taken[slot] = low, high, 1
    metadata[described, NAME], metadata[described, HELP], metadata[described, UNIT] = name, about, unit
    metadata[described, TYPE] = kind
    return described + 1


@merged
def _series(  # noqa: C901 - one pass over the fields of a message, in whatever order they come
    buffer: Bytes,
    bounds: tuple[np.uint64, np.uint64],
    symbols: Symbols,
    table: tuple[UInt64s, UInt32s],
    told: MetadataTable,
    out: OutputsV2,
    counts: tuple[int, int, int, int],
) -> tuple[int, int, int, int]:
    """Writes what a TimeSeries holds behind ``counts`` (rows, misses, metadata, extras); the counts then, or MALFORMED or TOO_MANY."""
    columns, misses, metadata, extras = out
    out_ref, out_time, out_bits, out_start = columns
    row, missed, described, extra = counts
    labels = NO_LABELS
    said, created = (0, 0, 0), np.int64(0)
    rows, histograms, last_extra = 0, 0, extra
    i, end = bounds
    status = 0
    while i < end and status == 0:
        tag, first, i = field_at(buffer, i, end)
        good = bool(i <= end)
        if not good:
            pass
        elif tag == U64(0x0A) or tag == U64(0x08):
            labels, good = read_label_refs(buffer, (first, i), symbols, labels)
        elif tag == U64(0x12) and row + rows < len(out_ref):
            bits, timestamp, started, good = _sample(buffer, first, i)
            out_time[row + rows], out_bits[row + rows], out_start[row + rows] = timestamp, bits, started
            rows += 1
        elif (tag == U64(0x1A) or tag == U64(0x22)) and last_extra < len(extras):
            histograms += tag == U64(0x1A)
            extras[last_extra, KIND] = HISTOGRAM if tag == U64(0x1A) else EXEMPLAR
            extras[last_extra, START], extras[last_extra, END] = first, i
            last_extra += 1
        elif tag == U64(0x2A):
            kind, about, unit, good = _metadata(buffer, first, i)
            said = (kind, about, unit)
        elif tag == U64(0x30):
            created = np.int64(varint(buffer, first, end)[0])
        elif tag == U64(0x12) or tag == U64(0x1A) or tag == U64(0x22):
            status = TOO_MANY
        if not good:
            status = MALFORMED
    seen, name, broken = labels[2], labels[4], labels[5]
    low, high = series_print(labels)
    empty = rows + histograms == 0
    broken = broken or bool(seen & 1) or empty or max(said[1], said[2]) >= max(symbols[2], 1)
    keys, refs = table
    ref = 0 if broken else find_reference(keys, refs, low, high)
    if empty:
        last_extra = extra
    if ref == 0:
        misses[missed, MISS_START], misses[missed, MISS_END], misses[missed, MISS_BROKEN] = bounds[0], end, broken
        misses[missed, MISS_ROW], misses[missed, MISS_ROWS] = row, rows
    for k in range(row, row + rows):
        out_ref[k] = ref
        if out_start[k] == 0:
            out_start[k] = created
    for k in range(extra, last_extra):
        extras[k, REF], extras[k, MISS], extras[k, CREATED] = ref, -1 if ref else missed, created
        extras[k, OWNER_START], extras[k, OWNER_END] = bounds[0], end
    if not broken and name >= 0 and said != (0, 0, 0):
        described = _describe((name, said[0], said[1], said[2]), symbols, told, metadata, described)
    return status or row + rows, missed + (ref == 0), described, last_extra


@merged
def _known_sample(
    buffer: Bytes, bounds: tuple[np.uint64, np.uint64], symbols: Symbols, table: tuple[UInt64s, UInt32s], columns: ColumnsV2, row: int
) -> tuple[int, int, int, int, int]:
    """Writes the row of a TimeSeries that is a known label set, one sample of 18 bytes and at most metadata, as nearly all are.

    Returns 1 (0 where it is another), the metric's name (-1: none), and what the metadata says: type, help and unit.
    """
    keys, refs = table
    out_ref, out_time, out_bits, out_start = columns
    start, end = bounds
    size = U64(buffer[start + U64(1)])
    at = start + U64(2) + size
    rest = at + U64(18)
    if buffer[start] != 0x0A or size > U64(127) or rest > end or load64(buffer, at) & U64(0xFFFFFF) != U64(0x091012):
        return 0, -1, 0, 0, 0
    word = load64(buffer, at + U64(12))
    if buffer[at + U64(11)] != 0x10 or word & U64(0x808080808080) != U64(0x008080808080):
        return 0, -1, 0, 0, 0
    kind, about, unit, good = 0, 0, 0, True
    if rest != end:
        # A longer one has a size of two bytes, so that this ends elsewhere.
        if buffer[rest] != 0x2A or rest + U64(2) + U64(buffer[rest + U64(1)]) != end:
            return 0, -1, 0, 0, 0
        kind, about, unit, good = _metadata(buffer, rest + U64(2), end)
    labels, readable = read_label_refs(buffer, (start + U64(2), at), symbols, NO_LABELS)
    _, _, seen, _, name, broken = labels
    if broken or seen & 1 or not (good and readable) or max(about, unit) >= symbols[2]:
        return 0, -1, 0, 0, 0
    low, high = series_print(labels)
    ref = find_reference(keys, refs, low, high)
    out_ref[row], out_time[row], out_bits[row], out_start[row] = ref, short_timestamp(word), load64(buffer, at + U64(3)), 0
    return 1 if ref else 0, name, kind, about, unit


@bare_kernel
def walk_request_v2(
    buffer: Bytes, size: int, symbols: Symbols, table: Table, told: MetadataTable, out: OutputsV2
) -> tuple[int, int, int, int]:
    """Fills ``out`` from a Request in ``buffer[:size]``.

    Columns: reference, timestamp (int64 ms), value bits and start timestamp (0: none) of each sample. ``misses`` (n, MISS_COLUMNS) gets
    the series that are unknown or broken, whose rows have reference 0; ``metadata`` (n, METADATA_COLUMNS) what ``told`` does not have yet,
    which is room for as many more; ``extras`` (n, EXTRA_COLUMNS_V2) exemplars and histograms, as in 1.0. Returns rows (or MALFORMED,
    TOO_MANY), misses, metadata entries, extras.
    """
    columns, misses, metadata, _ = out
    keys, refs, _ = table
    n, i = U64(size), U64(0)
    counts, before = (0, 0, 0, 0), (-1, 0, 0, 0)
    while i < n:
        tag, start, i = field_at(buffer, i, n)
        if i > n:
            return MALFORMED, 0, 0, 0
        if tag != U64(0x2A):
            continue
        if counts[0] >= len(columns[0]) or counts[1] >= len(misses) or counts[2] >= len(metadata):
            return TOO_MANY, 0, 0, 0
        found, name, kind, about, unit = _known_sample(buffer, (start, i), symbols, (keys, refs), columns, counts[0])
        if found:
            row, missed, described, extra = counts
            said = (name, kind, about, unit)
            if said != before and name >= 0 and kind + about + unit > 0:
                described = _describe(said, symbols, told, metadata, described)
                before = said
            counts = (row + 1, missed, described, extra)
            continue
        counts = _series(buffer, (start, i), symbols, (keys, refs), told, out, counts)
        if counts[0] < 0:
            return counts
    return counts
