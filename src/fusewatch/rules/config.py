"""Rule files: Prometheus' form to the letter, and what ours may have beside it.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from fusewatch.promql.ast import ValueType, value_type
from fusewatch.promql.errors import ParseError
from fusewatch.promql.parse import parse
from fusewatch.rules.expansion import check_text
from fusewatch.rules.settings import NoData
from fusewatch.telemetry.config import Block, DurationMs
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.templates.errors import TemplateParseError

_NOT_IN_RECORDS: Final = ("annotations", "for", "keep_firing_for", "clear", "no_data", "flapping", "at_times")


def _label_name(name: str) -> str:
    if not name or name == METRIC_NAME or _broken(name):
        raise ValueError(f"invalid label name: {name}")
    return name


def _broken(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _expression(text: str) -> str:
    if not text.strip():
        raise ValueError("field 'expr' must be set in rule")
    try:
        kind = value_type(parse(text))
    except ParseError as error:
        raise ValueError(f"could not parse expression: {error}") from error
    if kind not in (ValueType.VECTOR, ValueType.SCALAR):
        raise ValueError(f"a rule needs an instant vector or a scalar, and this is a {kind}")
    return text


Expression = Annotated[str, AfterValidator(_expression)]
LabelName = Annotated[str, AfterValidator(_label_name)]
TextsByName = dict[LabelName, str]


class FlappingConfig(Block):
    """An alert that comes and goes is held as firing until it is quiet."""

    #: So many times it began to fire …
    changes: Annotated[int, Field(ge=2)] = 4
    #: … within this time.
    within: Annotated[DurationMs, Field(gt=0)] = 30 * 60_000


class AtTimesConfig(Block):
    """Another condition at certain times; the first that fits is taken."""

    #: Names of `time_intervals`; any of them.
    time_intervals: Annotated[tuple[str, ...], Field(min_length=1)]
    #: What is evaluated then; without one, the rule rests then.
    expr: Expression | None = None
    #: In place of the rule's own.
    for_: Annotated[DurationMs | None, Field(alias="for")] = None


class RuleConfig(Block):
    """A recording rule (`record`) or an alerting rule (`alert`)."""

    record: str = ""
    alert: str = ""
    expr: Expression
    for_: Annotated[DurationMs, Field(alias="for")] = 0
    keep_firing_for: DurationMs = 0
    labels: TextsByName = Field(default_factory=dict)
    annotations: TextsByName = Field(default_factory=dict)
    #: An alert that fires is resolved once this has a result for its labels, and not before.
    clear: Expression | None = None
    #: What becomes of the alert when its data is gone: keep, alert or resolve; the group's where it says nothing.
    no_data: NoData | None = None
    #: Holds an alert that comes and goes.
    flapping: FlappingConfig | None = None
    #: Other conditions at certain times, such as out of business hours.
    at_times: tuple[AtTimesConfig, ...] = ()

    @model_validator(mode="after")
    def _is_one_kind(self) -> RuleConfig:
        if bool(self.record) == bool(self.alert):
            words = "only one of 'record' and 'alert' must be set" if self.record else "one of 'record' or 'alert' must be set"
            raise ValueError(words)
        if self.record:
            self._check_record()
        else:
            self._check_texts()
        return self

    def _check_record(self) -> None:
        if _broken(self.record):
            raise ValueError(f"invalid recording rule name: {self.record}")
        if "{" in self.record or "}" in self.record:
            raise ValueError(f"braces present in the recording rule name; should it be in expr?: {self.record}")
        written = {(type(self).model_fields[name].alias or name) for name in self.model_fields_set}
        for name in _NOT_IN_RECORDS:
            if name in written and getattr(self, "for_" if name == "for" else name):
                raise ValueError(f"invalid field '{name}' in recording rule")

    def _check_texts(self) -> None:
        for kind, texts in (("label", self.labels), ("annotation", self.annotations)):
            for name, text in texts.items():
                try:
                    check_text(text)
                except TemplateParseError as error:
                    raise ValueError(f"{kind} {name!r}: {error.reason} (line {error.line} of its text)") from error


class RuleGroupConfig(Block):
    """Rules that are evaluated at the same moment."""

    name: Annotated[str, Field(min_length=1)]
    #: How often; `global.evaluation_interval` where it says nothing.
    interval: DurationMs | None = None
    #: How far behind the present; `global.rule_query_offset` where it says nothing.
    query_offset: DurationMs | None = None
    #: The most series or alerts of one rule; 0: no limit.
    limit: Annotated[int, Field(ge=0)] = 0
    #: Labels that are added to all of its rules.
    labels: TextsByName = Field(default_factory=dict)
    #: For alerts that don't say so themselves.
    no_data: NoData | None = None
    rules: tuple[RuleConfig, ...] = ()

    @model_validator(mode="after")
    def _interval_is_positive(self) -> RuleGroupConfig:
        if self.interval is not None and self.interval <= 0:
            raise ValueError("interval must be more than 0")
        return self


class RuleFileConfig(Block):
    """A rule file."""

    groups: tuple[RuleGroupConfig, ...] = ()
