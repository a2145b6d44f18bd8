"""``/rules`` and ``/alerts`` answer as Prometheus does."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.serving import Served, memory_services
from tests.rules.evaluating import MINUTE, World

from fusewatch.api.prometheus.rules import value_text

pytestmark = pytest.mark.anyio

RULES = """
groups:
  - name: one
    interval: 30s
    limit: 10
    rules:
      - {record: "job:up:sum", expr: sum by (job) (up), labels: {team: ops}}
      - alert: Down
        expr: up == 0
        for: 1m
        keep_firing_for: 5m
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} is down"}
      - {alert: Wrong, expr: up * on () up > 0}
"""
OTHER = """
groups:
  - name: two
    rules:
      - {alert: Never, expr: up > 5, labels: {severity: low}}
"""


@pytest.fixture(scope="module")
def served() -> Served:
    worlds = [World(RULES), World(OTHER)]
    for world in worlds:
        world.load(MINUTE, 'up{instance="a", job="x"} 0 0 0 1', 'up{instance="b", job="x"} 1 1 1 1')
        world.evaluate(0, 1, 3)
    return Served(memory_services(rules=lambda: [world.run for world in worlds]))


async def rules_of(served: Served, query: str = "") -> dict[str, list[str]]:
    """Names of rules by their groups."""
    groups = (await served.get(f"/api/v1/rules{query}")).json()["data"]["groups"]
    return {group["name"]: [rule["name"] for rule in group["rules"]] for group in groups}


async def test_all_there_is_to_know_of_a_group(served: Served) -> None:
    group = (await served.get("/api/v1/rules")).json()["data"]["groups"][0]
    assert {name: group[name] for name in ("name", "file", "interval", "limit")} == {
        "name": "one",
        "file": "rules.yml",
        "interval": 30.0,
        "limit": 10,
    }
    assert group["lastEvaluation"] == "1970-01-01T00:03:00Z"
    record, down, wrong = group["rules"]
    assert (
        record.items()
        >= {
            "name": "job:up:sum",
            "query": "sum by (job) (up)",
            "labels": {"team": "ops"},
            "health": "ok",
            "type": "recording",
        }.items()
    )
    assert down.items() >= {"state": "firing", "duration": 60.0, "keepFiringFor": 300.0, "type": "alerting", "query": "up == 0"}.items()
    assert down["alerts"] == [
        {
            "labels": {"alertname": "Down", "instance": "a", "job": "x", "severity": "page"},
            "annotations": {"summary": "a is down"},
            "state": "firing",
            "activeAt": "0001-01-01T00:00:00Z",
            "keepFiringSince": "1970-01-01T00:03:00Z",
            "value": "0e+00",
        }
    ]
    assert wrong["health"] == "err"
    assert "duplicate series" in wrong["lastError"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"one": ["job:up:sum", "Down", "Wrong"], "two": ["Never"]}),
        ("?type=alert", {"one": ["Down", "Wrong"], "two": ["Never"]}),
        ("?type=record", {"one": ["job:up:sum"]}),
        ("?rule_name[]=Down&rule_name[]=Never", {"one": ["Down"], "two": ["Never"]}),
        ("?rule_group[]=two", {"two": ["Never"]}),
        ("?file[]=nowhere.yml", {}),
        ('?match[]={severity="page"}&match[]={severity="low"}', {"one": ["Down"], "two": ["Never"]}),
        ('?match[]={severity="page"}', {"one": ["Down"]}),
    ],
)
async def test_filters(served: Served, query: str, expected: dict[str, list[str]]) -> None:
    assert await rules_of(served, query) == expected


async def test_alerts_may_be_left_out(served: Served) -> None:
    groups = (await served.get("/api/v1/rules?exclude_alerts=true")).json()["data"]["groups"]
    assert [rule["alerts"] for group in groups for rule in group["rules"] if "alerts" in rule] == [[], [], []]


async def test_page_by_page(served: Served) -> None:
    first = (await served.get("/api/v1/rules?group_limit=1")).json()["data"]
    assert [group["name"] for group in first["groups"]] == ["one"]
    second = (await served.get(f"/api/v1/rules?group_limit=1&group_next_token={first['groupNextToken']}")).json()["data"]
    assert [group["name"] for group in second["groups"]] == ["two"]
    assert "groupNextToken" not in second


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?type=all", 'invalid parameter "type": not supported value "all"'),
        (
            "?exclude_alerts=maybe",
            'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        (
            "?group_next_token=x",
            'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
        ),
        ("?group_limit=0", 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        (
            "?group_limit=1&group_next_token=x",
            "invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?",
        ),
        ("?match[]={", "unexpected end of input"),
    ],
)
async def test_bad_parameters_are_refused_in_prometheus_words(served: Served, query: str, error: str) -> None:
    answer = await served.get(f"/api/v1/rules{query}")
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
    assert error in answer.json()["error"]


async def test_alerts(served: Served) -> None:
    alerts: list[dict[str, Any]] = (await served.get("/api/v1/alerts")).json()["data"]["alerts"]
    assert [(alert["labels"]["alertname"], alert["state"]) for alert in alerts] == [("Down", "firing")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1e+00"), (0.0, "0e+00"), (0.5, "5e-01"), (1234567.5, "1.2345675e+06"), (0.1 + 0.2, "3.0000000000000004e-01"),
        (float("nan"), "NaN"), (float("inf"), "+Inf"), (-1.5e-300, "-1.5e-300"), ("{count:1, sum:2}", "{count:1, sum:2}"),
    ],
)  # fmt: skip
def test_values_are_written_as_go_does(value: object, text: str) -> None:
    assert value_text(value) == text


async def test_links_that_templates_make_lead_to_explore(served: Served):
    answer = await served.get("/graph?g0.expr=up+%3D%3D+0&g0.tab=1&g1.expr=x")
    assert (answer.status_code, answer.headers["location"]) == (307, "/explore?q=up+%3D%3D+0&q=x")
