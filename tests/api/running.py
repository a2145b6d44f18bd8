"""A real server on a free port over a real store, for clients that speak only sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp
from tests.api.serving import WRITE_LIMIT, As, memory_services

from fusewatch.access.need import Role
from fusewatch.api.middleware.stack import stack
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.api.prometheus.routes import prometheus_routes
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.ingest.remote_write_http import write_route
from fusewatch.ingest.remote_writes import RemoteWrites
from fusewatch.promql.engine import Engine
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import SampleBatch


def store_services(store: MetricStore, **changes) -> PrometheusServices:
    """The services of a real store, what is not said as in :func:`memory_services`."""
    pool = QueryPool(PoolLimits(workers=2))
    return memory_services(engine=Engine(store), reader=store, pool=pool, clock=SystemClock(), **changes)


def application(services: PrometheusServices, store: MetricStore | None = None) -> Starlette:
    written = [] if store is None else [write_route(RemoteWrites(store.door), body_limit=WRITE_LIMIT)]
    routes = [*written, *prometheus_routes(services)]
    return Starlette(routes=routes, middleware=stack(inside=[Middleware(As, role=Role.OPERATOR)]))


@dataclass
class Running:
    """A server that answers, and its store."""

    url: str
    port: int
    store: MetricStore
    loop: asyncio.AbstractEventLoop

    def add(self, labels: dict[str, str], *points: tuple[int, float]) -> None:
        """Stores samples (ms, value)."""
        series = Labels(labels)
        ids = np.full(len(points), series.id, np.uint64)
        times = np.array([timestamp for timestamp, _ in points], np.int64)
        batch = SampleBatch(ids, times, np.array([value for _, value in points]), {series.id: series})
        asyncio.run_coroutine_threadsafe(self.store.write(batch), self.loop).result(10)


@dataclass
class Listening:
    """An app on a free port of this machine, and the loop it runs in."""

    port: int
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def listening(app: ASGIApp) -> Iterator[Listening]:
    """The app behind a real uvicorn in a thread of its own, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=2))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(sockets=[listener])))
    thread.start()
    try:
        until(lambda: server.started)
        yield Listening(listener.getsockname()[1], loop)
    finally:
        server.should_exit = True
        thread.join(10)
        loop.close()
        listener.close()


@contextlib.contextmanager
def running(data_dir: Path, **changes) -> Iterator[Running]:
    """A server with a store; both end with the block."""
    store = MetricStore.open(StorageSettings(), data_dir)
    services = store_services(store, **changes)
    try:
        with listening(application(services, store)) as server:
            yield Running(server.url, server.port, store, server.loop)
    finally:
        services.pool.close()
        store.close()


def until(condition: Callable[[], object], *, within_s: float = 30.0) -> None:
    """Returns once the condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
