"""Series, labels and their meaning, as clients ask for them to help their users type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api.serving import NOW, Served, memory_services
from tests.promql.memory import MemoryReader

from fusewatch.api.prometheus.metadata import by_metric, unescape_name
from fusewatch.api.prometheus.services import ActiveTarget, DroppedTarget, TargetList
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata

pytestmark = pytest.mark.anyio

S = NOW // 1000


@pytest.fixture
def store(served):
    served.add({"__name__": "up", "job": "api", "instance": "a"}, (0, 1.0))
    served.add({"__name__": "up", "job": "api", "instance": "b"}, (3_600_000, 1.0))
    served.add({"__name__": "requests_total", "job": "web", "http.status": "200"}, (0, 1.0))
    return served


async def data(served, path, **parameters):
    answer = await served.get(f"/api/v1/{path}", **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


async def test_series_match_any_selector_within_the_time(store):
    assert await data(store, "series", **{"match[]": ["up", "requests_total"], "start": S - 60, "end": S}) == [
        {"__name__": "up", "instance": "a", "job": "api"},
        {"__name__": "requests_total", "http.status": "200", "job": "web"},
    ]
    assert len(await data(store, "series", **{"match[]": "up"})) == 2


async def test_many_series_and_values_are_listed_in_pieces(served):
    names = [f"instance-{number:05d}.{'x' * 60}" for number in range(20_000)]
    for name in names:
        served.add({"__name__": "up", "instance": name}, (0, 1.0))
    answer = await served.get("/api/v1/label/instance/values")
    assert answer.json()["data"] == names
    assert "content-length" not in answer.headers
    answer = await served.get("/api/v1/series", **{"match[]": "up"})
    assert answer.json() == {"status": "success", "data": [{"__name__": "up", "instance": name} for name in names]}
    answer = await served.get("/api/v1/label/instance/values", limit=2_000)
    assert answer.json() == {"status": "success", "data": names[:2_000], "warnings": ["results truncated due to limit"]}
    assert "content-length" in answer.headers


async def test_series_by_post_form(store):
    answer = await store.post("/api/v1/series", **{"match[]": ["up", "requests_total"]})
    assert len(answer.json()["data"]) == 3


async def test_label_names_and_values(store):
    assert await data(store, "labels") == ["__name__", "http.status", "instance", "job"]
    assert await data(store, "labels", **{"match[]": "up"}) == ["__name__", "instance", "job"]
    assert await data(store, "label/__name__/values") == ["requests_total", "up"]
    assert await data(store, "label/instance/values", start=S - 60) == ["a"]
    assert await data(store, "label/job/values", **{"match[]": '{instance="a"}'}) == ["api"]
    assert await data(store, "label/nothing/values") == []


async def test_a_label_whose_name_a_path_can_not_hold_comes_escaped(store):
    assert await data(store, "label/U__http_2e_status/values") == ["200"]
    assert await data(store, "label/http.status/values") == ["200"]


@pytest.mark.parametrize("path", ["series", "labels", "label/instance/values"])
async def test_a_limit_cuts_and_says_so(store, path):
    answer = (await store.get(f"/api/v1/{path}", **{"match[]": "up", "limit": 1})).json()
    assert len(answer["data"]) == 1
    assert answer["warnings"] == ["results truncated due to limit"]
    whole = (await store.get(f"/api/v1/{path}", **{"match[]": "up", "limit": 9})).json()
    assert "warnings" not in whole


# In the spirit of Prometheus' own table (common/model: TestUnescape).
@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        ("plain", "plain"),
        ("U__", ""),
        ("U__name", "name"),
        ("U__with__underscore", "with_underscore"),
        ("U__mysystem_2e_prod_2e_west", "mysystem.prod.west"),
        ("U___fb___", "û_"),
        ("U___fb__", "U___fb__"),
        ("U__bad_", "U__bad_"),
        ("U__bad_2e", "U__bad_2e"),
        ("U__surrogate_d900_", "U__surrogate_d900_"),
        ("U__large_1ffffff_", "U__large_1ffffff_"),
        ("U__not_hex_zz_", "U__not_hex_zz_"),
    ],
)
def test_escaped_names_are_read_back(escaped, name):
    assert unescape_name(escaped) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_survives_escaping(name):
    escaped = "".join(c if c.isascii() and c.isalnum() else "__" if c == "_" else f"_{ord(c):x}_" for c in name)
    assert unescape_name("U__" + escaped) == (name if all(ord(c) < 0x100000 for c in name) else "U__" + escaped)


class Describing(MemoryReader):
    """A store that knows what its metrics mean."""

    known = (
        MetricMetadata("up", "gauge", "Whether it is.", job="api"),
        MetricMetadata("up", "gauge", "Whether it is.", job="web"),
        MetricMetadata("up", "unknown", "?", job="db"),
        MetricMetadata("size_bytes", "gauge", "How large.", "bytes", job="api"),
    )

    def metadata(self, metric, limit):
        return [entry for entry in self.known if metric in (None, entry.metric)]


def target(job, instance, health="up"):
    return ActiveTarget(
        pool=job,
        url=f"http://{instance}/metrics",
        labels=Labels({"job": job, "instance": instance}),
        discovered_labels=Labels({"__address__": instance}),
        health=health,
        last_error="" if health == "up" else "connection refused",
        last_scrape=NOW - 1_500,
        last_duration_s=0.25,
        interval_ms=15_000,
        timeout_ms=10_000,
    )


@pytest.fixture
def describing():
    listed = TargetList(
        [target("web", "w:80", "down"), target("api", "a:80")], [DroppedTarget("api", Labels({"__address__": "x"}))], {"api": 1}
    )
    services = memory_services(reader=Describing(), targets=lambda: listed)
    yield Served(services)
    services.pool.close()


UP = [{"type": "gauge", "help": "Whether it is.", "unit": ""}, {"type": "unknown", "help": "?", "unit": ""}]
SIZE = [{"type": "gauge", "help": "How large.", "unit": "bytes"}]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"up": UP, "size_bytes": SIZE}),
        ({"metric": "size_bytes"}, {"size_bytes": SIZE}),
        ({"metric": "nothing"}, {}),
        ({"limit": 1}, {"up": UP}),
        ({"limit": 0}, {}),
        ({"limit_per_metric": 1}, {"up": UP[:1], "size_bytes": SIZE}),
    ],
)
async def test_metadata_by_metric(describing, parameters, expected):
    assert await data(describing, "metadata", **parameters) == expected


def test_descriptions_that_jobs_share_are_shown_once():
    assert by_metric(Describing.known, -1, -1)["up"] == UP


async def test_metadata_by_target(describing):
    both = await data(describing, "targets/metadata", metric="up")
    assert [(row["target"]["job"], "metric" in row) for row in both] == [("web", False), ("api", False)]
    [one] = await data(describing, "targets/metadata", match_target='{job="api"}', metric="size_bytes")
    assert one == {"target": {"instance": "a:80", "job": "api"}, **SIZE[0]}
    assert [row["metric"] for row in await data(describing, "targets/metadata", match_target='{job="api"}')] == ["up", "size_bytes"]
    assert len(await data(describing, "targets/metadata", limit=1)) == 1


async def test_targets(describing):
    listed = await data(describing, "targets")
    assert [row["scrapePool"] for row in listed["activeTargets"]] == ["api", "web"]
    assert listed["activeTargets"][1] == {
        "discoveredLabels": {"__address__": "w:80"},
        "labels": {"instance": "w:80", "job": "web"},
        "scrapePool": "web",
        "scrapeUrl": "http://w:80/metrics",
        "globalUrl": "http://w:80/metrics",
        "lastError": "connection refused",
        "lastScrape": "2023-11-14T22:13:18.5Z",
        "lastScrapeDuration": 0.25,
        "health": "down",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
    assert listed["droppedTargets"] == [{"discoveredLabels": {"__address__": "x"}, "scrapePool": "api"}]
    assert listed["droppedTargetCounts"] == {"api": 1}


@pytest.mark.parametrize(
    ("parameters", "active", "dropped"),
    [
        ({"state": "active"}, 2, 0),
        ({"state": "dropped"}, 0, 1),
        ({"state": "any"}, 2, 1),
        ({"scrapePool": "web"}, 1, 0),
        ({"scrapePool": "api"}, 1, 1),
    ],
)
async def test_targets_are_filtered(describing, parameters, active, dropped):
    listed = await data(describing, "targets", **parameters)
    assert (len(listed["activeTargets"]), len(listed["droppedTargets"])) == (active, dropped)


async def test_scrape_pools(describing):
    assert await data(describing, "scrape_pools") == {"scrapePools": ["api", "web"]}
