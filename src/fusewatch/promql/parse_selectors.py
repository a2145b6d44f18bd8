"""The part of the parser below operators: selectors, ranges and modifiers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NoReturn

from fusewatch.promql import ast, check
from fusewatch.promql.durations import MAX_MS, DurationContext
from fusewatch.promql.lexer import Kind
from fusewatch.promql.literals import go_quote
from fusewatch.promql.parse_durations import DURATIONS, DurationParser
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import BadRegexError, Matcher, MatchOp, compile_regex

_MATCHING: Final = "label matching"
_GROUPING: Final = "grouping opts"
_NO_LABEL: Final = frozenset({"without", "inf", "nan"})


class SelectorParser(DurationParser):
    """Reads selectors; what it has read of a postfix decides what may follow."""

    def __init__(self, text: str, durations: DurationContext | None) -> None:
        super().__init__(text, durations)
        self._any_selector = False

    @contextmanager
    def any_selector(self, *, allowed: bool) -> Iterator[None]:
        """Where selectors may be such that they select everything."""
        before, self._any_selector = self._any_selector, allowed
        yield
        self._any_selector = before

    def label_list(self) -> tuple[str, ...]:
        """``(a, b, "c.d")``."""
        self.expect("(", _GROUPING, '"("')
        labels: list[str] = []
        while not self.comes(")"):
            labels.append(self._grouping_label())
            if not self.comes(",", ")"):
                self.unexpected(_GROUPING, '"," or ")"')
            if self.comes(","):
                self.take()
        self.take()
        return tuple(labels)

    def _grouping_label(self) -> str:
        token = self.peek()
        if token.kind is not Kind.STRING and (token.kind is not Kind.NAME or token.keyword in _NO_LABEL):
            self.unexpected(_GROUPING, "label")
        name = self.string() if token.kind is Kind.STRING else self.take().text
        if not _is_label(name):
            self.fail(f"invalid label name for grouping: {go_quote(name)}", token)
        return name

    def selector(self) -> ast.Selector:
        """``name``, ``{matchers}`` or both."""
        start = self.peek().start
        name = self.take().text if self.peek().kind is Kind.NAME else ""
        matchers = self._matchers() if self.comes("{") else []
        span = ast.Span(start, self.last_end)
        if name:
            matchers.append(Matcher(METRIC_NAME, MatchOp.EQUAL, name))
        node = ast.Selector(tuple(matchers), 0, None, span)
        any_allowed = self._any_selector
        self.judged(lambda: check.matchers(name, matchers, self.source, node, any_allowed=any_allowed), None)
        return node

    def _matchers(self) -> list[Matcher]:
        self.take()
        matchers: list[Matcher] = []
        while not self.comes("}"):
            matchers.append(self._matcher())
            if not self.comes(",", "}"):
                self.unexpected(_MATCHING, '"," or "}"')
            if self.comes(","):
                self.take()
        self.take()
        return matchers

    def _matcher(self) -> Matcher:
        token = self.peek()
        if token.kind not in (Kind.NAME, Kind.STRING):
            self.unexpected(_MATCHING, 'identifier or "}"')
        name = self.string() if token.kind is Kind.STRING else self.take().text
        if not self.comes("=", "!=", "=~", "!~"):
            if token.kind is Kind.STRING:
                return Matcher(METRIC_NAME, MatchOp.EQUAL, name)
            self.unexpected(_MATCHING, "label matching operator")
        operator = self.take().text
        if self.peek().kind is not Kind.STRING:
            self.unexpected(_MATCHING, "string")
        value = self.string()
        if operator in ("=~", "!~"):
            try:
                compile_regex(value)
            except BadRegexError as error:
                self.fail(str(error), token)
        return Matcher(name, MatchOp(operator), value)

    def brackets(self, node: ast.Expr, seen: Sequence[str], *, bare: bool) -> ast.Expr:
        """``[range]`` or ``[range:step]`` after ``node``; ``seen`` are the modifiers before it."""
        opening = self.take()
        range_ms = self.positive_duration("subquery or range selector", DURATIONS)
        if self.comes("]"):
            self.take()
            if not bare or not isinstance(node, ast.Selector):
                self.fail("ranges only allowed for vector selectors", opening)
            if seen:
                self.fail(f"no {'offset' if 'offset' in seen else '@'} modifiers allowed before range", opening)
            return ast.RangeSelector(node, range_ms, ast.Span(node.span.start, self.last_end))
        self.expect(":", "subquery or range", '":" or "]"')
        step_ms = None if self.comes("]") else self.positive_duration("subquery selector", 'number, duration, step(), range(), or "]"')
        self.expect("]", "subquery selector", '"]"')
        self.judged(lambda: check.subquery(node, self.source), None)
        return ast.Subquery(node, range_ms, step_ms, 0, None, ast.Span(self.source.around(node).start, self.last_end))

    def offset(self, node: ast.Expr, seen: Sequence[str], *, bare: bool) -> ast.Expr:
        """``offset duration`` after ``node``."""
        self.take()
        milliseconds = self.offset_duration()
        if not bare or not isinstance(node, ast.Selector | ast.Subquery | ast.RangeSelector):
            self._not_modified(node, "offset")
        if "offset" in seen:
            self.source.reject(node, "offset may not be set multiple times")
        span = ast.Span(node.span.start, self.last_end)
        if isinstance(node, ast.RangeSelector):
            return replace(node, selector=replace(node.selector, offset_ms=milliseconds), span=span)
        return replace(node, offset_ms=milliseconds, span=span)

    def at(self, node: ast.Expr, seen: Sequence[str], *, bare: bool) -> ast.Expr:
        """``@ time``, ``@ start()`` or ``@ end()`` after ``node``."""
        self.take()
        moment = self._moment(node)
        if not bare or not isinstance(node, ast.Selector | ast.Subquery | ast.RangeSelector):
            self._not_modified(node, "@")
        if "@" in seen:
            self.source.reject(node, "@ <timestamp> may not be set multiple times")
        span = ast.Span(node.span.start, self.last_end)
        if isinstance(node, ast.RangeSelector):
            return replace(node, selector=replace(node.selector, at=moment), span=span)
        return replace(node, at=moment, span=span)

    def _not_modified(self, node: ast.Expr, modifier: str) -> NoReturn:
        kinds = "an instant vector selector or range vector selector or a subquery"
        self.source.reject(node, f"{modifier} modifier must be preceded by {kinds}")

    def extended(self, node: ast.Expr, *, bare: bool) -> ast.Expr:
        """``anchored`` or ``smoothed`` after ``node``."""
        word = self.take()
        kind, span = ast.Extended(word.keyword), ast.Span(node.span.start, self.last_end)
        selector = node.selector if isinstance(node, ast.RangeSelector) else node
        if isinstance(node, ast.Subquery):
            self.source.reject(node, f"{kind} modifier is not supported for subqueries")
        if not bare or not isinstance(selector, ast.Selector):
            self.source.reject(node, f"{kind} modifier not implemented")
        if selector.extended not in (None, kind):
            self.source.reject(node, "anchored and smoothed modifiers cannot be used together")
        selector = replace(selector, extended=kind)
        return replace(node, selector=selector, span=span) if isinstance(node, ast.RangeSelector) else replace(selector, span=span)

    def _moment(self, node: ast.Expr) -> ast.At:
        if self.peek().keyword in ("start", "end"):
            anchor = ast.AtAnchor(self.take().keyword)
            self.expect("(", "@", "timestamp")
            self.expect(")", "@", "timestamp")
            return anchor
        seconds = self.signed_number("@", "timestamp")
        if not abs(seconds) < MAX_MS:
            self.source.reject(node, f"timestamp out of bounds for @ modifier: {_fixed(seconds)}")
        return round(seconds * 1000)


def _is_label(name: str) -> bool:
    """Whether Prometheus takes it as a label's name: any text, but not none, and UTF-8."""
    return name != "" and not any(0xDC80 <= ord(character) <= 0xDCFF for character in name)


def _fixed(number: float) -> str:
    """A number as Go's ``%f`` has it."""
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return "NaN" if math.isnan(number) else f"{number:f}"
