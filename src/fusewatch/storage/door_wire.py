"""How the engine talks to the door in the receiver's process: frames over a local socket.

A frame is a head (length of the body, number of the request, operation) and a body; each is answered by one with the same number, in any
order. The bodies are those of the log's records, so nothing is encoded twice in two ways.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

import numpy as np
import orjson

from fusewatch.storage.ingest_statistics import (
    GroupStatistics,
    LimitStatistics,
    ProtocolStatistics,
    RefusalStatistics,
    SenderStatistics,
)
from fusewatch.storage.records import (
    events_record,
    exemplars_record,
    histograms_record,
    metadata_record,
    read_events,
    read_exemplars,
    read_histograms,
    read_metadata,
    read_samples,
    read_series,
    samples_record,
    series_record,
)
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.storage.wal import HEADER, Kind, Record
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError, StorageError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, Int64s, SampleBatch, UInt64s
from fusewatch.telemetry.senders import Sender

#: Length of the body, number of the request, operation.
HEAD: Final = struct.Struct("<QIBxxx")
#: Length of what says who sends.
_SENDER: Final = struct.Struct("<Q")
#: A longer frame is no frame of ours.
LONGEST: Final = 1 << 30

#: Here a record belongs to no segment.
_SEED: Final = 0

_NO_IDS: Final[UInt64s] = np.empty(0, np.uint64)
_NO_TIMES: Final[Int64s] = np.empty(0, np.int64)


class Operation(IntEnum):
    """What a frame asks for."""

    WRITE = 1
    HAND_ON = 2
    STATISTICS = 3
    CLOSE_PORT = 4


class Outcome(IntEnum):
    """How a frame is answered."""

    DONE = 0
    REJECTED = 1
    LIMITED = 2
    OVERLOADED = 3
    READ_ONLY = 4
    FAILED = 5


def frame(number: int, operation: int, body: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """Head and body."""
    return [HEAD.pack(sum(len(part) for part in body), number, operation), *body]


def sent_by(sender: Sender, body: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """A body with its sender before it, filled up so that the columns keep their places."""
    text = orjson.dumps([sender.protocol, sender.agent, sender.identity, sender.address])
    text += b" " * (-len(text) % 8)
    return [_SENDER.pack(len(text)), text, *body]


def read_sender(body: bytes) -> tuple[Sender, bytes]:
    """The inverse of :func:`sent_by`."""
    (length,) = _SENDER.unpack_from(body)
    start = _SENDER.size + length
    return Sender(*orjson.loads(body[_SENDER.size : start])), body[start:]


def batch_body(batch: SampleBatch) -> list[bytes | memoryview]:
    """A batch as records: series first, so that its samples find them named."""
    records: list[Record] = []
    if batch.series:
        labels = [labels.canonical for labels in batch.series.values()]
        ids = np.fromiter(batch.series, np.uint64, len(batch.series))
        records.append(series_record(0, ids, np.zeros(len(ids), np.uint64), labels))
    if len(batch):
        bits = np.ascontiguousarray(batch.values, np.float64).view(np.uint64)
        ids, timestamps = np.ascontiguousarray(batch.ids, np.uint64), np.ascontiguousarray(batch.timestamps, np.int64)
        records.append(samples_record(0, ids, timestamps, bits))
    if len(batch.histograms):
        records.append(histograms_record(0, batch.histograms))
    if len(batch.exemplars):
        records.append(exemplars_record(0, batch.exemplars))
    return _encoded(records)


def metadata_body(entries: Sequence[MetricMetadata]) -> list[bytes | memoryview]:
    """Descriptions as a record."""
    return _encoded([metadata_record(0, entries)])


def event_body(event: Event) -> list[bytes | memoryview]:
    """An event as a record."""
    return _encoded([events_record(0, (event,))])


def _encoded(records: Sequence[Record]) -> list[bytes | memoryview]:
    return [part for record in records for part in record.encode(_SEED)]


def read_body(body: bytes) -> tuple[SampleBatch, list[MetricMetadata], list[Event]]:
    """What :func:`batch_body`, :func:`metadata_body` and :func:`event_body` made.

    Raises:
        ValueError: no such body.
    """
    data = np.frombuffer(bytearray(body), np.uint8)
    samples = _NO_IDS, _NO_TIMES, _NO_IDS
    series: dict[int, Labels] = {}
    histograms, exemplars = HistogramRows.empty(), ExemplarRows.empty()
    metadata: list[MetricMetadata] = []
    events: list[Event] = []
    at = 0
    while at < len(data):
        kind, length, _, _ = HEADER.unpack_from(data.data, at)
        part = data[at + HEADER.size : at + HEADER.size + length]
        match Kind(kind):
            case Kind.SAMPLES:
                samples = read_samples(part)
            case Kind.SERIES:
                found = [Labels.from_canonical(canonical) for canonical in read_series(part).canonical]
                series |= {labels.id: labels for labels in found}
            case Kind.HISTOGRAMS:
                histograms = read_histograms(part)
            case Kind.EXEMPLARS:
                exemplars = read_exemplars(part)
            case Kind.METADATA:
                metadata += read_metadata(part)
            case Kind.EVENTS:
                events += read_events(part)
        at += HEADER.size + length
    ids, timestamps, bits = samples
    return SampleBatch(ids, timestamps, bits.view(np.float64), series, histograms, exemplars), metadata, events


def error_answer(error: Exception) -> tuple[Outcome, bytes]:
    """An error as it travels back."""
    match error:
        case SeriesLimitError():
            return Outcome.LIMITED, orjson.dumps([str(error), error.rejected])
        case SamplesRejectedError():
            return Outcome.REJECTED, orjson.dumps([str(error), error.rejected])
        case OverloadedError():
            return Outcome.OVERLOADED, orjson.dumps([str(error), error.retry_after_s])
        case ReadOnlyError():
            return Outcome.READ_ONLY, orjson.dumps([str(error), 0])
        case _:
            return Outcome.FAILED, orjson.dumps([f"{type(error).__name__}: {error}", 0])


def read_error(outcome: Outcome, body: bytes) -> StorageError:
    """The error that :func:`error_answer` sent."""
    message, number = orjson.loads(body)
    match outcome:
        case Outcome.LIMITED:
            return SeriesLimitError(message, number)
        case Outcome.REJECTED:
            return SamplesRejectedError(message, number)
        case Outcome.OVERLOADED:
            return OverloadedError(message, number)
        case Outcome.READ_ONLY:
            return ReadOnlyError(message)
        case _:
            return StorageError(message)


def statistics_answer(statistics: DoorStatistics) -> bytes:
    """The door's figures as they travel back."""
    return orjson.dumps(statistics)


def read_statistics(body: bytes) -> DoorStatistics:
    """The inverse of :func:`statistics_answer`."""
    values: dict[str, Any] = orjson.loads(body)
    values["senders"] = [SenderStatistics(**one) for one in values["senders"]]
    values["protocols"] = [ProtocolStatistics(**one) for one in values["protocols"]]
    values["refusals"] = [RefusalStatistics(**{**one, "reason": Refusal(one["reason"])}) for one in values["refusals"]]
    values["limits"] = [
        LimitStatistics(one["setting"], one["limit"], [GroupStatistics(**group) for group in one["largest"]]) for one in values["limits"]
    ]
    return DoorStatistics(**values)
