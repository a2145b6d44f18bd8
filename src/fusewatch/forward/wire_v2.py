"""Arranged rows to the Request of remote write 2.0, copied by kernels.

https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/, io/prometheus/write/v2/types.proto::

    Request       4: repeated string symbols         5: repeated TimeSeries
    TimeSeries    1: repeated uint32 labels_refs     2: repeated Sample   3: repeated Histogram   4: repeated Exemplar   5: Metadata
    Exemplar      1: repeated uint32 labels_refs     2: double value      3: int64 timestamp (ms)
    Metadata      1: type                            3: uint32 help_ref   4: uint32 unit_ref

Samples and histograms go without start timestamps, as none are stored: see the larger choices in docs/architecture.md.
A request's symbols are those of its series, in the order of their first use, and then those of its exemplars, as they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import cramjam
import numpy as np

from fusewatch.forward.arranging import Arranged
from fusewatch.forward.label_book import LabelBook
from fusewatch.forward.rows import HISTOGRAM, SAMPLE, Rows
from fusewatch.forward.symbol_kernels import U64, Described, Series, number_symbols, parts_in, symbols_size, write_symbols
from fusewatch.forward.symbols import Symbols
from fusewatch.forward.wire_v1 import Columns, Others, columns_of, put_sample
from fusewatch.telemetry.chunks.bits import whole
from fusewatch.telemetry.histogram_message import histogram_size, put_histogram
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.protobuf_write import put_fixed64, put_varint, varint_size
from fusewatch.telemetry.samples import Bytes, Int64s

HEADERS: Final[Mapping[str, str]] = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "X-Prometheus-Remote-Write-Version": "2.0.0",
}


class SymbolRequests:
    """Requests of remote write 2.0, whose book holds numbers of symbols."""

    headers = HEADERS
    custom_buckets = True

    def __init__(self, book: LabelBook, symbols: Symbols, *, limit: int) -> None:
        self.book = book
        self._symbols = symbols
        self._limit = limit
        self._local: Int64s = np.full(1 << 10, -1, np.int64)

    def describe(self, entries: Sequence[MetricMetadata]) -> None:
        """Learns what metrics are, which goes out with each of their series."""
        self._symbols.describe(entries)

    def trim(self) -> None:
        """Begins anew where the texts, among them those of series long gone, take too much memory."""
        if self._symbols.size > self._limit:
            self._symbols.clear()
            self.book.clear()

    def encode(self, rows: Rows, arranged: Arranged, first: int, last: int) -> bytes:
        """The body, compressed, of the rows at places ``first`` to ``last``."""
        columns, others = columns_of(rows, arranged, first, last)
        book, symbols = self.book, self._symbols
        series = (book.starts, book.ends, book.blob[: len(book.blob) // 4 * 4].view(np.uint32))
        described = (symbols.types, symbols.helps, symbols.units)
        offsets, blob = symbols.texts
        if len(self._local) < len(offsets):
            self._local = np.full(2 * len(offsets), -1, np.int64)
        used, sizes = np.empty(len(offsets), np.int64), np.empty(last - first, np.int64)
        count = number_symbols(columns, series, described, self._local, used)
        used = used[:count]
        size = measure(columns, others, series, described, self._local, count, sizes) + symbols_size(used, offsets, columns, others)
        out = np.empty(size, np.uint8)
        at = write_symbols(used, offsets, blob, columns, others, out)
        write(columns, others, series, described, self._local, (count, at), sizes, out)
        self._local[used] = -1
        return bytes(cramjam.snappy.compress_raw(out.data))


@inlined
def _refs_size(series: Series, slot: int, local: Int64s) -> int:
    starts, ends, words = series
    size = 0
    for k in range((starts[slot] >> 2) + 1, ends[slot] >> 2):
        size += varint_size(U64(local[words[k]]))
    return size


@inlined
def _extra_size(first: int, parts: int) -> int:
    """Bytes of ``parts`` references from ``first`` on."""
    size = 0
    for number in range(first, first + parts):
        size += varint_size(U64(number))
    return size


@inlined
def _exemplar_size(first: int, parts: int, time: int) -> int:
    size = _extra_size(first, parts)
    return 1 + varint_size(U64(size)) + size + 10 + varint_size(U64(time))


@inlined
def _metadata_size(described: Described, metric: int, local: Int64s) -> int:
    types, helps, units = described
    size = 2 if types[metric] else 0
    if helps[metric]:
        size += 1 + varint_size(U64(local[helps[metric]]))
    if units[metric]:
        size += 1 + varint_size(U64(local[units[metric]]))
    return size


@kernel
def measure(columns: Columns, others: Others, series: Series, described: Described, local: Int64s, symbols: int, sizes: Int64s) -> int:
    """Fills ``sizes`` with the bytes of each TimeSeries message, as many as there are; bytes of all of them as fields."""
    order, slots, kinds, times, words = columns
    place, count, total = 0, 0, 0
    while place < len(order):
        slot = slots[order[place]]
        refs = _refs_size(series, slot, local)
        size = 1 + varint_size(U64(refs)) + refs
        while place < len(order) and slots[order[place]] == slot:
            row = order[place]
            if kinds[row] == SAMPLE:
                size += 12 + varint_size(U64(times[row]))
            else:
                if kinds[row] == HISTOGRAM:
                    inner = histogram_size(others[0], whole(words[row]), times[row])
                else:
                    parts = parts_in(others, whole(words[row]))
                    inner = _exemplar_size(symbols, parts, times[row])
                    symbols += parts
                size += 1 + varint_size(U64(inner)) + inner
            place += 1
        meta = _metadata_size(described, series[2][series[0][slot] >> 2], local)
        size += 2 + meta if meta else 0
        sizes[count] = size
        count += 1
        total += 1 + varint_size(U64(size)) + size
    return total


@inlined
def _put_exemplar(out: Bytes, at: int, others: Others, number: int, time: int, symbols: int) -> tuple[int, int]:
    parts = parts_in(others, number)
    at = put_varint(out, at, U64(_exemplar_size(symbols, parts, time)))
    out[at] = 0x0A
    at = put_varint(out, at + 1, U64(_extra_size(symbols, parts)))
    for ref in range(symbols, symbols + parts):
        at = put_varint(out, at, U64(ref))
    out[at] = 0x11
    at = put_fixed64(out, at + 1, others[1][number])
    out[at] = 0x18
    return put_varint(out, at + 1, U64(time)), symbols + parts


@inlined
def _put_metadata(out: Bytes, at: int, described: Described, metric: int, local: Int64s) -> int:
    types, helps, units = described
    size = _metadata_size(described, metric, local)
    if size:
        out[at], out[at + 1] = 0x2A, size
        at += 2
        if types[metric]:
            out[at], out[at + 1] = 0x08, types[metric]
            at += 2
        if helps[metric]:
            out[at] = 0x18
            at = put_varint(out, at + 1, U64(local[helps[metric]]))
        if units[metric]:
            out[at] = 0x20
            at = put_varint(out, at + 1, U64(local[units[metric]]))
    return at


@kernel
def write(
    columns: Columns,
    others: Others,
    series: Series,
    described: Described,
    local: Int64s,
    places: tuple[int, int],
    sizes: Int64s,
    out: Bytes,
) -> int:
    """Writes what :func:`measure` measured; ``places``: the request's first symbol of exemplars, and where to begin; where it ends."""
    order, slots, kinds, times, words = columns
    starts, ends, numbers = series
    symbols, at = places
    place, count = 0, 0
    while place < len(order):
        slot = slots[order[place]]
        out[at] = 0x2A
        at = put_varint(out, at + 1, U64(sizes[count]))
        out[at] = 0x0A
        at = put_varint(out, at + 1, U64(_refs_size(series, slot, local)))
        for k in range((starts[slot] >> 2) + 1, ends[slot] >> 2):
            at = put_varint(out, at, U64(local[numbers[k]]))
        count += 1
        while place < len(order) and slots[order[place]] == slot:
            row = order[place]
            if kinds[row] == SAMPLE:
                at = put_sample(out, at, words[row], times[row])
            elif kinds[row] == HISTOGRAM:
                out[at], body = 0x1A, whole(words[row])
                at = put_varint(out, at + 1, U64(histogram_size(others[0], body, times[row])))
                at = put_histogram(out, at, others[0], body, times[row])
            else:
                out[at] = 0x22
                at, symbols = _put_exemplar(out, at + 1, others, whole(words[row]), times[row], symbols)
            place += 1
        at = _put_metadata(out, at, described, numbers[starts[slot] >> 2], local)
    return at
