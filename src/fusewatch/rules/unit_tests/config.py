"""Test files: series that come in, and what rules make of them at certain times."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from fusewatch.rules.config import TextsByName
from fusewatch.telemetry.config import Block, DurationMs
from fusewatch.telemetry.time_intervals import NamedTimeInterval

_MINUTE: int = 60_000


def _timestamp(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value * 1000)
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    try:
        return int(datetime.fromisoformat(str(value)).timestamp() * 1000)
    except ValueError as error:
        raise ValueError(f"expected seconds since the epoch or a time such as 2026-01-31T12:00:00Z, not {value!r}") from error


class InputSeries(Block):
    """A series and its samples, one each interval of the test."""

    #: Such as `up{job="api"}`.
    series: str
    #: Such as `1 1 0x5 _ stale`.
    values: str


class ExpectedAlert(Block):
    """An alert that fires."""

    exp_labels: TextsByName = Field(default_factory=dict)
    exp_annotations: TextsByName = Field(default_factory=dict)


class AlertTest(Block):
    """The alerts of one name that fire at a time, and no others of this name."""

    eval_time: DurationMs
    alertname: Annotated[str, Field(min_length=1)]
    exp_alerts: tuple[ExpectedAlert, ...] = ()


class ExpectedSample(Block):
    """A sample of an expression's result."""

    labels: str = ""
    value: float = 0.0
    histogram: str = ""


class ExpressionTest(Block):
    """What an expression finds at a time."""

    expr: Annotated[str, Field(min_length=1)]
    eval_time: DurationMs
    exp_samples: tuple[ExpectedSample, ...] = ()


class TestGroup(Block):
    """One test: a store of its own, and what is expected of the rules on it."""

    name: str = ""
    #: How far samples lie apart.
    interval: Annotated[DurationMs, Field(gt=0)] = _MINUTE
    #: When the first of them came.
    start_timestamp: Annotated[int, BeforeValidator(_timestamp)] = 0
    input_series: tuple[InputSeries, ...] = ()
    alert_rule_test: tuple[AlertTest, ...] = ()
    promql_expr_test: tuple[ExpressionTest, ...] = ()
    external_labels: TextsByName = Field(default_factory=dict)
    external_url: str = ""

    @property
    def last_ms(self) -> int:
        """The last time at which anything is expected, ms after the start."""
        times = [one.eval_time for one in self.alert_rule_test] + [one.eval_time for one in self.promql_expr_test]
        return max(times, default=0)


class TestFile(Block):
    """A test file; beyond promtool's, `time_intervals` for rules that name some."""

    rule_files: tuple[str, ...] = ()
    evaluation_interval: Annotated[DurationMs, Field(gt=0)] = _MINUTE
    #: Groups that are evaluated before all others, in this order.
    group_eval_order: tuple[str, ...] = ()
    #: Compares numbers to six digits.
    fuzzy_compare: bool = False
    tests: tuple[TestGroup, ...] = ()
    time_intervals: tuple[NamedTimeInterval, ...] = ()
