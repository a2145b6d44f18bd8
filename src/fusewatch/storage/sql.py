"""SQL from matchers: the one place where conditions are put together. Values are always bound parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import Matcher, MatchOp, compile_regex

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OPERATORS: Final = {
    MatchOp.EQUAL: "{column} = {value}",
    MatchOp.NOT_EQUAL: "{column} != {value}",
    MatchOp.REGEX: "match({column}, {value})",
    MatchOp.NOT_REGEX: "NOT match({column}, {value})",
}


def identifier(name: str) -> str:
    """A quoted identifier.

    Raises:
        ValueError: a name that we would never give.
    """
    if not _NAME.match(name):
        message = f"not an identifier: {name!r}"
        raise ValueError(message)
    return f"`{name}`"


@dataclass(slots=True)
class Condition:
    """A condition on the table ``series`` with the parameters that it binds."""

    text: str = "1"
    parameters: dict[str, Any] = field(default_factory=dict)


def matching(matchers: Sequence[Matcher]) -> Condition:
    """The rows of ``series`` that fulfil every matcher; a missing label is ''.

    Raises:
        BadRegexError: RE2 rejects a pattern.
    """
    condition = Condition()
    parts = [_compare(matcher, condition.parameters) for matcher in matchers]
    condition.text = " AND ".join(parts) or "1"
    return condition


def matching_any(selectors: Sequence[Sequence[Matcher]]) -> Condition:
    """The rows that fulfil all matchers of any selector; every row where there is no selector."""
    condition = Condition()
    parts = ["(" + (" AND ".join(_compare(m, condition.parameters) for m in selector) or "1") + ")" for selector in selectors]
    condition.text = " OR ".join(parts) or "1"
    return condition


def _compare(matcher: Matcher, parameters: dict[str, Any]) -> str:
    value = matcher.value
    if matcher.op in (MatchOp.REGEX, MatchOp.NOT_REGEX):
        compile_regex(value)
        value = f"^(?s:{value})$"
    column = "metric" if matcher.name == METRIC_NAME else f"labels[{_bind(matcher.name, parameters)}]"
    return _OPERATORS[matcher.op].format(column=column, value=_bind(value, parameters))


def _bind(value: str, parameters: dict[str, Any]) -> str:
    name = f"m{len(parameters)}"
    parameters[name] = value
    return f"{{{name}:String}}"
