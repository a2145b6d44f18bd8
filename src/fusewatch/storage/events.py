"""Reads of what is kept beside samples: events and metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fusewatch.storage.client import ClientPool
from fusewatch.storage.follower import LogFollower
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata

_EVENT_COLUMNS: Final = ("id", "timestamp", "kind", "title", "text", "source", "end", "labels")
_EVENTS: Final = """
SELECT id, timestamp, kind, title, text, source, `end`, labels
FROM events FINAL
WHERE timestamp <= {end:Int64}
  AND greatest(timestamp, `end`) >= {start:Int64}
  AND (empty({kinds:Array(String)}) OR kind IN {kinds:Array(String)})
ORDER BY timestamp DESC, id
LIMIT {limit:UInt64}
"""
_METADATA: Final = """
SELECT metric, type, help, unit, job
FROM metadata FINAL
WHERE {metric:String} = '' OR metric = {metric:String}
ORDER BY metric, job
"""


class EventStore:
    """Events of the log and of ClickHouse as one; thread-safe, blocks."""

    def __init__(self, *, follower: LogFollower, pool: ClientPool) -> None:
        self._follower = follower
        self._pool = pool

    def events(self, start: int, end: int, kinds: Sequence[str] = (), limit: int = 1000) -> list[Event]:
        """See :meth:`fusewatch.telemetry.ports.EventReader.events`."""
        waiting = {event.id: event for event in self._follower.waiting_events()}
        # One that waits may replace a stored one, which must not push another out of the limit.
        parameters = {"start": start, "end": end, "kinds": list(kinds), "limit": limit + len(waiting)}
        with self._pool.handle() as handle:
            stored = [Event(**dict(zip(_EVENT_COLUMNS, row, strict=True))) for row in handle.rows(_EVENTS, parameters)]
        found = {event.id: event for event in stored if event.id not in waiting}
        found |= {event.id: event for event in waiting.values() if _overlaps(event, start, end) and (not kinds or event.kind in kinds)}
        return sorted(found.values(), key=lambda event: (-event.timestamp, event.id))[:limit]


class MetadataStore:
    """Types, helps and units; remembers what it was told last, so that repeating it costs nothing."""

    def __init__(self, *, pool: ClientPool) -> None:
        self._pool = pool
        self._known: dict[tuple[str, str], MetricMetadata] = {}

    def load(self) -> None:
        """Reads what is stored."""
        with self._pool.handle() as handle:
            for metric, kind, text, unit, job in handle.rows(_METADATA, {"metric": ""}):
                self._known[metric, job] = MetricMetadata(metric=metric, type=kind, help=text, unit=unit, job=job)

    def news(self, entries: Sequence[MetricMetadata]) -> list[MetricMetadata]:
        """The entries that are new or changed."""
        return [entry for entry in entries if entry.metric and self._known.get((entry.metric, entry.job)) != entry]

    def remember(self, entries: Sequence[MetricMetadata]) -> None:
        """Notes what is in the log."""
        self._known |= {(entry.metric, entry.job): entry for entry in entries}

    def metadata(self, metric: str | None, limit: int) -> list[MetricMetadata]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.metadata`."""
        entries = sorted(self._known.copy().values(), key=lambda entry: (entry.metric, entry.job))
        if metric is not None:
            return [entry for entry in entries if entry.metric == metric]
        if not limit:
            return entries
        names = sorted({entry.metric for entry in entries})[:limit]
        return [entry for entry in entries if not names or entry.metric <= names[-1]]


def _overlaps(event: Event, start: int, end: int) -> bool:
    return event.timestamp <= end and max(event.timestamp, event.end) >= start
