"""What is evaluated and what is wrong: ``/rules``, ``/alerts``.

https://prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.answers import success
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.errors import BadDataError
from fusewatch.api.prometheus.parameters import Parameters, parse_whole
from fusewatch.api.prometheus.selectors import Selector, parse_selector
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.api.prometheus.targets import rfc3339
from fusewatch.promql.numbers import parse_float
from fusewatch.rules.alert_state import ActiveAlert, Held, State
from fusewatch.rules.group_run import GroupRun, RunningRule
from fusewatch.rules.manager import active_alerts
from fusewatch.rules.model import AlertingRule
from fusewatch.telemetry.matchers import match_all

_TYPES: Final = {"": (True, True), "alert": (True, False), "record": (False, True)}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_ORDER: Final = {State.INACTIVE: 0, State.PENDING: 1, State.FIRING: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which rules are asked for, and with how much of them."""

    alerting: bool
    recording: bool
    names: frozenset[str]
    groups: frozenset[str]
    files: frozenset[str]
    selectors: Sequence[Selector]
    with_alerts: bool

    @classmethod
    def of(cls, parameters: Parameters) -> _Wanted:
        """Raises BadDataError in Prometheus' words."""
        kind = parameters.text("type").lower()
        if kind not in _TYPES:
            raise BadDataError.parameter("type", f'not supported value "{kind}"')
        excluded = parameters.text("exclude_alerts")
        if excluded not in _TRUE | _FALSE:
            reason = f'error converting exclude_alerts: strconv.ParseBool: parsing "{excluded}": invalid syntax'
            raise BadDataError.parameter("exclude_alerts", reason)
        alerting, recording = _TYPES[kind]
        return cls(
            alerting=alerting,
            recording=recording,
            names=frozenset(parameters.every("rule_name[]")),
            groups=frozenset(parameters.every("rule_group[]")),
            files=frozenset(parameters.every("file[]")),
            selectors=[parse_selector(text) for text in parameters.every("match[]")],
            with_alerts=excluded not in _TRUE,
        )

    def has_group(self, run: GroupRun) -> bool:
        return (not self.groups or run.group.name in self.groups) and (not self.files or run.group.file in self.files)

    def has_rule(self, rule: RunningRule) -> bool:
        kind = self.recording if rule.alerting is None else self.alerting
        named = not self.names or rule.rule.name in self.names
        return kind and named and (not self.selectors or any(match_all(one, rule.rule.labels) for one in self.selectors))


def rule_routes(services: PrometheusServices) -> list[GuardedRoute]:
    """Both routes."""

    async def rules(_: Request, parameters: Parameters) -> Response:
        """All groups with their rules and those with their alerts, filtered and page by page."""
        wanted, page = _Wanted.of(parameters), _Page.of(parameters)
        runs = services.rules()
        # In a thread: ten thousand rules take a while to print.
        return await asyncio.to_thread(lambda: success(_listed(runs, wanted, page)))

    async def alerts(_: Request, __: Parameters) -> Response:
        """All alerts that are pending or fire."""
        runs = services.rules()
        return await asyncio.to_thread(lambda: success({"alerts": [_alert(alert) for _, _, alert in active_alerts(runs)]}))

    return [endpoint("/rules", rules), endpoint("/alerts", alerts)]


@dataclass(frozen=True, slots=True)
class _Page:
    """At most ``limit`` groups (None: all), those from ``token`` on."""

    limit: int | None
    token: str

    @classmethod
    def of(cls, parameters: Parameters) -> _Page:
        """Raises BadDataError in Prometheus' words."""
        limit, token = parameters.text("group_limit"), parameters.text("group_next_token")
        if token and not limit:
            raise BadDataError.parameter("group_next_token", "group_limit needs to be present in order to paginate over the groups")
        if not limit:
            return cls(None, token)
        try:
            number = parse_whole(limit)
        except ValueError as error:
            raise BadDataError.parameter("group_limit", f"group_limit needs to be a valid number: {error}") from error
        if number <= 0:
            raise BadDataError.parameter("group_limit", "group_limit needs to be greater than 0")
        return cls(number, token)

    def cut(self, runs: Sequence[GroupRun]) -> tuple[Sequence[GroupRun], str]:
        """The groups of the page, and the token of the next one ("" without)."""
        first = 0
        if self.token:
            tokens = [_token(run) for run in runs]
            if self.token not in tokens:
                reason = f"invalid group_next_token '{self.token}'. were rule groups changed?"
                raise BadDataError.parameter("group_next_token", reason)
            first = tokens.index(self.token)
        stop = len(runs) if self.limit is None else first + self.limit
        return runs[first:stop], _token(runs[stop]) if stop < len(runs) else ""


def _token(run: GroupRun) -> str:
    return hashlib.sha1(run.group.key.encode(), usedforsecurity=False).hexdigest()


def _listed(runs: Sequence[GroupRun], wanted: _Wanted, page: _Page) -> dict[str, Any]:
    found = [(run, [rule for rule in run.rules if wanted.has_rule(rule)]) for run in runs if wanted.has_group(run)]
    with_rules = {id(run): rules for run, rules in found if rules}
    shown, token = page.cut([run for run in runs if id(run) in with_rules])
    groups = [_group(run, with_rules[id(run)], wanted) for run in shown]
    return {"groups": groups, **({"groupNextToken": token} if token else {})}


def _group(run: GroupRun, rules: Iterable[RunningRule], wanted: _Wanted) -> dict[str, Any]:
    return {
        "name": run.group.name,
        "file": run.group.file,
        "rules": [_rule(rule, wanted) for rule in rules],
        "interval": run.group.interval_ms / 1000,
        "limit": run.group.limit,
        "evaluationTime": run.figures.seconds,
        "lastEvaluation": rfc3339(run.figures.evaluated_at),
    }


def _rule(rule: RunningRule, wanted: _Wanted) -> dict[str, Any]:
    judged = {
        "name": rule.rule.name,
        "query": rule.rule.expr,
        "labels": dict(rule.rule.labels),
        "health": rule.health,
        **({"lastError": rule.error} if rule.error else {}),
        "evaluationTime": rule.seconds,
        "lastEvaluation": rfc3339(rule.evaluated_at),
    }
    if not isinstance(rule.rule, AlertingRule) or rule.alerting is None:
        return {**judged, "type": "recording"}
    alerts = rule.alerting.active()
    return {
        "state": max((alert.state for alert in alerts), key=_ORDER.__getitem__, default=State.INACTIVE),
        **judged,
        "duration": rule.rule.hold_ms / 1000,
        "keepFiringFor": rule.rule.keep_firing_ms / 1000,
        "annotations": dict(rule.rule.annotations),
        "alerts": [_alert(alert) for alert in alerts] if wanted.with_alerts else [],
        "type": "alerting",
    }


def _alert(alert: ActiveAlert) -> Mapping[str, Any]:
    kept = {"keepFiringSince": rfc3339(alert.held_since)} if alert.held is Held.KEEP_FIRING else {}
    return {
        "labels": alert.labels.as_dict(),
        "annotations": alert.annotations.as_dict(),
        "state": alert.state,
        "activeAt": rfc3339(alert.active_at),
        **kept,
        "value": value_text(alert.value),
    }


def value_text(value: Any) -> str:
    """A value as Go writes it with an exponent: ``1e+00``; a histogram in Prometheus' words."""
    number = value if isinstance(value, float) else parse_float(str(value))
    if number is None:
        return str(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    # The shortest digits that read back as the number, one before the point.
    return next(text for places in range(18) if float(text := f"{number:.{places}e}") == number)
