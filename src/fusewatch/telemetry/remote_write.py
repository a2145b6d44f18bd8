"""Prometheus remote write 1.0: a request's bytes to columns of samples, without a Python object per sample.

The wire format is a snappy block that holds one protobuf message
(https://prometheus.io/docs/specs/prw/remote_write_spec/, prompb/types.proto)::

    WriteRequest  1: repeated TimeSeries   3: repeated MetricMetadata
    TimeSeries    1: repeated Label        2: repeated Sample   3: repeated Exemplar   4: repeated Histogram
    Label         1: name                  2: value
    Sample        1: double value          2: int64 timestamp (ms)
    MetricMetadata 1: type                 2: family name       4: help        5: unit
"""

from __future__ import annotations

from typing import Final

import cramjam
import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import SLACK, U64, Bytes, fingerprint, load64
from fusewatch.telemetry.kernels import bare, bare_kernel
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.protobuf import ProtobufError, fields, read_varint
from fusewatch.telemetry.protobuf_kernels import field_at, skip, varint
from fusewatch.telemetry.samples import Int64s, UInt64s

UInt32s = NDArray[np.uint32]
#: Fingerprints (capacity, 2) of label bytes, references (capacity; 0 is a free slot) and the key of the fingerprints.
Table = tuple[UInt64s, UInt32s, np.uint64]
#: Reference, timestamp (int64 ms) and value bits of each row.
WireColumns = tuple[UInt32s, Int64s, UInt64s]
#: Columns, misses, metadata and extras.
Outputs = tuple[WireColumns, Int64s, Int64s, Int64s]

#: What a request may unpack to, as in Prometheus (``decodeReadLimit``).
MAX_DECODED_BYTES: Final = 32 << 20
MALFORMED: Final = -1
#: Fields in an order that no known sender uses (labels after samples); valid protobuf all the same.
UNUSUAL: Final = -2
TOO_MANY: Final = -3
#: Columns of the extras, and what an extra is.
KIND, START, END, REF, MISS, EXTRA_COLUMNS = range(6)
EXEMPLAR, HISTOGRAM = 3, 4
#: Types of metrics by their number on the wire, in 1.0 and 2.0.
METRIC_TYPES: Final = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")


class RemoteWriteError(ProtobufError):
    """The body is not a remote-write 1.0 request (400)."""


def decompressed_size(body: bytes) -> int:
    """The size that a snappy block says it unpacks to.

    Raises:
        RemoteWriteError: not a snappy block, or more than :data:`MAX_DECODED_BYTES`.
    """
    try:
        size, _ = read_varint(body, 0)
    except IndexError:
        raise RemoteWriteError("snappy: corrupt input: the body must be a snappy block (not a framed stream)") from None
    if size > MAX_DECODED_BYTES:
        raise RemoteWriteError(f"snappy: the body unpacks to {size} bytes, the limit is {MAX_DECODED_BYTES}: send smaller requests")
    return size


def decompress(body: bytes, buffer: Bytes) -> int:
    """Unpacks ``body`` into ``buffer`` (at least :func:`decompressed_size` and SLACK bytes); how many bytes that were.

    Raises:
        RemoteWriteError: not a snappy block.
    """
    try:
        return int(cramjam.snappy.decompress_raw_into(body, buffer.data))
    except Exception as error:
        # cramjam raises its own DecompressionError, but a plain one on some inputs that end too early.
        raise RemoteWriteError(f"snappy: corrupt input ({error})") from error


def padded(body: bytes) -> Bytes:
    """``body`` as an array that :func:`walk` may read: with slack behind its end."""
    return np.frombuffer(body + bytes(SLACK), np.uint8)


@bare
def find_reference(keys: UInt64s, refs: UInt32s, low: np.uint64, high: np.uint64) -> int:
    """The reference under a fingerprint, 0 where there is none."""
    mask = U64(len(refs) - 1)
    slot = low & mask
    while refs[slot]:
        if keys[slot, 0] == low and keys[slot, 1] == high:
            break
        slot = (slot + U64(1)) & mask
    return refs[slot]  # type: ignore[no-any-return]  # a number inside the kernel


