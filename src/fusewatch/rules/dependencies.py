"""Which rules of a group build on each other: those are evaluated one after the other, all others at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fusewatch.promql.ast import Selector, children
from fusewatch.rules.alert_series import ALERTS, ALERTS_FOR_STATE
from fusewatch.rules.model import RecordingRule, Rule
from fusewatch.rules.queries import prepared
from fusewatch.telemetry.matchers import equal_metric


def stages(rules: Sequence[Rule]) -> list[list[int]]:
    """The places of rules that may be evaluated at the same time, stage by stage.

    A rule sees what an earlier rule of its group wrote at the same moment, and what a later one wrote the time before, as if they were
    evaluated one by one.
    """
    order = _Order()
    found = [order.stage_of(_touched(rule)) for rule in rules]
    staged: list[list[int]] = [[] for _ in range(max(found, default=-1) + 1)]
    for place, stage in enumerate(found):
        staged[stage].append(place)
    return staged


@dataclass(frozen=True, slots=True)
class _Touched:
    """The metric that a rule writes, and those that it reads (None among them: it may read any)."""

    writes: str
    reads: frozenset[str | None]


@dataclass(slots=True)
class _Order:
    """The last stages in which the rules so far write and read each metric."""

    writers: dict[str, int] = field(default_factory=dict)
    readers: dict[str | None, int] = field(default_factory=dict)

    def stage_of(self, rule: _Touched) -> int:
        """The first stage behind all that the rule must not overtake; the rule is noted in it."""
        before = [self.writers.get(rule.writes, -1), self.readers.get(rule.writes, -1), self.readers.get(None, -1)]
        before += self.writers.values() if None in rule.reads else [self.writers.get(name or "", -1) for name in rule.reads]
        stage = max(before) + 1
        self.writers[rule.writes] = max(stage, self.writers.get(rule.writes, -1))
        for name in rule.reads:
            self.readers[name] = max(stage, self.readers.get(name, -1))
        return stage


def _touched(rule: Rule) -> _Touched:
    if isinstance(rule, RecordingRule):
        return _Touched(rule.name, frozenset(_read_by(rule.expr)))
    expressions = [rule.expr, *([rule.clear] if rule.clear else []), *(at.expr for at in rule.at_times if at.expr)]
    # Two alerting rules write the same metrics, but never the same series.
    return _Touched(f"{ALERTS}:{rule.name}", frozenset(name for text in expressions for name in _read_by(text)))


def _read_by(expr: str) -> Iterator[str | None]:
    waiting = [prepared(expr).expr]
    while waiting:
        node = waiting.pop()
        waiting += children(node)
        if isinstance(node, Selector):
            metric = equal_metric(node.matchers)
            yield None if metric in (ALERTS, ALERTS_FOR_STATE) else metric
