"""The way to the door, wherever it stands: in this process or in the receiver's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fusewatch.telemetry.ports import EventSink, MetadataSink, SampleSink


@dataclass(frozen=True, slots=True)
class DoorStatistics:
    """The door at one moment: samples written and refused since its start; active series; memory of its process (bytes; 0: not its own).

    ``refusing`` is why nothing at all is taken, None while it is; ``unready`` why its process does not do its work yet.
    """

    written: int = 0
    refused: int = 0
    active_series: int = 0
    resident_bytes: int = 0
    refusing: str | None = None
    unready: str | None = None


class StoreDoor(SampleSink, MetadataSink, EventSink, Protocol):
    """Where everything goes that is to be stored."""

    def statistics(self) -> DoorStatistics:
        """The figures as of a moment ago; answers at once."""
        ...