@bare
def _sample(buffer: Bytes, i: np.uint64, stop: np.uint64) -> tuple[np.uint64, np.int64, np.uint64]:
    """Value bits and timestamp of the Sample in ``buffer[i:stop]``, and the position behind it (past ``stop``: malformed)."""
    bits, timestamp = U64(0), U64(0)
    while i < stop:
        tag, i = varint(buffer, i, stop)
        if tag == U64(0x09) and i + U64(8) <= stop:
            bits = load64(buffer, i)
            i += U64(8)
        elif tag == U64(0x10):
            timestamp, i = varint(buffer, i, stop)
        elif tag < U64(8):
            return bits, np.int64(timestamp), stop + U64(1)
        else:
            i = skip(buffer, i, stop, tag & U64(7))
    return bits, np.int64(timestamp), i


@bare
def short_timestamp(word: np.uint64) -> np.int64:
    """The number in six varint bytes."""
    total = U64(0)
    for k in range(6):
        total |= (word >> U64(8 * k) & U64(127)) << U64(7 * k)
    return np.int64(total)


@bare
def _known_sample(buffer: Bytes, bounds: tuple[np.uint64, np.uint64], table: Table, columns: WireColumns, row: np.uint64) -> bool:
    """Writes the row of a TimeSeries that is a known label set and one sample of 18 bytes, as nearly all are; whether it is one.

    Known label bytes are known to hold labels and nothing else, so finding their fingerprint proves the parse, and the labels need not
    be walked.
    """
    start, end = bounds
    at = end - U64(18)
    if end - start <= U64(18) or load64(buffer, at) & U64(0xFFFFFF) != U64(0x091012) or buffer[at + U64(11)] != 0x10:
        return False
    word = load64(buffer, at + U64(12))
    if word & U64(0x808080808080) != U64(0x008080808080):
        return False
    keys, refs, key = table
    low, high = fingerprint(buffer, start, at, key)
    ref = find_reference(keys, refs, low, high)
    if ref == 0:
        return False
    out_ref, out_time, out_bits = columns
    out_ref[row], out_time[row], out_bits[row] = ref, short_timestamp(word), load64(buffer, at + U64(3))
    return True


@bare
def _labels_end(buffer: Bytes, at: np.uint64, end: np.uint64) -> np.uint64:
    """The position behind the Label fields at ``at``, past ``end`` when one is cut off."""
    while at < end and buffer[at] == 0x0A:
        at = skip(buffer, at + U64(1), end, U64(2))
    return at


@bare
def _samples(buffer: Bytes, at: np.uint64, end: np.uint64, out: Outputs, row: np.uint64, extra: int) -> tuple[int, int]:
    """Writes the samples behind a TimeSeries' labels, and from ``extra`` on where its exemplars and native histograms are.

    Returns how many samples (or MALFORMED, UNUSUAL, TOO_MANY), and how many extras there are now, counted even where there is no room for
    them.
    """
    columns, _, _, extras = out
    _, out_time, out_bits = columns
    rows = U64(0)
    while at < end:
        tag, start, at = field_at(buffer, at, end)
        if at > end:
            return MALFORMED, 0
        if tag == U64(0x0A):
            return UNUSUAL, 0
        if tag == U64(0x12):
            if row + rows >= U64(len(out_time)):
                return TOO_MANY, 0
            bits, timestamp, stop = _sample(buffer, start, at)
            if stop > at:
                return MALFORMED, 0
            out_time[row + rows], out_bits[row + rows] = timestamp, bits
            rows += U64(1)
        elif tag == U64(0x1A) or tag == U64(0x22):
            if extra < len(extras):
                extras[extra, KIND], extras[extra, START], extras[extra, END] = tag >> U64(3), start, at
            extra += 1
    return np.int64(rows), extra  # type: ignore[return-value]  # numbers inside the kernel


