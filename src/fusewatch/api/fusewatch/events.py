"""Events: what happened, told by people and machines, read by every graph."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.models import Answer
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.ports import EventReader, EventSink

_DAY_MS: Final = 86_400_000
#: A moment before this (March 1973) was meant in seconds.
_FIRST_MS: Final = 100_000_000_000
_LAST_MS: Final = 10_000_000_000_000

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True)]


class NewEvent(Answer):
    """Something that happened. Times are milliseconds UTC; without one it happened now. Telling it again with the same id replaces it."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")] = Field(examples=["deployment"])
    title: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)] = Field(
        examples=["api 1.4.2 to production"]
    )
    text: Annotated[str, StringConstraints(max_length=20_000)] = ""
    timestamp: int | None = None
    end: int | None = None
    source: Annotated[str, StringConstraints(max_length=128)] = ""
    labels: Annotated[Mapping[Name, Annotated[str, StringConstraints(max_length=2_000)]], Field(max_length=64)] = Field(
        default_factory=dict
    )
    id: Name | None = None

    @field_validator("timestamp", "end")
    @classmethod
    def _in_milliseconds(cls, value: int | None) -> int | None:
        if value is not None and not _FIRST_MS <= value < _LAST_MS:
            hint = f"; did you mean {value * 1000}?" if _FIRST_MS <= value * 1000 < _LAST_MS else ""
            raise ValueError(f"expected milliseconds since 1970, not {value}{hint}")
        return value

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> NewEvent:
        if self.timestamp is not None and self.end is not None and self.end < self.timestamp:
            raise ValueError("end is before timestamp")
        return self

    def event(self, now: int) -> Event:
        """The event as it is stored."""
        return Event(
            id=self.id or secrets.token_hex(12),
            timestamp=self.timestamp if self.timestamp is not None else min(now, self.end or now),
            end=self.end or 0,
            kind=self.kind,
            title=self.title,
            text=self.text,
            source=self.source,
            labels=dict(self.labels),
        )


class EventAnswer(Answer):
    """One event; ``end`` is 0 for a moment."""

    id: str
    timestamp: int
    end: int = 0
    kind: str
    title: str
    text: str = ""
    source: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict)


class Events(Answer):
    """Events, the newest first."""

    events: Sequence[EventAnswer]


class EventId(Answer):
    """What an event is called from now on."""

    id: str


def events_router(*, sink: EventSink, reader: EventReader, clock: Clock) -> APIRouter:
    """``GET`` and ``POST /events``."""
    router = APIRouter(tags=["events"])

    @router.post("/events", status_code=201, dependencies=[needs(Need.OPERATOR)])
    async def tell(new: NewEvent) -> EventId:
        """Notes that something happened: a deployment, a change of configuration, a restart."""
        event = new.event(clock.now_ms())
        await sink.write_event(event)
        return EventId(id=event.id)

    @router.get("/events", dependencies=[needs(Need.VIEWER)])
    async def read(
        start: int | None = None,
        end: int | None = None,
        kind: Annotated[list[str] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    ) -> Events:
        """Events that overlap ``start`` to ``end`` (milliseconds; the last day unless told otherwise), of any kind or of those given."""
        until = clock.now_ms() if end is None else end
        since = until - _DAY_MS if start is None else start
        found = await asyncio.to_thread(reader.events, since, until, kind or (), limit)
        return Events(events=[EventAnswer.model_validate(event) for event in found])

    return router
