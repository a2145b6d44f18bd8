"""What the bodies of log records look like."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np
import orjson

from fusewatch.storage.wal import Kind, Record
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import Int64s, UInt64s

_COUNT: Final = struct.Struct("<I")


def samples_record(received: int, ids: UInt64s, timestamps: Int64s, bits: UInt64s) -> Record:
    """A count, then three columns: ids, timestamps (int64 ms), values as their bits."""
    columns = (column.view(np.uint8).data for column in (ids, timestamps, bits))
    return Record(Kind.SAMPLES, received, (_COUNT.pack(len(ids)), *columns))


def read_samples(record: Record) -> tuple[UInt64s, Int64s, UInt64s]:
    """Ids, timestamps and value bits; views into the record."""
    body = record.body[0]
    (count,) = _COUNT.unpack_from(body)
    size = count * 8
    start = _COUNT.size
    return (
        np.frombuffer(body, np.uint64, count, start),
        np.frombuffer(body, np.int64, count, start + size),
        np.frombuffer(body, np.uint64, count, start + 2 * size),
    )


def series_record(received: int, labels: Sequence[bytes]) -> Record:
    """A count, the lengths, then the canonical label sets."""
    lengths = np.array([len(one) for one in labels], np.uint32)
    return Record(Kind.SERIES, received, (_COUNT.pack(len(labels)), lengths.tobytes(), *labels))


def read_series(record: Record) -> list[bytes]:
    """The canonical label sets."""
    body = record.body[0]
    (count,) = _COUNT.unpack_from(body)
    ends = np.cumsum(np.frombuffer(body, np.uint32, count, _COUNT.size), dtype=np.int64) + _COUNT.size + 4 * count
    starts = [_COUNT.size + 4 * count, *ends[:-1].tolist()]
    return [bytes(body[start:end]) for start, end in zip(starts, ends.tolist(), strict=False)]


def metadata_record(received: int, entries: Sequence[MetricMetadata]) -> Record:
    """JSON: a list of entries."""
    return Record(Kind.METADATA, received, (orjson.dumps([asdict(entry) for entry in entries]),))


def read_metadata(record: Record) -> list[MetricMetadata]:
    """The entries."""
    return [MetricMetadata(**entry) for entry in orjson.loads(record.body[0])]


def events_record(received: int, events: Sequence[Event]) -> Record:
    """JSON: a list of events."""
    return Record(Kind.EVENTS, received, (orjson.dumps([{**asdict(event), "labels": dict(event.labels)} for event in events]),))


def read_events(record: Record) -> list[Event]:
    """The events."""
    return [Event(**event) for event in orjson.loads(record.body[0])]
