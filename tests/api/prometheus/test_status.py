"""What runs here, in the shapes that Prometheus' own pages and Grafana read."""

from __future__ import annotations

import pytest
from tests.api.serving import NOW

from fusewatch.access.need import Role
from fusewatch.access.routing import undeclared
from fusewatch.api.prometheus.routes import prometheus_routes

pytestmark = pytest.mark.anyio


async def data(served, path, **parameters):
    answer = await served.get(f"/api/v1/{path}", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_configuration_and_flags(served):
    assert await data(served, "status/config") == {"yaml": "scrape_configs: []\n"}
    assert await data(served, "status/flags") == {"web.listen-address": "127.0.0.1:9470"}


async def test_runtime(served):
    runtime = await data(served, "status/runtimeinfo")
    assert runtime["startTime"] == "2023-11-14T22:12:20Z"
    assert runtime["serverTime"] == "2023-11-14T22:13:20Z"
    assert runtime["reloadConfigSuccess"] is True
    assert runtime["storageRetention"] == "30d"


async def test_the_version_is_that_of_the_api(served):
    build = await data(served, "status/buildinfo")
    assert build["version"].startswith("3.")
    assert build["application"] == "fusewatch"


async def test_cardinality(served):
    found = await data(served, "status/tsdb")
    assert found["headStats"] == {"numSeries": 3, "numLabelPairs": 4, "chunkCount": 5, "minTime": NOW - 1000, "maxTime": NOW}
    assert found["seriesCountByMetricName"] == [{"name": "up", "value": 2}, {"name": "x", "value": 1}]
    assert len((await data(served, "status/tsdb", limit=1))["seriesCountByMetricName"]) == 1


async def test_there_is_no_alertmanager_beside_our_own(served):
    assert await data(served, "alertmanagers") == {"activeAlertmanagers": [], "droppedAlertmanagers": []}


def test_every_route_declares_what_it_needs(served):
    assert undeclared(prometheus_routes(served.services)) == []


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.VIEWER, "/api/v1/labels", 200),
        (Role.VIEWER, "/api/v1/status/config", 200),
        (None, "/api/v1/query", 401),
        (None, "/federate", 401),
    ],
)
async def test_roles_are_asked_for(served, role, path, status):
    served.role = role
    assert (await served.get(path)).status_code == status


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 204), (None, 401)])
async def test_writing_needs_an_operator(served, role, status):
    served.role = role
    async with served.client() as asking:
        assert (await asking.post("/api/v1/write", content=b"x")).status_code == status