@bare
def _series(
    buffer: Bytes, bounds: tuple[np.uint64, np.uint64], table: Table, out: Outputs, counts: tuple[np.uint64, int, int]
) -> tuple[int, int, int]:
    """Writes the rows and extras of any TimeSeries.

    ``counts``: rows, misses and extras so far. Returns how many rows (or an error) and misses (0 or 1) it has, and how many extras there
    are now.
    """
    row, missed, before = counts
    start, end = bounds
    columns, misses, _, extras = out
    labels_end = _labels_end(buffer, start, end)
    if labels_end > end:
        return MALFORMED, 0, 0
    rows, extra = _samples(buffer, labels_end, end, out, row, before)
    kept = min(extra, len(extras))
    miss = 0
    if rows > 0 or (rows == 0 and kept > before):
        keys, refs, key = table
        low, high = fingerprint(buffer, start, labels_end, key)
        ref = find_reference(keys, refs, low, high)
        if ref == 0:
            misses[missed, 0], misses[missed, 1], misses[missed, 2], misses[missed, 3] = start, labels_end, row, rows
            miss = 1
        columns[0][row : row + U64(rows)] = ref
        for k in range(before, kept):
            extras[k, REF], extras[k, MISS] = ref, missed if miss else -1
    return rows, miss, extra


@bare_kernel
def walk_request(
    buffer: Bytes, size: int, table: Table, columns: WireColumns, misses: Int64s, metadata: Int64s, extras: Int64s
) -> tuple[int, int, int, int]:
    """Fills the columns (reference uint32, timestamp int64 ms, value bits uint64) from a WriteRequest in ``buffer[:size]``.

    ``table``: fingerprints (capacity, 2), references (capacity; 0 is free) and key of the series that are known. ``misses`` (n, 4) gets
    label start, label end, first row and rows of each unknown series, whose rows have reference 0; ``metadata`` (n, 2) gets start and end
    of each MetricMetadata; ``extras`` (n > 0, EXTRA_COLUMNS) gets EXEMPLAR or HISTOGRAM, start and end of the message, the series'
    reference, and its number among the misses (-1: it is known). Returns rows (or MALFORMED, UNUSUAL, TOO_MANY), misses, metadata
    entries, extras.
    """
    out = (columns, misses, metadata, extras)
    n, i = U64(size), U64(0)
    row, missed, described, extra = U64(0), 0, 0, 0
    while i < n:
        tag, start, i = field_at(buffer, i, n)
        if i > n:
            return MALFORMED, 0, 0, 0
        if row >= U64(len(columns[0])) or missed >= len(misses) or described >= len(metadata):
            return TOO_MANY, 0, 0, 0
        if tag == U64(0x0A):
            if _known_sample(buffer, (start, i), table, columns, row):
                row += U64(1)
                continue
            rows, miss, extra = _series(buffer, (start, i), table, out, (row, missed, extra))
            if rows < 0:
                return rows, 0, 0, 0
            if extra > len(extras):
                return TOO_MANY, 0, 0, 0
            missed += miss
            row += U64(rows)
        elif tag == U64(0x1A):
            metadata[described, 0], metadata[described, 1] = start, i
            described += 1
    return np.int64(row), missed, described, extra  # type: ignore[return-value]  # numbers inside the kernel


def parse_labels(data: bytes) -> list[tuple[str, str]]:
    """Names and values of the Label fields in ``data``, in the order of the wire.

    Raises:
        ProtobufError: malformed, or (a RemoteWriteError) not UTF-8.
    """
    return [_label(data, start, end) for _, _, start, end in fields(data)]


def parse_metadata(data: bytes) -> MetricMetadata:
    """A MetricMetadata message.

    Raises:
        ProtobufError: malformed, or (a RemoteWriteError) not UTF-8.
    """
    kind, texts = 0, {2: "", 4: "", 5: ""}
    for field, number, start, end in fields(data):
        if field == 1:
            kind = number
        elif field in texts:
            texts[field] = _text(data, start, end)
    return MetricMetadata(metric=texts[2], type=METRIC_TYPES[kind] if kind < len(METRIC_TYPES) else "unknown", help=texts[4], unit=texts[5])


def _label(data: bytes, start: int, end: int) -> tuple[str, str]:
    parts = {1: "", 2: ""}
    for field, _, first, last in fields(data, start, end):
        if field in parts:
            parts[field] = _text(data, first, last)
    return parts[1], parts[2]


def _text(data: bytes, start: int, end: int) -> str:
    try:
        return data[start:end].decode()
    except UnicodeDecodeError as error:
        raise RemoteWriteError(f"invalid UTF-8 in {data[start:end]!r}") from error
