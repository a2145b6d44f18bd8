"""Groups are exchanged at a reload and go on after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from tests.rules.evaluating import MINUTE, Told

from fusewatch.promql.engine import Engine
from fusewatch.promql.notation.memory import MemoryReader
from fusewatch.promql.notation.series import parse_series
from fusewatch.rules.loading import parse_rules
from fusewatch.rules.manager import RuleManager, RulePlan, active_alerts
from fusewatch.rules.model import Defaults
from fusewatch.rules.restoring import alerts_of, remembered_alerts
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import STALE_NAN

RULES = """
groups:
  - name: one
    interval: 50ms
    rules:
      - {{record: copied, expr: "{expr}"}}
      - {{alert: Down, expr: up == 0, labels: {{severity: page}}}}
"""


class Store(MemoryReader):
    """The present is always there: what is asked for at any time is what was stored last."""

    def set(self, line: str) -> None:
        labels, points = parse_series(line)
        self.add(labels, [(SystemClock().now_ms() - 1, points[-1])])


def plan(expr: str = "up + 1", rules: str = RULES) -> RulePlan:
    file, problems = parse_rules(rules.format(expr=expr), "rules.yml")
    assert file is not None, problems
    return RulePlan(groups=file.groups(Defaults()))


@asynccontextmanager
async def running(store: Store, told: Told, first: RulePlan) -> AsyncIterator[RuleManager]:
    manager = RuleManager(first, engine=Engine(store), reader=store, sink=store, notifier=told, clock=SystemClock())
    task = asyncio.create_task(manager.run())
    try:
        yield manager
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        manager.close()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - states without an event
            await asyncio.sleep(0.01)


def value_of(store: Store, text: str) -> list[float]:
    return Engine(store).instant(text, SystemClock().now_ms()).values[:, 0].tolist()


def test_groups_are_evaluated_and_exchanged() -> None:
    async def scenario() -> None:
        store, told = Store(), Told()
        store.set('up{instance="a"} 0')
        async with running(store, told, plan()) as manager:
            await until(lambda: value_of(store, "copied") == [1.0])
            await until(lambda: told.alerts)
            (alert,) = [alert for _, _, alert in active_alerts(manager.groups)]
            manager.apply(plan("up + 2"))
            await until(lambda: value_of(store, "copied") == [2.0])
            # The alert goes on where it was.
            (same,) = [alert for _, _, alert in active_alerts(manager.groups)]
            assert same is alert
            manager.apply(RulePlan())
            await until(lambda: value_of(store, "copied") == [])
            assert value_of(store, "ALERTS") == []
            assert not manager.groups

    asyncio.run(scenario())


def test_what_does_not_change_is_not_touched() -> None:
    async def scenario() -> None:
        store = Store()
        async with running(store, Told(), plan()) as manager:
            await until(lambda: manager.groups and manager.groups[0].figures.iterations > 1)
            before = manager.groups[0]
            # Another group comes beside it, so that it is seen when the plan was taken up.
            more = plan(rules=RULES.replace("name: one", "name: two"))
            manager.apply(replace(plan(), groups=[*plan().groups, *more.groups]))
            await until(lambda: len(manager.groups) == 2)
            assert manager.groups[0] is before

    asyncio.run(scenario())


def test_a_group_of_another_name_goes_on_with_its_alerts() -> None:
    async def scenario() -> None:
        store, told = Store(), Told()
        store.set('up{instance="a"} 0')
        async with running(store, told, plan()) as manager:
            await until(lambda: told.alerts)
            (before,) = [alert for _, _, alert in active_alerts(manager.groups)]
            manager.apply(plan(rules=RULES.replace("name: one", "name: renamed")))
            await until(lambda: [run.group.name for run in manager.groups] == ["renamed"])
            assert [alert for _, _, alert in active_alerts(manager.groups)] == [before]
            assert value_of(store, "copied") == [1.0]

    asyncio.run(scenario())


def test_new_texts_of_a_rule_are_those_of_its_alerts() -> None:
    async def scenario() -> None:
        store, told = Store(), Told()
        store.set('up{instance="a"} 0')
        rules = RULES.replace("labels: {{severity: page}}", "labels: {{severity: page}}, annotations: {{summary: WORDS}}")
        async with running(store, told, plan(rules=rules.replace("WORDS", "old"))) as manager:
            await until(lambda: told.alerts)
            manager.apply(plan(rules=rules.replace("WORDS", "new")))
            await until(lambda: [alert.annotations["summary"] for _, _, alert in active_alerts(manager.groups)] == ["new"])

    asyncio.run(scenario())


def test_an_alert_fires_on_after_a_restart() -> None:
    async def scenario() -> None:
        store, told = Store(), Told()
        store.set('up{instance="a"} 0')
        rules = RULES.replace("expr: up == 0,", "expr: up == 0, for: 1s,")
        async with running(store, told, plan(rules=rules)) as manager:
            await until(lambda: told.alerts)
            (first,) = [alert for _, _, alert in active_alerts(manager.groups)]
        again = Told()
        async with running(store, again, plan(rules=rules)) as manager:
            await until(lambda: again.alerts)
            (second,) = [alert for _, _, alert in active_alerts(manager.groups)]
            assert second.active_at // 1000 == first.active_at // 1000
            # At once, and not a second later.
            assert manager.groups[0].figures.iterations < 10

    asyncio.run(scenario())


def test_an_alert_that_ended_while_the_server_was_away_is_told_to_be_over() -> None:
    async def scenario() -> None:
        store, told, again = Store(), Told(), Told()
        store.set('up{instance="a"} 0')
        async with running(store, told, plan()):
            await until(lambda: told.alerts)
        store.set('up{instance="a"} 1')
        async with running(store, again, plan()):
            await until(lambda: again.alerts)
        now = SystemClock().now_ms()
        assert again.alerts[0].is_resolved(now)
        assert again.alerts[0].labels == told.alerts[0].labels

    asyncio.run(scenario())


# What was pending -----------------------------------------------------------------------------------------------------------------

HOLD, GRACE = 30 * MINUTE, 10 * MINUTE


@pytest.mark.parametrize(
    ("waited", "away", "expected"),
    [
        # It fired; it fires.
        (30 * MINUTE, 5 * MINUTE, ("firing", 0)),
        # Twenty minutes were left, and are.
        (10 * MINUTE, 5 * MINUTE, ("pending", 20 * MINUTE)),
        # One minute was left; it fires no earlier than after the time of grace.
        (29 * MINUTE, 5 * MINUTE, ("pending", GRACE)),
    ],
)
def test_what_was_pending_waits_for_what_was_left(waited: int, away: int, expected: tuple[str, int]) -> None:
    now = 1_800_000_000_000
    store = MemoryReader()
    seen = now - away
    labels, _ = parse_series('ALERTS_FOR_STATE{alertname="Down", instance="a", severity="page"} 0')
    store.add(labels, [(seen, (seen - waited) / 1000)])
    (rule,) = [
        rule for rule in plan(rules=RULES.replace("expr: up == 0,", "expr: up == 0, for: 30m,")).groups[0].rules if rule.name == "Down"
    ]
    remembered = remembered_alerts(store, now, 60 * MINUTE, Budget())
    (alert,) = alerts_of(rule, remembered["Down"], now, GRACE)
    left = max(0, alert.active_at + HOLD - now)
    assert (alert.state, left) == expected


def test_what_was_over_or_too_long_ago_is_not_remembered() -> None:
    now = 1_800_000_000_000
    store = MemoryReader()
    over, _ = parse_series('ALERTS_FOR_STATE{alertname="Down", instance="over"} 0')
    store.add(over, [(now - 2 * MINUTE, 1.0), (now - MINUTE, STALE_NAN)])
    old, _ = parse_series('ALERTS_FOR_STATE{alertname="Down", instance="old"} 0')
    store.add(old, [(now - 61 * MINUTE, 1.0)])
    assert not remembered_alerts(store, now, 60 * MINUTE, Budget())
