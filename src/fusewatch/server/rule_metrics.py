"""Rules in ``/metrics``, by Prometheus' own names, so that dashboards and alerts made for them work.

https://github.com/prometheus/prometheus/blob/main/rules/group.go; what Prometheus does not have is ``fusewatch_…``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fusewatch.rules.alert_state import Held
from fusewatch.rules.group_run import GroupRun
from fusewatch.rules.manager import active_alerts

_PREFIX: Final = "prometheus_rule_"
_Value = Callable[[GroupRun], float]

_COUNTERS: Final[dict[str, tuple[str, _Value]]] = {
    "group_iterations": ("Evaluations of a group that were due, those that were missed included.", lambda run: run.figures.iterations),
    "group_iterations_missed": ("Evaluations of a group that were missed.", lambda run: run.figures.missed),
    "evaluations": ("Evaluations of rules.", lambda run: run.figures.evaluations),
    "evaluation_failures": ("Evaluations of rules that failed.", lambda run: run.figures.failures),
}
_GAUGES: Final[dict[str, tuple[str, _Value]]] = {
    "group_interval_seconds": ("How often a group is evaluated.", lambda run: run.group.interval_ms / 1000),
    "group_last_evaluation_timestamp_seconds": ("When a group was evaluated last.", lambda run: run.figures.evaluated_at / 1000),
    "group_last_duration_seconds": ("How long the last evaluation of a group took.", lambda run: run.figures.seconds),
    "group_rules": ("The rules of a group.", lambda run: len(run.rules)),
    "group_last_evaluation_samples": ("Samples that the last evaluation of a group wrote.", lambda run: run.figures.samples),
}


class RuleMetrics(Collector):
    """``groups`` are those that are evaluated."""

    def __init__(self, groups: Callable[[], Sequence[GroupRun]]) -> None:
        self._groups = groups

    def collect(self) -> Iterable[Metric]:
        """All families."""
        runs = self._groups()
        for name, (text, value) in _COUNTERS.items():
            yield _of_groups(CounterMetricFamily(_PREFIX + name, text, labels=["rule_group"]), runs, value)
        for name, (text, value) in _GAUGES.items():
            yield _of_groups(GaugeMetricFamily(_PREFIX + name, text, labels=["rule_group"]), runs, value)
        yield from _alerts(runs)


def _of_groups(family: CounterMetricFamily | GaugeMetricFamily, runs: Sequence[GroupRun], value: _Value) -> Metric:
    for run in runs:
        family.add_metric([run.group.key], value(run))
    return family


def _alerts(runs: Sequence[GroupRun]) -> Iterator[Metric]:
    found = [alert for _, _, alert in active_alerts(runs)]
    states = Counter(str(alert.state) for alert in found)
    family = GaugeMetricFamily("fusewatch_alerts", "Alerts by their state.", labels=["state"])
    for state in ("pending", "firing"):
        family.add_metric([state], states[state])
    yield family
    without = sum(alert.held is Held.NO_DATA for alert in found)
    yield GaugeMetricFamily("fusewatch_alerts_without_data", "Alerts that fire on as nothing is known of them.", value=without)
