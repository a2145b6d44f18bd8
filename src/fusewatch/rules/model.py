"""Rules as they are evaluated: what a rule file says, with what it leaves to its group and to the settings filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fusewatch.rules.config import RuleConfig, RuleGroupConfig
from fusewatch.rules.settings import NoData


@dataclass(frozen=True, slots=True)
class Flapping:
    """So many beginnings within so long (ms) make an alert one that comes and goes."""

    changes: int
    within_ms: int


@dataclass(frozen=True, slots=True)
class AtTimes:
    """Another condition while any of the named time intervals lasts; without an expression the rule rests then."""

    time_intervals: Sequence[str]
    expr: str | None
    hold_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """``name`` is the metric that the expression's result becomes."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingRule:
    """Every result of the expression is an alert; it fires once it was there for ``hold_ms``."""

    name: str
    expr: str
    hold_ms: int = 0
    keep_firing_ms: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    clear: str | None = None
    no_data: NoData = NoData.RESOLVE
    flapping: Flapping | None = None
    at_times: Sequence[AtTimes] = ()


Rule = RecordingRule | AlertingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated at the same moments, each ``interval_ms``, looking ``offset_ms`` behind them."""

    name: str
    file: str
    interval_ms: int
    rules: Sequence[Rule]
    offset_ms: int = 0
    limit: int = 0

    @property
    def key(self) -> str:
        """What tells it from all other groups, as Prometheus' metrics write it."""
        return f"{self.file};{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What groups may leave out."""

    interval_ms: int = 60_000
    offset_ms: int = 0
    no_data: NoData = NoData.RESOLVE


def group_of(config: RuleGroupConfig, file: str, defaults: Defaults) -> Group:
    """The group as it is evaluated."""
    no_data = config.no_data or defaults.no_data
    return Group(
        name=config.name,
        file=file,
        interval_ms=config.interval or defaults.interval_ms,
        offset_ms=defaults.offset_ms if config.query_offset is None else config.query_offset,
        limit=config.limit,
        rules=tuple(_rule_of(rule, config.labels, no_data) for rule in config.rules),
    )


def _rule_of(config: RuleConfig, group_labels: Mapping[str, str], no_data: NoData) -> Rule:
    labels = {**group_labels, **config.labels}
    if config.record:
        return RecordingRule(name=config.record, expr=config.expr, labels=labels)
    flapping = config.flapping
    return AlertingRule(
        name=config.alert,
        expr=config.expr,
        hold_ms=config.for_,
        keep_firing_ms=config.keep_firing_for,
        labels=labels,
        annotations=config.annotations,
        clear=config.clear,
        no_data=config.no_data or no_data,
        flapping=None if flapping is None else Flapping(flapping.changes, flapping.within),
        at_times=tuple(AtTimes(at.time_intervals, at.expr, config.for_ if at.for_ is None else at.for_) for at in config.at_times),
    )
