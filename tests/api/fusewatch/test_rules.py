"""Rules and alerts as our own pages see them."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.fusewatch.own import get, running
from tests.rules.evaluating import MINUTE, World

pytestmark = pytest.mark.anyio

RULES = """
groups:
  - name: g
    rules:
      - {record: copied, expr: up}
      - alert: Down
        expr: up == 0
        no_data: keep
        labels: {severity: critical, layer: infrastructure, subject: availability}
        annotations: {summary: "{{ $labels.instance }} is down", impact: It does not answer, action: Start it}
      - {alert: Waiting, expr: up == 0, for: 10m}
      - {alert: Nothing, expr: nothing > 1}
      - {alert: Wrong, expr: up * on () up > 0}
"""


def evaluated(*minutes: float) -> World:
    world = World(RULES)
    world.load(MINUTE, 'up{instance="a", job="x"} 0 0 stale', 'up{instance="b", job="x"} 0 1x9', 'up{instance="c", job="x"} 1x9')
    world.evaluate(*minutes)
    return world


async def test_each_rule_says_how_it_is():
    world = await asyncio.to_thread(evaluated, 0)
    with running(rules=lambda: [world.run]) as served:
        rules = (await get(served, "/rules")).json()["rules"]
    assert [(rule["name"], rule["kind"], rule["state"]) for rule in rules] == [
        ("copied", "recording", "ok"),
        ("Down", "alerting", "firing"),
        ("Waiting", "alerting", "pending"),
        ("Nothing", "alerting", "no data"),
        ("Wrong", "alerting", "failing"),
    ]
    assert sorted(alert["labels"]["instance"] for alert in rules[1]["alerts"]) == ["a", "b"]
    assert "duplicate series" in rules[4]["error"]


async def test_a_rule_that_was_never_evaluated_waits():
    world = await asyncio.to_thread(evaluated)
    with running(rules=lambda: [world.run]) as served:
        assert {rule["state"] for rule in (await get(served, "/rules")).json()["rules"]} == {"waiting"}


async def test_an_alert_without_data_says_since_when():
    world = await asyncio.to_thread(evaluated, 0, 1, 2)
    with running(rules=lambda: [world.run]) as served:
        (alert,) = (await get(served, "/rules")).json()["rules"][1]["alerts"]
    assert (alert["held"], alert["held_since"], alert["labels"]["instance"]) == ("no data", MINUTE, "a")


async def test_what_fires_is_among_what_is_wrong():
    world = await asyncio.to_thread(evaluated, 0)
    with running(rules=lambda: [world.run]) as served:
        findings = (await get(served, "/findings")).json()["findings"]
    (down,) = [finding for finding in findings if "is down" in finding["title"]]
    assert (down["severity"], down["layer"], down["title"]) == ("critical", "infrastructure", "a is down (and 1 more)")
    assert down["detail"] == "It does not answer. Start it."
    assert down["link"] == "/rules?state=firing&find=Down"
