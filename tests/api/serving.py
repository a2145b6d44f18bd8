"""A real app over real rooms, for tests to ask."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.promql.memory import MemoryReader

from fusewatch.access.identity import SCOPE_KEY, Identity
from fusewatch.access.need import Role
from fusewatch.api.middleware.stack import stack
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.api.prometheus.routes import prometheus_routes
from fusewatch.api.prometheus.services import Cardinality, Counted, PrometheusServices, RuntimeInfo, TargetList
from fusewatch.api.refusals import http_exception_handler
from fusewatch.ingest.remote_write_http import write_route
from fusewatch.ingest.remote_write_v2 import Written
from fusewatch.ingest.remote_writes import Outcome
from fusewatch.promql.engine import Engine
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.senders import INTERNAL, Sender

NOW = 1_700_000_000_000
WRITE_LIMIT = 32 << 20


class StillClock:
    def now_ms(self) -> int:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class As:
    """Everybody who asks has this role."""

    def __init__(self, app: ASGIApp, role: Role | None) -> None:
        self.app = app
        self.role = role

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = Identity(name="test", role=self.role, kind="token")
        await self.app(scope, receive, send)


class Refusing:
    """A remote-write sink that answers as it is told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.error: Exception | None = None
        self.outcome = Outcome(Written(1, 2, 3))

    async def write_remote(self, body: bytes, sender: Sender = INTERNAL) -> None:
        self.sender = sender
        if self.error is not None:
            raise self.error
        self.bodies.append(body)

    async def write_remote_v2(self, body: bytes, sender: Sender = INTERNAL) -> Outcome:
        self.sender = sender
        if self.error is not None:
            raise self.error
        self.bodies.append(body)
        return self.outcome


def memory_services(**changes) -> PrometheusServices:
    reader = MemoryReader()
    parts = {
        "engine": Engine(reader),
        "reader": reader,
        "pool": QueryPool(PoolLimits(workers=2)),
        "clock": StillClock(),
        "targets": TargetList,
        "config_text": lambda: "scrape_configs: []\n",
        "flags": lambda: {"web.listen-address": "127.0.0.1:9470"},
        "runtime": lambda: RuntimeInfo(
            started_at=NOW - 60_000, working_directory="/", hostname="here", config_ok=True, config_loaded_at=NOW, storage_retention="30d"
        ),
        "cardinality": lambda limit: Cardinality(
            series=3, label_pairs=4, oldest=NOW - 1000, newest=NOW, chunks=5, by_metric=[Counted("up", 2), Counted("x", 1)][:limit]
        ),
    }
    return PrometheusServices(**{**parts, **changes})


@dataclass
class Served:
    """The app and a client's view of it."""

    services: PrometheusServices
    role: Role | None = Role.ADMIN
    sink: Refusing = field(default_factory=Refusing)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[write_route(self.sink, body_limit=WRITE_LIMIT), *prometheus_routes(self.services)],
            middleware=stack(inside=[Middleware(As, role=self.role)]),
            exception_handlers={HTTPException: http_exception_handler},
        )

    def add(self, labels: dict[str, str], *points: tuple[int, float]) -> None:
        """Stores samples; times are ms before now."""
        self.services.reader.add(Labels(labels), [(NOW - before, value) for before, value in points])

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://here")

    async def get(self, path: str, **parameters) -> httpx.Response:
        async with self.client() as asking:
            return await asking.get(path, params=parameters or None)

    async def post(self, path: str, **form) -> httpx.Response:
        async with self.client() as asking:
            return await asking.post(path, data=form)
