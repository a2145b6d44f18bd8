"""Label matchers: which series a selector means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import re2

from fusewatch.telemetry.labels import METRIC_NAME, quote, quote_label


class MatchOp(StrEnum):
    """How a matcher compares, as PromQL writes it."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class BadRegexError(ValueError):
    """A regular expression that RE2 does not accept."""


#: What RE2 in C++ says, and Go's in its place; Prometheus shows the latter.
_GO_WORDS: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "trailing \\": "trailing backslash at end of expression",
    "pattern too large - compile failed": "expression too large",
}
#: Of these Go shows the whole expression.
_ABOUT_ALL: Final = frozenset({"missing )", "unexpected )", "pattern too large - compile failed"})


@lru_cache(maxsize=1024)
def compile_regex(pattern: str) -> re2._Regexp:
    """The pattern as Prometheus reads it: RE2, anchored at both ends, ``.`` matches newlines.

    Raises:
        BadRegexError: RE2 rejects it; in the words of Go's RE2.
    """
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = 8 << 20
    try:
        re2.compile(pattern, options)  # alone first: `a)(b` would close our own group
        return re2.compile(f"^(?s:{pattern})$", options)
    except re2.error as error:
        detail = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise BadRegexError(f"error parsing regexp: {_in_go_words(detail, pattern)}") from error


def _in_go_words(detail: str, pattern: str) -> str:
    """``missing closing ): `(```: what is wrong, and with which part."""
    reason = next((known for known in (*_GO_WORDS, *_ABOUT_ALL) if detail.startswith(known)), detail.split(": ", 1)[0])
    part = detail[len(reason) :].removeprefix(": ")
    if reason == "trailing \\":
        part = ""
    return f"{_GO_WORDS.get(reason, reason)}: `{pattern if reason in _ABOUT_ALL else part}`"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a missing label has the value ""."""

    name: str
    op: MatchOp
    value: str

    def matches(self, value: str) -> bool:
        """Whether a label of this value (or "", where it is missing) is meant."""
        if self.op is MatchOp.EQUAL:
            return value == self.value
        if self.op is MatchOp.NOT_EQUAL:
            return value != self.value
        found = compile_regex(self.value).match(value) is not None
        return found if self.op is MatchOp.REGEX else not found

    def __str__(self) -> str:
        return f"{quote_label(self.name)}{self.op}{quote(self.value)}"


def match_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the label set fulfils every matcher."""
    return all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers)


def equal_metric(matchers: Iterable[Matcher]) -> str | None:
    """The metric that the matchers name outright, if they do."""
    return next((m.value for m in matchers if m.name == METRIC_NAME and m.op is MatchOp.EQUAL and m.value), None)
