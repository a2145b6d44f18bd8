"""Columns of samples to Prometheus' TimeSeries messages, without a Python object per sample.

The same message (https://github.com/prometheus/prometheus/blob/main/prompb/types.proto) stands in remote write 1.0 requests and in the
answers of remote read, as field 1 of the message around it::

    TimeSeries    1: repeated Label        2: repeated Sample   4: native histograms
    Label         1: name                  2: value
    Sample        1: double value          2: int64 timestamp (ms)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import cramjam
import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.chunks.bits import U64
from fusewatch.telemetry.histogram_message import measure_histograms, write_histograms
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.protobuf_write import message, put_bytes, put_fixed64, put_varint, varint_size
from fusewatch.telemetry.samples import Bytes, Int64s, SeriesSet, UInt64s

N = TypeVar("N", bound=np.generic)


@dataclass(frozen=True, slots=True)
class HistogramColumns:
    """Native histograms of some series: those of series i are rows ``offsets[i]`` up to ``offsets[i + 1]``.

    ``timestamps`` int64 ms; the binary form of row k (:mod:`fusewatch.telemetry.histograms`), as 64-bit words, is
    ``words[ends[k]:ends[k + 1]]``.
    """

    offsets: Int64s
    timestamps: Int64s
    ends: Int64s
    words: UInt64s

    @classmethod
    def none(cls, series: int) -> HistogramColumns:
        """No histogram in any of so many series."""
        return cls(np.zeros(series + 1, np.int64), np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.uint64))


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """Samples of some series: the Label fields of series i are ``labels[label_offsets[i]:label_offsets[i + 1]]`` (:func:`label_fields`).

    Its float samples are rows ``offsets[i]`` up to ``offsets[i + 1]`` of ``timestamps`` (int64 ms) and ``bits`` (of float64 values).
    """

    labels: Bytes
    label_offsets: Int64s
    offsets: Int64s
    timestamps: Int64s
    bits: UInt64s
    histograms: HistogramColumns = field(default_factory=lambda: HistogramColumns.none(0))

    @property
    def samples(self) -> int:
        """How many, histograms included."""
        return int(self.offsets[-1] - self.offsets[0]) + len(self.histograms.timestamps)


def label_fields(labels: Mapping[str, str]) -> bytes:
    """The Label fields of a label set, in its order."""
    return b"".join(message(1, message(1, name.encode()) + message(2, value.encode())) for name, value in labels.items())


def join_labels(fields: Sequence[bytes]) -> tuple[Bytes, Int64s]:
    """``labels`` and ``label_offsets`` of :class:`SeriesColumns`, from the Label fields of each series."""
    offsets = np.zeros(len(fields) + 1, np.int64)
    np.cumsum([len(one) for one in fields], out=offsets[1:])
    return np.frombuffer(b"".join(fields), np.uint8), offsets


def columns_of(series: SeriesSet, fields: Sequence[bytes], first: int, last: int) -> SeriesColumns:
    """Series ``first`` to ``last`` (exclusive) of a set; ``fields`` are their Label fields."""
    labels, label_offsets = join_labels(fields)
    start, end = int(series.offsets[first]), int(series.offsets[last])
    return SeriesColumns(
        labels,
        label_offsets,
        np.ascontiguousarray(series.offsets[first : last + 1] - start, np.int64),
        np.ascontiguousarray(series.timestamps[start:end], np.int64),
        np.ascontiguousarray(series.values[start:end], np.float64).view(np.uint64),
        _histograms(series, first, last),
    )


def _histograms(series: SeriesSet, first: int, last: int) -> HistogramColumns:
    found = series.histograms
    if found is None:
        return HistogramColumns.none(last - first)
    start, end = int(found.offsets[first]), int(found.offsets[last])
    ends = np.ascontiguousarray(found.ends[start : end + 1], np.int64)
    words = np.require(found.bodies[ends[0] : ends[-1]], np.uint8, ["C", "A"])
    if words.ctypes.data % 8:
        words = words.copy()  # a word must begin where words begin
    times = np.ascontiguousarray(found.timestamps[start:end], np.int64)
    offsets = np.ascontiguousarray(found.offsets[first : last + 1] - start, np.int64)
    return HistogramColumns(offsets, times, (ends - ends[0]) // 8, words.view(np.uint64))


@inlined
def _sample_size(time: int) -> int:
    return 10 + varint_size(U64(time))


@kernel
def measure_series(label_offsets: Int64s, rows: tuple[Int64s, Int64s, UInt64s], histograms: tuple[Int64s, Bytes], sizes: Int64s) -> int:
    """Fills ``sizes`` with the bytes of each TimeSeries message, 0 where it has no samples; bytes of all of them as fields.

    ``rows``: offsets, timestamps, bits; ``histograms``: the ends of each series' histogram fields in the bytes of all.
    """
    offsets, times, _ = rows
    ends, _ = histograms
    total = 0
    for series in range(len(offsets) - 1):
        size = ends[series + 1] - ends[series]
        for row in range(offsets[series], offsets[series + 1]):
            size += 2 + _sample_size(times[row])
        if size:
            size += label_offsets[series + 1] - label_offsets[series]
            total += 1 + varint_size(U64(size)) + size
        sizes[series] = size
    return total


@kernel
def write_series(
    labels: tuple[Bytes, Int64s], rows: tuple[Int64s, Int64s, UInt64s], histograms: tuple[Int64s, Bytes], sizes: Int64s, out: Bytes
) -> int:
    """Writes what :func:`measure_series` measured; where it ends.

    A sample's fields are written even where they are zero: all samples are of one form, which receivers know by its length.
    """
    label_bytes, label_offsets = labels
    offsets, times, bits = rows
    ends, fields = histograms
    at = 0
    for series in range(len(offsets) - 1):
        if sizes[series] == 0:
            continue
        out[at] = 0x0A
        at = put_varint(out, at + 1, U64(sizes[series]))
        at = put_bytes(out, at, label_bytes, label_offsets[series], label_offsets[series + 1])
        for row in range(offsets[series], offsets[series + 1]):
            out[at], out[at + 1], out[at + 2] = 0x12, _sample_size(times[row]), 0x09
            at = put_fixed64(out, at + 3, bits[row])
            out[at] = 0x10
            at = put_varint(out, at + 1, U64(times[row]))
        at = put_bytes(out, at, fields, ends[series], ends[series + 1])
    return at


def encode_series(columns: SeriesColumns) -> Bytes:
    """The TimeSeries fields of those series that have any sample: a remote write 1.0 WriteRequest, or remote read's QueryResult."""
    series = len(columns.offsets) - 1
    labels = _plain(columns.labels, np.uint8), _plain(columns.label_offsets, np.int64)
    rows = _plain(columns.offsets, np.int64), _plain(columns.timestamps, np.int64), _plain(columns.bits, np.uint64)
    histograms = _histogram_fields(columns.histograms, series)
    sizes = np.empty(series, np.int64)
    out = np.empty(measure_series(labels[1], rows, histograms, sizes), np.uint8)
    write_series(labels, rows, histograms, sizes, out)
    return out


