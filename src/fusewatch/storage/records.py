"""What the bodies of log records look like."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import orjson

from fusewatch.storage.wal import Kind, Part, Record
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import Bytes, ExemplarRows, HistogramRows, Int64s, UInt64s

_COUNT: Final = struct.Struct("<Q")
_START: Final = _COUNT.size


@dataclass(frozen=True, slots=True)
class SeriesRows:
    """Series that samples name from here on: ``ids`` (n) uint64, ``metrics`` (n) uint64 hashes of their metrics' names.

    The canonical labels of row i are ``labels[offsets[i]:offsets[i + 1]]``; ``offsets`` (n + 1) int64, ``labels`` uint8.
    """

    ids: UInt64s
    metrics: UInt64s
    offsets: Int64s
    labels: Bytes

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, ids: UInt64s, metrics: UInt64s, labels: Sequence[bytes]) -> SeriesRows:
        """Rows from canonical label sets."""
        offsets = np.zeros(len(labels) + 1, np.int64)
        np.cumsum([len(one) for one in labels], out=offsets[1:])
        return cls(ids, metrics, offsets, np.frombuffer(b"".join(labels), np.uint8))

    @classmethod
    def concatenated(cls, parts: Sequence[SeriesRows]) -> SeriesRows:
        """All rows of some parts (one at least)."""
        sizes = np.concatenate([np.diff(part.offsets) for part in parts])
        offsets = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        ids, metrics = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "metrics"))
        return cls(ids, metrics, offsets, np.concatenate([part.labels[: int(part.offsets[-1])] for part in parts]))

    @property
    def canonical(self) -> list[bytes]:
        """The canonical label sets."""
        text, ends = self.labels.tobytes(), self.offsets.tolist()
        return [text[start:stop] for start, stop in pairwise(ends)]


def _column(array: np.ndarray[Any, Any]) -> Part:
    return array.view(np.uint8).data if len(array) else b""


def samples_record(received: int, ids: UInt64s, timestamps: Int64s, bits: UInt64s) -> Record:
    """A count, then three columns: ids, timestamps (int64 ms), values as their bits."""
    return Record(Kind.SAMPLES, received, (_COUNT.pack(len(ids)), _column(ids), _column(timestamps), _column(bits)))


def read_samples(body: Bytes) -> tuple[UInt64s, Int64s, UInt64s]:
    """Ids, timestamps and value bits; views into the body."""
    count = _count(body)
    ids, timestamps, bits = (_take(body, _START + 8 * count * k, count) for k in range(3))
    return ids, timestamps.view(np.int64), bits


def series_record(received: int, ids: UInt64s, metrics: UInt64s, labels: Sequence[bytes]) -> Record:
    """A count, ids, hashes of the metrics' names, the ends of the canonical label sets, and these."""
    ends = np.cumsum([len(one) for one in labels], dtype=np.int64)
    return Record(Kind.SERIES, received, (_COUNT.pack(len(ids)), _column(ids), _column(metrics), _column(ends), *labels))


def read_series(body: Bytes) -> SeriesRows:
    """The series; views into the body."""
    count = _count(body)
    ids, metrics, ends = (_take(body, _START + 8 * count * k, count) for k in range(3))
    start = _START + 24 * count
    offsets = np.zeros(count + 1, np.int64)
    offsets[1:] = ends.view(np.int64)
    return SeriesRows(ids, metrics, offsets, body[start : start + int(offsets[-1])])


def histograms_record(received: int, rows: HistogramRows) -> Record:
    """A count, ids, timestamps, the ends of the binary forms, and these."""
    columns = (_column(rows.ids), _column(rows.timestamps), _column(rows.offsets[1:]), _column(rows.bodies))
    return Record(Kind.HISTOGRAMS, received, (_COUNT.pack(len(rows)), *columns))


def read_histograms(body: Bytes) -> HistogramRows:
    """The samples; views into the body."""
    count = _count(body)
    ids, timestamps, ends = (_take(body, _START + 8 * count * k, count) for k in range(3))
    offsets, start = _offsets(ends), _START + 24 * count
    return HistogramRows(ids, timestamps.view(np.int64), offsets, body[start : start + int(offsets[-1])])


def exemplars_record(received: int, rows: ExemplarRows) -> Record:
    """A count, ids, timestamps, values, the ends of the canonical label sets, and these."""
    columns = (_column(rows.ids), _column(rows.timestamps), _column(rows.values), _column(rows.offsets[1:]), _column(rows.labels))
    return Record(Kind.EXEMPLARS, received, (_COUNT.pack(len(rows)), *columns))


def read_exemplars(body: Bytes) -> ExemplarRows:
    """The exemplars; views into the body."""
    count = _count(body)
    ids, timestamps, values, ends = (_take(body, _START + 8 * count * k, count) for k in range(4))
    offsets, start = _offsets(ends), _START + 32 * count
    labels = body[start : start + int(offsets[-1])]
    return ExemplarRows(ids, timestamps.view(np.int64), values.view(np.float64), offsets, labels)


def metadata_record(received: int, entries: Sequence[MetricMetadata]) -> Record:
    """JSON: a list of entries."""
    return Record(Kind.METADATA, received, (orjson.dumps([asdict(entry) for entry in entries]),))


def read_metadata(body: Bytes) -> list[MetricMetadata]:
    """The entries."""
    return [MetricMetadata(**entry) for entry in orjson.loads(_text(body))]


def events_record(received: int, events: Sequence[Event]) -> Record:
    """JSON: a list of events."""
    return Record(Kind.EVENTS, received, (orjson.dumps([{**asdict(event), "labels": dict(event.labels)} for event in events]),))


def read_events(body: Bytes) -> list[Event]:
    """The events."""
    return [Event(**event) for event in orjson.loads(_text(body))]


def _count(body: Bytes) -> int:
    return int(body[:_START].view(np.uint64)[0])


def _take(body: Bytes, start: int, count: int) -> UInt64s:
    return body[start : start + 8 * count].view(np.uint64)


def _offsets(ends: UInt64s) -> Int64s:
    offsets = np.zeros(len(ends) + 1, np.int64)
    offsets[1:] = ends.view(np.int64)
    return offsets


def _text(body: Bytes) -> bytes:
    """The JSON of a body, without what fills it up."""
    return body.tobytes().rstrip(b"\x00")
