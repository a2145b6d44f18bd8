"""Evaluates an alerting rule: from the results of its expression to alerts that are pending, fire, and are over.

https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from fusewatch.rules.alert_series import ALERT_NAME
from fusewatch.rules.alert_state import ActiveAlert, Held, State
from fusewatch.rules.errors import EvaluationError, TooManyError
from fusewatch.rules.expansion import AlertData, Expander, plain_text
from fusewatch.rules.model import AlertingRule, AtTimes
from fusewatch.rules.settings import NoData
from fusewatch.rules.vector import Vector
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.templates.errors import TemplateRunError

#: How long an alert that is over is remembered, and told as such again and again.
RESOLVED_RETENTION_MS: Final = 15 * 60_000


class Conditions(Protocol):
    """What a rule asks at one moment; raises EvaluationError."""

    def result(self, expr: str) -> Vector:
        """The expression's result."""
        ...

    def judged(self, expr: str) -> Vector | None:
        """What ``expr`` could have a result for; None where it does not tell."""
        ...

    def active_times(self, choices: Sequence[AtTimes]) -> AtTimes | None:
        """The first of them whose time it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What holds for all alerts of a server."""

    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    no_data_for_ms: int = 24 * 3_600_000


class AlertingState:
    """The alerts of one rule. One thread at a time."""

    def __init__(self, rule: AlertingRule, surroundings: Surroundings) -> None:
        self.rule = rule
        self._surroundings = surroundings
        self._alerts: dict[Labels, ActiveAlert] = {}
        self._seen: dict[Labels, int] = {}
        self._plain_labels = _plain(rule.labels)
        self._plain_annotations = _plain(rule.annotations)
        #: The annotations of every alert, where they depend on none.
        self._same = Labels(self._plain_annotations) if len(self._plain_annotations) == len(rule.annotations) else None
        self._log = structlog.get_logger("fusewatch.rules").bind(component="rules", rule=rule.name)

    @property
    def alerts(self) -> Sequence[ActiveAlert]:
        """All alerts that are remembered, those that are over included; any thread may look."""
        return tuple(self._alerts.values())

    def active(self) -> list[ActiveAlert]:
        """Those that are pending or fire."""
        return [alert for alert in self.alerts if alert.state is not State.INACTIVE]

    def take_over(self, alerts: Iterable[ActiveAlert]) -> None:
        """Goes on with alerts of an earlier configuration, or of an earlier process."""
        self._alerts.update((alert.labels, alert) for alert in alerts)

    def shift(self, milliseconds: int) -> None:
        """Time in which nobody looked counts for no pending alert."""
        for alert in self._alerts.values():
            if alert.state is State.PENDING:
                alert.active_at += milliseconds

    def evaluate(self, now: int, conditions: Conditions, expander: Expander, *, limit: int = 0) -> None:
        """Brings the alerts up to the moment ``now`` (ms UTC).

        Raises:
            EvaluationError: nothing has changed.
        """
        expr, hold_ms = self.rule.expr, self.rule.hold_ms
        chosen = conditions.active_times(self.rule.at_times) if self.rule.at_times else None
        if chosen is not None:
            expr, hold_ms = chosen.expr or "", chosen.hold_ms
        vector = conditions.result(expr) if expr else Vector.empty()
        found = self._found(vector, expander)
        if 0 < limit < len(found):
            raise TooManyError(f"exceeded limit of {limit} with {len(found)} alerts")
        gone = [alert for labels, alert in self._alerts.items() if alert.state is not State.INACTIVE and labels not in found]
        missing = self._missing(expr, gone, conditions, now) if expr else frozenset()
        clear = self._clear(gone, conditions, expander) if expr else None
        # From here on nothing fails.
        for labels, (value, data) in found.items():
            self._see(labels, value, self._annotations(data, expander), now)
        for alert in gone:
            self._miss(alert, now, no_data=alert.labels in missing, clear=clear)
        self._fire_without_data(missing, found, expander, now)
        for alert in self._alerts.values():
            if alert.state is State.PENDING and now - alert.active_at >= hold_ms:
                alert.fire(now)
        self._forget(now)

    # Results --------------------------------------------------------------------------------------------------------------------

    def _found(self, vector: Vector, expander: Expander) -> dict[Labels, tuple[Any, AlertData]]:
        """The labels of each result as an alert, its value and what its texts are about."""
        found: dict[Labels, tuple[Any, AlertData]] = {}
        for labels, value in vector:
            data = self._data(labels, value)
            named = self._labelled(labels, data, expander)
            if named in found:
                raise EvaluationError("vector contains metrics with the same labelset after applying alert labels")
            found[named] = value, data
        return found

    def _data(self, labels: Labels, value: Any) -> AlertData:
        return AlertData(labels, value, self._surroundings.external_labels, self._surroundings.external_url)

    def _labelled(self, labels: Labels, data: AlertData, expander: Expander) -> Labels:
        others = ((name, text) for name, text in self.rule.labels.items() if name not in self._plain_labels)
        added = {name: self._expanded(text, data, expander) for name, text in others}
        return labels.replace({METRIC_NAME: "", **self._plain_labels, **added, ALERT_NAME: self.rule.name})

    def _annotations(self, data: AlertData, expander: Expander) -> Labels:
        if self._same is not None:
            return self._same
        others = ((name, text) for name, text in self.rule.annotations.items() if name not in self._plain_annotations)
        return Labels({**self._plain_annotations, **{name: self._expanded(text, data, expander) for name, text in others}})

    def _expanded(self, text: str, data: AlertData, expander: Expander) -> str:
        try:
            return expander.expanded(text, data)
        except TemplateRunError as error:
            self._log.warning("a text of an alert could not be filled in", text=text, error=str(error))
            return f"<error expanding template: {error}>"

    # Want of data ---------------------------------------------------------------------------------------------------------------

    def _missing(self, expr: str, gone: Sequence[ActiveAlert], conditions: Conditions, now: int) -> frozenset[Labels]:
        """The alerts of whose conditions nothing is known, as their data is gone."""
        watches = self.rule.no_data is NoData.ALERT
        if self.rule.no_data is NoData.RESOLVE or not (watches or any(alert.state is State.FIRING for alert in gone)):
            return frozenset()
        judged = conditions.judged(expr)
        if judged is None:
            return frozenset()
        there = {self._bare(labels) for labels, _ in judged}
        missing = {alert.labels for alert in gone if self._without_added(alert.labels) not in there}
        if watches:
            self._seen.update(dict.fromkeys(there, now))
            horizon = now - self._surroundings.no_data_for_ms
            self._seen = {labels: seen for labels, seen in self._seen.items() if seen >= horizon}
            missing |= {self._labelled_plainly(labels) for labels in self._seen.keys() - there}
        return frozenset(missing)

    def _bare(self, labels: Labels) -> Labels:
        """The labels of a result without what the rule sets itself."""
        return labels.without((METRIC_NAME, ALERT_NAME, *self.rule.labels))

    def _without_added(self, labels: Labels) -> Labels:
        return labels.without((ALERT_NAME, *self.rule.labels))

    def _labelled_plainly(self, labels: Labels) -> Labels:
        return labels.replace({**self._plain_labels, ALERT_NAME: self.rule.name})

    def _fire_without_data(self, missing: Iterable[Labels], found: Mapping[Labels, Any], expander: Expander, now: int) -> None:
        if self.rule.no_data is not NoData.ALERT:
            return
        for labels in missing:
            alert = self._alerts.get(labels)
            if labels not in found and (alert is None or alert.state is State.INACTIVE):
                alert = ActiveAlert(labels=labels, active_at=now, last_seen=self._seen.get(self._without_added(labels), now))
                alert.annotations = self._annotations(self._data(labels, alert.value), expander)
                alert.hold(Held.NO_DATA, alert.last_seen)
                self._alerts[labels] = alert

    def _clear(self, gone: Sequence[ActiveAlert], conditions: Conditions, expander: Expander) -> frozenset[Labels] | None:
        """The alerts whose clear condition holds; None where the rule has none."""
        if self.rule.clear is None or not any(alert.state is State.FIRING for alert in gone):
            return None
        cleared = conditions.result(self.rule.clear)
        return frozenset(self._labelled(labels, self._data(labels, value), expander) for labels, value in cleared)

    # Transitions ----------------------------------------------------------------------------------------------------------------

    def _see(self, labels: Labels, value: Any, annotations: Labels, now: int) -> None:
        alert = self._alerts.get(labels)
        if alert is None or alert.state is State.INACTIVE:
            begun = () if alert is None else alert.begun
            alert = self._alerts[labels] = ActiveAlert(labels=labels, active_at=now)
            alert.begun.extend(begun)
        alert.see(value, now)
        alert.annotations = annotations

    def _miss(self, alert: ActiveAlert, now: int, *, no_data: bool, clear: frozenset[Labels] | None) -> None:
        """The rule's expression has no result for an alert that was active."""
        why = self._reason_to_hold(alert, now, no_data=no_data, clear=clear)
        if why is not None:
            alert.hold(why, alert.last_seen if why is Held.NO_DATA else now)
        elif alert.state is State.PENDING:
            del self._alerts[alert.labels]
        else:
            alert.resolve(now)

    def _reason_to_hold(self, alert: ActiveAlert, now: int, *, no_data: bool, clear: frozenset[Labels] | None) -> Held | None:
        rule = self.rule
        if alert.state is State.PENDING and not (no_data and rule.no_data is NoData.ALERT):
            return None
        if no_data:
            return Held.NO_DATA if now - alert.last_seen <= self._surroundings.no_data_for_ms else None
        if clear is not None and alert.labels not in clear:
            return Held.CLEAR
        if rule.keep_firing_ms and now - (alert.held_since if alert.held is Held.KEEP_FIRING else now) < rule.keep_firing_ms:
            return Held.KEEP_FIRING
        flapping = rule.flapping
        if flapping and sum(begun > now - flapping.within_ms for begun in alert.begun) >= flapping.changes:
            return Held.FLAPPING
        return None

    def _forget(self, now: int) -> None:
        over = [
            labels
            for labels, alert in self._alerts.items()
            if alert.state is State.INACTIVE and now - alert.resolved_at > RESOLVED_RETENTION_MS
        ]
        for labels in over:
            del self._alerts[labels]


def _plain(texts: Mapping[str, str]) -> dict[str, str]:
    """Those that say the same of every alert."""
    return {name: plain for name, text in texts.items() if (plain := plain_text(text)) is not None}
