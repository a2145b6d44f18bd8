"""Arranged rows to the WriteRequest of remote write 1.0, copied by kernels.

https://prometheus.io/docs/specs/prw/remote_write_spec/, prompb/types.proto::

    WriteRequest  1: repeated TimeSeries
    TimeSeries    1: repeated Label    2: repeated Sample    3: repeated Exemplar    4: repeated Histogram
    Sample        1: double value      2: int64 timestamp (ms)
    Exemplar      1: repeated Label    2: double value       3: int64 timestamp (ms)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import cramjam
import numpy as np

from fusewatch.forward.arranging import Arranged
from fusewatch.forward.label_book import LabelBook
from fusewatch.forward.labels import fields_size, put_label
from fusewatch.forward.rows import HISTOGRAM, SAMPLE, Rows
from fusewatch.storage.series_kernels import UInt8s, UInt32s
from fusewatch.telemetry.chunks.bits import whole
from fusewatch.telemetry.histogram_message import histogram_size, put_histogram
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.protobuf_write import put_bytes, put_fixed64, put_varint, varint_size
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

HEADERS: Final[Mapping[str, str]] = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
U64 = np.uint64
#: Order, slots, kinds, times, words.
Columns = tuple[Int64s, UInt32s, UInt8s, Int64s, UInt64s]
#: Histograms; exemplars' value bits, offsets and labels.
Others = tuple[UInt64s, UInt64s, Int64s, Bytes]
#: Starts, ends and bytes of labels.
Labels = tuple[Int64s, Int64s, Bytes]


def columns_of(rows: Rows, arranged: Arranged, first: int, last: int) -> tuple[Columns, Others]:
    """Those rows that one request holds, as kernels take them."""
    columns = (arranged.order[first:last], arranged.slots, rows.kinds, rows.times, rows.words)
    return columns, (rows.histograms, rows.exemplar_bits, rows.exemplar_offsets, rows.exemplar_labels)


class FieldRequests:
    """Requests of remote write 1.0, whose book holds Label fields."""

    headers = HEADERS
    custom_buckets = False

    def __init__(self, book: LabelBook) -> None:
        self.book = book

    def describe(self, entries: Sequence[MetricMetadata]) -> None:
        """What metrics are goes out by itself in this version."""

    def trim(self) -> None:
        """The book bounds itself."""

    def encode(self, rows: Rows, arranged: Arranged, first: int, last: int) -> bytes:
        """The body, compressed, of the rows at places ``first`` to ``last``."""
        columns, others = columns_of(rows, arranged, first, last)
        labels = (self.book.starts, self.book.ends, self.book.blob)
        sizes = np.empty(last - first, np.int64)
        out = np.empty(measure(columns, others, labels, sizes), np.uint8)
        write(columns, others, labels, sizes, out)
        return bytes(cramjam.snappy.compress_raw(out.data))


@inlined
def exemplar_size(others: Others, number: int, time: int) -> int:
    """Bytes of an Exemplar message."""
    _, _, offsets, labels = others
    return fields_size(labels, offsets[number], offsets[number + 1]) + 10 + varint_size(U64(time))


@inlined
def _other_size(columns: Columns, others: Others, row: int) -> int:
    """Bytes of a histogram's or an exemplar's field."""
    _, _, kinds, times, words = columns
    if kinds[row] == HISTOGRAM:
        inner = histogram_size(others[0], whole(words[row]), times[row])
    else:
        inner = exemplar_size(others, whole(words[row]), times[row])
    return 1 + varint_size(U64(inner)) + inner


@inlined
def put_sample(out: Bytes, at: int, bits: np.uint64, time: int) -> int:
    """Writes a field of samples; the position behind. Its fields stand there even where they are zero, as receivers expect."""
    out[at], out[at + 1], out[at + 2] = 0x12, 10 + varint_size(U64(time)), 0x09
    at = put_fixed64(out, at + 3, bits)
    out[at] = 0x10
    return put_varint(out, at + 1, U64(time))


@inlined
def _put_exemplar(out: Bytes, at: int, others: Others, number: int, time: int) -> int:
    _, bits, offsets, labels = others
    at = put_varint(out, at, U64(exemplar_size(others, number, time)))
    place = offsets[number]
    while place < offsets[number + 1]:
        at, place = put_label(out, at, labels, place)
    out[at] = 0x11
    at = put_fixed64(out, at + 1, bits[number])
    out[at] = 0x18
    return put_varint(out, at + 1, U64(time))


@kernel
def measure(columns: Columns, others: Others, labels: Labels, sizes: Int64s) -> int:
    """Fills ``sizes`` with the bytes of each TimeSeries message, as many as there are; bytes of the whole."""
    order, slots, kinds, times, _ = columns
    starts, ends, _ = labels
    place, series, total = 0, 0, 0
    while place < len(order):
        slot = slots[order[place]]
        size = ends[slot] - starts[slot]
        while place < len(order) and slots[order[place]] == slot:
            row = order[place]
            # Here and not in a function: counting references to nine arrays takes longer than the rest.
            if kinds[row] == SAMPLE:
                size += 12 + varint_size(U64(times[row]))
            else:
                size += _other_size(columns, others, row)
            place += 1
        sizes[series] = size
        series += 1
        total += 1 + varint_size(U64(size)) + size
    return total


@kernel
def write(columns: Columns, others: Others, labels: Labels, sizes: Int64s, out: Bytes) -> int:
    """Writes what :func:`measure` measured; where it ends."""
    order, slots, kinds, times, words = columns
    starts, ends, blob = labels
    place, series, at = 0, 0, 0
    while place < len(order):
        slot = slots[order[place]]
        out[at] = 0x0A
        at = put_varint(out, at + 1, U64(sizes[series]))
        at = put_bytes(out, at, blob, starts[slot], ends[slot])
        series += 1
        while place < len(order) and slots[order[place]] == slot:
            row = order[place]
            if kinds[row] == SAMPLE:
                at = put_sample(out, at, words[row], times[row])
            elif kinds[row] == HISTOGRAM:
                out[at], body = 0x22, whole(words[row])
                at = put_varint(out, at + 1, U64(histogram_size(others[0], body, times[row])))
                at = put_histogram(out, at, others[0], body, times[row])
            else:
                out[at] = 0x1A
                at = _put_exemplar(out, at + 1, others, whole(words[row]), times[row])
            place += 1
    return at
