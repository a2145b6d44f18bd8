"""Alerts that were active when the server stopped, read back from ALERTS_FOR_STATE."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.rules.alert_series import ALERT_NAME, ALERTS_FOR_STATE
from fusewatch.rules.alert_state import ActiveAlert, State
from fusewatch.rules.expansion import plain_text
from fusewatch.rules.model import AlertingRule
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import Budget, SeriesReader
from fusewatch.telemetry.samples import is_stale

_MATCHERS: Final = (Matcher(METRIC_NAME, MatchOp.EQUAL, ALERTS_FOR_STATE),)


@dataclass(frozen=True, slots=True)
class Remembered:
    """An alert's labels, since when its condition held, and when that was last known (ms UTC)."""

    labels: Labels
    active_at: int
    last_seen: int


def remembered_alerts(reader: SeriesReader, now: int, tolerance_ms: int, budget: Budget) -> Mapping[str, Sequence[Remembered]]:
    """The alerts that were active in the last ``tolerance_ms`` and not over since, by their names. Blocks.

    Raises:
        StorageError: they can't be read.
    """
    found = reader.fetch(_MATCHERS, now - tolerance_ms, now, budget)
    alerts: dict[str, list[Remembered]] = defaultdict(list)
    stale = is_stale(found.values)
    for row, labels in enumerate(found.labels):
        last = int(found.offsets[row + 1]) - 1
        if last < int(found.offsets[row]) or stale[last] or not np.isfinite(found.values[last]):
            continue
        alert = labels.without((METRIC_NAME,))
        since = int(found.values[last]) * 1000
        alerts[alert.get(ALERT_NAME, "")].append(Remembered(alert, since, int(found.timestamps[last])))
    return alerts


def alerts_of(rule: AlertingRule, remembered: Iterable[Remembered], now: int, grace_ms: int) -> list[ActiveAlert]:
    """Those of a rule as they go on: what fired fires, what was pending has waited as long as before.

    As in Prometheus, what was pending fires no earlier than ``grace_ms`` from now, and begins anew where it waits less than that anyway.
    """
    plain = {name: plain for name, text in rule.labels.items() if (plain := plain_text(text)) is not None}
    return [
        _restored(rule, one, now, grace_ms)
        for one in remembered
        if all(one.labels.get(name, "") == text for name, text in plain.items())
        and (one.last_seen - one.active_at >= rule.hold_ms or rule.hold_ms >= grace_ms)
    ]


def _restored(rule: AlertingRule, one: Remembered, now: int, grace_ms: int) -> ActiveAlert:
    waited = one.last_seen - one.active_at
    left = rule.hold_ms - waited
    if left <= 0:
        alert = ActiveAlert(labels=one.labels, active_at=one.active_at, state=State.FIRING, last_seen=one.last_seen)
        alert.fired_at = one.active_at + rule.hold_ms
        return alert
    active_at = now + max(left, grace_ms) - rule.hold_ms
    return ActiveAlert(labels=one.labels, active_at=active_at, last_seen=one.last_seen)
