"""The series in which rules keep what their alerts do, named as Prometheus names them."""

from __future__ import annotations

from typing import Final

from fusewatch.telemetry.labels import METRIC_NAME, Labels

#: 1 while an alert is pending or fires.
ALERTS: Final = "ALERTS"
#: Since when an alert's condition holds, in seconds since the epoch.
ALERTS_FOR_STATE: Final = "ALERTS_FOR_STATE"
ALERT_NAME: Final = "alertname"
ALERT_STATE: Final = "alertstate"


def state_series(alert: Labels, state: str) -> Labels:
    """Of ALERTS."""
    return alert.replace({METRIC_NAME: ALERTS, ALERT_STATE: state})


def since_series(alert: Labels) -> Labels:
    """Of ALERTS_FOR_STATE."""
    return alert.replace({METRIC_NAME: ALERTS_FOR_STATE})
