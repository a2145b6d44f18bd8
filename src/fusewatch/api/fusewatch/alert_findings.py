"""Alerts that fire, among what is wrong right now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from fusewatch.api.fusewatch.models import Finding, Layer, Severity
from fusewatch.api.fusewatch.words import count, span
from fusewatch.rules.alert_series import ALERT_NAME
from fusewatch.rules.alert_state import ActiveAlert

_SEVERITIES: Final[Mapping[str, Severity]] = {"critical": "critical", "page": "critical", "warning": "warning"}
_LAYERS: Final[Mapping[str, Layer]] = {
    "infrastructure": "infrastructure",
    "service": "service",
    "application": "application",
    "security": "security",
    "business": "business",
}

#: What a finding that is made elsewhere is about: the alert's label ``subject``, and its host or job.
About = tuple[str, str]


def alert_findings(firing: Sequence[ActiveAlert], covered: Collection[About], now: int) -> Iterator[Finding]:
    """A finding per rule and severity that has alerts firing; alerts about what is ``covered`` are left to whoever says more."""
    shown = [alert for alert in firing if not _abouts(alert) & set(covered)]
    shown.sort(key=lambda alert: (_key(alert), alert.fired_at))
    for _, alerts in groupby(shown, key=_key):
        yield _finding(list(alerts), now)


def _abouts(alert: ActiveAlert) -> set[About]:
    subject = alert.labels.get("subject", "")
    return {(subject, alert.labels.get(name, "")) for name in ("instance", "job")}


def _key(alert: ActiveAlert) -> tuple[str, str]:
    return alert.labels.get(ALERT_NAME, ""), alert.labels.get("severity", "")


def _finding(alerts: Sequence[ActiveAlert], now: int) -> Finding:
    first = alerts[0]
    name = first.labels.get(ALERT_NAME, "")
    title = first.annotations.get("summary") or f"{name} fires"
    more = f" (and {count(len(alerts) - 1, 'more', 'more')})" if len(alerts) > 1 else ""
    told = [first.annotations.get("impact", "") or first.annotations.get("description", ""), first.annotations.get("action", "")]
    if first.no_data_since:
        told.insert(0, f"No data for {span((now - first.no_data_since) / 1000)}: whether it goes on is not known")
    return Finding(
        severity=_SEVERITIES.get(first.labels.get("severity", ""), "info"),
        layer=_LAYERS.get(first.labels.get("layer", ""), "service"),
        title=title + more,
        detail=" ".join(text if text.endswith(".") else f"{text}." for text in told if text) or f"The alert {name}.",
        since=first.fired_at,
        link="/rules?" + urlencode({"state": "firing", "find": name}),
    )