def _histogram_fields(found: HistogramColumns, series: int) -> tuple[Int64s, Bytes]:
    """The histogram fields of each series: where those of series i end in the bytes of all, (series + 1), and these bytes.

    Apart from the float samples, because most requests have none: then nothing of this need be compiled.
    """
    if len(found.timestamps) == 0:
        return np.zeros(series + 1, np.int64), np.empty(0, np.uint8)
    times, words = _plain(found.timestamps, np.int64), _plain(found.words, np.uint64)
    bodies = _plain(found.ends, np.int64)
    ends = np.zeros(len(times) + 1, np.int64)
    measure_histograms(times, bodies, words, ends)
    fields = np.empty(ends[-1], np.uint8)
    write_histograms(times, bodies, words, ends, fields)
    return ends[found.offsets], fields


def _plain(column: NDArray[N], kind: type[N]) -> NDArray[N]:
    """The column in the one layout that the kernels are compiled for."""
    return np.require(column, kind, ["C", "W"])


def write_request(columns: SeriesColumns) -> bytes:
    """The body of a remote write 1.0 request (https://prometheus.io/docs/specs/prw/remote_write_spec/), compressed."""
    return bytes(cramjam.snappy.compress_raw(encode_series(columns).data))


def columns_of_rows(fields: Iterable[bytes], counts: Sequence[int], timestamps: Int64s, bits: UInt64s) -> SeriesColumns:
    """Float samples of series that lie one behind the other, ``counts[i]`` of each."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return SeriesColumns(*join_labels(list(fields)), offsets, timestamps, bits)
