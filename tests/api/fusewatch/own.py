"""Our own API as a real app over small honest rooms."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from tests.api.serving import NOW, As, StillClock

from fusewatch.access.need import Role
from fusewatch.access.refusals import Refused, refused_handler
from fusewatch.api.fusewatch.errors import exception_handlers
from fusewatch.api.fusewatch.models import Cpu, Host, Load, Memory, MemoryByType, Storage, Target, Version
from fusewatch.api.fusewatch.router import PREFIX, own_router
from fusewatch.api.fusewatch.services import OwnServices
from fusewatch.api.middleware.stack import stack
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.storage.cardinality import Cardinality, Share, Unused
from fusewatch.storage.ingest_health import IngestStatistics
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.telemetry.events import Event


class EventList:
    """Events by id, as the store keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, Event] = {}
        self.error: Exception | None = None

    async def write_event(self, event: Event) -> None:
        if self.error:
            raise self.error
        self.kept[event.id] = event

    def events(self, start, end, kinds=(), limit=1000):
        found = [
            e for e in self.kept.values() if e.timestamp <= end and max(e.end, e.timestamp) >= start and (not kinds or e.kind in kinds)
        ]
        return sorted(found, key=lambda event: -event.timestamp)[:limit]


@dataclass(frozen=True)
class Status:
    name: str
    state: str
    since: int
    restarts: int = 0
    last_error: str | None = None
    reason: str | None = None


def host():
    return Host(
        hostname="web-1", platform="Linux", timestamp=NOW, boot_time=0, uptime_seconds=1.5, cpu=Cpu(usage=0.95, cores=[]),
        load=Load(one_minute=1, five_minutes=2, fifteen_minutes=3), memory=Memory(total_bytes=1, available_bytes=1, by_type=MemoryByType()),
    )  # fmt: skip


def no_series(_):
    unused = Unused(days=30, since=NOW, count=0, series=0, bytes=0, metrics=())
    return Cardinality(
        total=Share(), stored=0, bytes=0, metrics=(), metric_count=0, growing=(), jobs=(), job_count=0, labels=(), heaviest=(),
        label_count=0, pairs=(), pair_count=0, values=(), unused=unused,
    )  # fmt: skip


def quiet():
    return IngestStatistics(
        door=DoorStatistics(), waiting_samples=0, waiting_bytes=0, commits=0, commit_s=0, commit_lag_s=0,
        sealed_samples=0, merged_samples=0, seal_s=0, seal_lag_s=0, merge_s=0, merge_lag_s=0,
    )  # fmt: skip


TARGETS = [
    Target(job="api", instance="a:80", scrape_url="http://a:80/metrics", health="up", scrape_interval_seconds=15, labels={"zone": "eu"}),
    Target(job="api", instance="b:80", scrape_url="http://b:80/metrics", health="down", last_error="refused", scrape_interval_seconds=15),
    Target(job="web", instance="w:80", scrape_url="http://w:80/metrics", health="unknown", scrape_interval_seconds=15),
]


@dataclass
class Own:
    """The app, its events, and a client's view of it."""

    app: FastAPI
    events: EventList

    def client(self, role=Role.ADMIN):
        return httpx.AsyncClient(transport=httpx.ASGITransport(As(self.app, role)), base_url=f"http://here{PREFIX}")


@contextmanager
def running(**changes):
    events = EventList()
    parts = {
        "clock": StillClock(),
        "pool": QueryPool(PoolLimits(workers=1)),
        "host": host,
        "targets": lambda: (TARGETS, 7),
        "components": lambda: [Status("scrape", "running", NOW)],
        "storage": lambda: Storage(series=5, queue_bytes=99, queue_limit_bytes=100),
        "cardinality": no_series,
        "ingest": quiet,
        "version": lambda: Version(version="1", python="3.11", platform="Linux", started_at=NOW, listen="127.0.0.1:9470"),
        "event_sink": events,
        "event_reader": events,
    }
    services = OwnServices(**{**parts, **changes})
    app = FastAPI(openapi_url=None, middleware=stack(), exception_handlers={Refused: refused_handler, **exception_handlers()})
    app.include_router(own_router(services))
    try:
        yield Own(app, events)
    finally:
        services.pool.close()


async def get(served, path, role=Role.VIEWER, **parameters):
    async with served.client(role) as asking:
        return await asking.get(path, params=parameters)
