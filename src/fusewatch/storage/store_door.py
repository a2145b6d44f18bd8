"""The way to the door, wherever it stands: in this process or in the receiver's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fusewatch.storage.ingest_statistics import LimitStatistics, ProtocolStatistics, RefusalStatistics, SenderStatistics
from fusewatch.telemetry.ports import EventSink, MetadataSink
from fusewatch.telemetry.senders import SenderSink


@dataclass(frozen=True, slots=True)
class DoorStatistics:
    """The door at one moment: samples written and refused since its start; active series; memory of its process (bytes; 0: not its own).

    ``refusing`` is why nothing at all is taken, None while it is; ``unready`` why its process does not do its work yet. ``queue_bytes`` of
    log wait for the engine, above ``queue_limit`` nothing is taken; ``fsync``: an answer means that samples survive a power cut.
    ``senders`` are those of most samples, of ``sender_count``.
    """

    written: int = 0
    refused: int = 0
    active_series: int = 0
    resident_bytes: int = 0
    refusing: str | None = None
    unready: str | None = None
    queue_bytes: int = 0
    queue_limit: int = 0
    fsync: bool = False
    senders: Sequence[SenderStatistics] = ()
    sender_count: int = 0
    protocols: Sequence[ProtocolStatistics] = ()
    refusals: Sequence[RefusalStatistics] = ()
    limits: Sequence[LimitStatistics] = ()


class StoreDoor(SenderSink, MetadataSink, EventSink, Protocol):
    """Where everything goes that is to be stored."""

    def statistics(self) -> DoorStatistics:
        """The figures as of a moment ago; answers at once."""
        ...
