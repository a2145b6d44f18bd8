"""Everything put together in this process, with a real store and real records."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fusewatch.access.need import Need
from fusewatch.access.routing import declarations
from fusewatch.records.database import Database
from fusewatch.server.app import UndeclaredRouteError, build_app
from fusewatch.server.composition import Composition
from fusewatch.server.own_metrics import OwnMetrics
from fusewatch.server.rooms import Rooms, open_backlog
from fusewatch.server.settings.model import Settings
from fusewatch.server.settings.source import SettingsSource
from fusewatch.server.static_files import StaticFiles
from fusewatch.server.warmup import Warmup
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock

#: What anybody may ask without credentials, once authentication is on.
OPEN = {
    "GET|HEAD /-/healthy",
    "GET|HEAD /-/ready",
    "GET|HEAD /health/live",
    "GET /api/fusewatch/v1/session",
    "POST /api/fusewatch/v1/session",
    # Signed by the platform that sends them.
    "POST /api/fusewatch/v1/events/github",
    "POST /api/fusewatch/v1/events/gitlab",
}


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("composition") / "data"
    store, database = MetricStore.open(Settings().storage, data_dir), Database.open(Settings().records, data_dir)
    rooms = Rooms(store, database, open_backlog(Settings(), data_dir))
    yield rooms
    rooms.close()


@asynccontextmanager
async def composed(rooms: Rooms, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        composition = Composition(
            source=SettingsSource(None),
            settings=Settings(),
            rooms=rooms,
            warmup=Warmup([], clock=SystemClock()),
            listener=listener,
            data_dir=tmp_path,
            clock=SystemClock(),
        )
        try:
            yield composition
        finally:
            await composition.stop(within_s=5)


@asynccontextmanager
async def client_of(composition: Composition):
    transport = httpx.ASGITransport(composition.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def test_every_route_says_what_it_needs_and_only_these_are_open(rooms, tmp_path):
    async def scenario():
        async with composed(rooms, tmp_path) as composition:
            found = dict(declarations(composition.app.routes))
        assert None not in found.values()
        assert {route for route, need in found.items() if need is Need.PUBLIC} <= OPEN
        assert found["POST|PUT /-/reload"] is Need.ADMIN
        assert found["POST|PUT /api/v1/admin/tsdb/delete_series"] is Need.ADMIN
        assert len(found) > 40

    asyncio.run(scenario())


def test_a_route_that_says_nothing_keeps_the_server_from_starting(rooms, tmp_path):
    async def scenario():
        async with composed(rooms, tmp_path) as composition:
            silent = Route("/silent", lambda _: PlainTextResponse(""), methods=["GET"])
            with pytest.raises(UndeclaredRouteError, match=r"GET\|HEAD /silent"):
                build_app(routes=[silent], routers=[], access=composition.access, metrics=OwnMetrics(), static=StaticFiles(tmp_path))

    asyncio.run(scenario())


def test_before_its_components_run_it_is_healthy_and_its_metrics_count_requests_by_route(rooms, tmp_path):
    async def scenario():
        async with composed(rooms, tmp_path) as composition, client_of(composition) as client:
            assert (await client.get("/-/healthy")).status_code == 200
            assert (await client.get("/api/v1/label/job/values")).status_code == 200
            text = (await client.get("/metrics")).text
            assert 'fusewatch_http_requests_total{code="200",method="GET",route="/-/healthy"} 1.0' in text
            assert 'route="/api/v1/label/{name}/values"' in text
            assert "fusewatch_storage_series 0.0" in text
            assert "_created" not in text
            openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
            assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
            assert openmetrics.text.endswith("# EOF\n")

    asyncio.run(scenario())


def test_every_answer_carries_a_request_id_and_errors_are_in_the_style_of_their_api(rooms, tmp_path):
    async def scenario():
        async with composed(rooms, tmp_path) as composition, client_of(composition) as client:
            own = await client.get("/api/fusewatch/v1/nothing")
            assert own.status_code == 404
            assert own.json()["request_id"] == own.headers["x-request-id"]
            assert (await client.get("/api/v1/nothing")).json()["errorType"] == "not_found"
            wrong = await client.delete("/api/v1/query")
            assert (wrong.status_code, wrong.json()["status"]) == (405, "error")

    asyncio.run(scenario())


def test_the_configuration_is_shown_without_secrets(rooms, tmp_path):
    async def scenario():
        async with composed(rooms, tmp_path) as composition, client_of(composition) as client:
            shown = (await client.get("/api/v1/status/config")).json()["data"]["yaml"]
            assert "scrape_interval: 1m" in shown
            assert "listen: 127.0.0.1:9470" in shown

    asyncio.run(scenario())


def test_without_host_collection_the_page_is_told_why(rooms, tmp_path):
    async def scenario():
        async with composed(rooms, tmp_path) as composition, client_of(composition) as client:
            composition.host.apply(Settings().host.model_copy(update={"enabled": False}))
            answer = await client.get("/api/fusewatch/v1/host")
            assert answer.status_code == 404
            assert "host.enabled: true" in answer.json()["error"]["message"]

    asyncio.run(scenario())
