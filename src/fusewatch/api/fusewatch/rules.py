"""``/rules``: every rule with what it found last, how that went, and its alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from fastapi import APIRouter, Response

from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.models import Answer
from fusewatch.api.prometheus.rules import value_text
from fusewatch.rules.alert_state import ActiveAlert, State
from fusewatch.rules.group_run import GroupRun, RunningRule
from fusewatch.rules.model import AlertingRule

RuleState = Literal["firing", "pending", "failing", "no data", "waiting", "ok"]


class RuleAlert(Answer):
    """An alert that is pending or fires; times in ms UTC. ``held`` says why it fires although its condition has no result."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: Literal["pending", "firing"]
    active_at: int
    fired_at: int | None
    held: str | None
    held_since: int | None
    value: str

    @classmethod
    def of(cls, alert: ActiveAlert) -> RuleAlert:
        """As it is answered."""
        return cls(
            labels=alert.labels.as_dict(),
            annotations=alert.annotations.as_dict(),
            state="firing" if alert.state is State.FIRING else "pending",
            active_at=alert.active_at,
            fired_at=alert.fired_at or None,
            held=alert.held,
            held_since=alert.held_since or None,
            value=value_text(alert.value),
        )


class Rule(Answer):
    """A rule.

    ``state``: its worst alert's; or it could not be evaluated (failing), its expression read no series at all (no data), it was not
    evaluated yet (waiting), or there is nothing to say (ok).
    """

    group: str
    file: str
    name: str
    kind: Literal["alerting", "recording"]
    state: RuleState
    query: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    hold_seconds: float
    interval_seconds: float
    error: str
    evaluated_at: int | None
    seconds: float
    samples: int
    missed: int
    alerts: Sequence[RuleAlert]

    @classmethod
    def of(cls, run: GroupRun, rule: RunningRule) -> Rule:
        """As it is answered."""
        alerting = rule.rule if isinstance(rule.rule, AlertingRule) else None
        alerts = rule.alerting.active() if rule.alerting is not None else []
        return cls(
            group=run.group.name,
            file=run.group.file,
            name=rule.rule.name,
            kind="recording" if alerting is None else "alerting",
            state=_state(rule, alerts),
            query=rule.rule.expr,
            labels=rule.rule.labels,
            annotations={} if alerting is None else alerting.annotations,
            hold_seconds=0.0 if alerting is None else alerting.hold_ms / 1000,
            interval_seconds=run.group.interval_ms / 1000,
            error=rule.error,
            evaluated_at=rule.evaluated_at or None,
            seconds=rule.seconds,
            samples=rule.samples,
            missed=run.figures.missed,
            alerts=[RuleAlert.of(alert) for alert in alerts],
        )


class Rules(Answer):
    """All rules, in the order of their files."""

    rules: Sequence[Rule]


def _state(rule: RunningRule, alerts: Sequence[ActiveAlert]) -> RuleState:
    states = {alert.state for alert in alerts}
    if State.FIRING in states:
        return "firing"
    if rule.health == "err":
        return "failing"
    if State.PENDING in states:
        return "pending"
    if rule.read is None:
        return "waiting"
    return "no data" if rule.read == 0 else "ok"


def rules_router(groups: Callable[[], Sequence[GroupRun]]) -> APIRouter:
    """``GET /rules`` for everybody."""
    router = APIRouter(tags=["rules"], dependencies=[needs(Need.VIEWER)])

    @router.get("/rules", response_model=Rules)
    async def rules() -> Response:
        """Every rule with what it found last, and its alerts."""
        runs = groups()
        # In a thread and as JSON at once: ten thousand rules through response validation would hold the event loop.
        answer = await asyncio.to_thread(lambda: Rules(rules=[Rule.of(run, rule) for run in runs for rule in run.rules]).model_dump_json())
        return Response(answer, media_type="application/json")

    return router
