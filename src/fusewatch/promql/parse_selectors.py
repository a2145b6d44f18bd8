"""The part of the parser below operators: tokens, selectors, ranges, modifiers and durations."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NoReturn

from fusewatch.promql import ast, check
from fusewatch.promql.durations import DurationContext, duration_ms
from fusewatch.promql.errors import ParseError
from fusewatch.promql.lexer import Kind, Token, number_of, position, tokenize, tree_depth, unquote
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import BadRegexError, Matcher, MatchOp, compile_regex

_MAX_MS: Final = (1 << 63) // 1_000_000


class SelectorParser(ABC):
    """Reads tokens one by one; what it has read of a postfix decides what may follow."""

    def __init__(self, text: str, *, step_ms: int, range_ms: int) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._next = 0
        self._depth = 0
        self._any_selector = False
        self._durations = DurationContext(step_ms=step_ms, range_ms=range_ms)

    @abstractmethod
    def expression(self, floor: int) -> ast.Expr:
        """Any expression; the operators' part defines it."""

    @abstractmethod
    def operand(self) -> ast.Expr:
        """A literal, call or parenthesis, without what may follow it; the operators' part defines it."""

    @contextmanager
    def nested(self, limit: int) -> Iterator[None]:
        """One level deeper, within bounds."""
        self._depth += 1
        if self._depth > limit:
            self.fail(f"expression is nested more than {limit} levels deep", self.peek())
        yield
        self._depth -= 1

    @contextmanager
    def any_selector(self, *, allowed: bool) -> Iterator[None]:
        """Where selectors may be such that they select everything."""
        before, self._any_selector = self._any_selector, allowed
        yield
        self._any_selector = before

    def limit_depth(self, limit: int) -> None:
        """Raises ParseError when the tree could be deeper than ``limit``: every level costs frames of Python's stack."""
        if tree_depth(self._tokens) > limit:
            raise ParseError(f"expression is nested more than {limit} levels deep")

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one after it; END at the end."""
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next token, which is thereby read."""
        token = self.peek()
        self._next += 1
        return token

    @property
    def last_end(self) -> int:
        """Where the token read last ends."""
        return self._tokens[self._next - 1].end

    def accept(self, keyword: str) -> bool:
        """Reads the keyword if it comes next."""
        if self.peek().keyword != keyword:
            return False
        self.take()
        return True

    def expect(self, symbol: str, at_end: str = "") -> Token:
        """Reads ``symbol``; ``at_end`` is what to say if the text is over instead."""
        token = self.peek()
        if token.kind is Kind.END and at_end:
            self.fail(at_end, token)
        if token.text != symbol or token.kind is Kind.STRING:
            self.unexpected(f', expected "{symbol}"')
        return self.take()

    def fail(self, reason: str, token: Token) -> NoReturn:
        """Raises ParseError at ``token``."""
        raise ParseError(reason, position(self.text, token.start))

    def unexpected(self, context: str = "") -> NoReturn:
        """Raises ParseError at the next token."""
        self.fail(f"unexpected {self.peek().describe()}{context}", self.peek())

    def number(self) -> float:
        """A number, a duration in seconds, Inf or NaN."""
        token = self.take()
        if token.keyword in ("inf", "nan"):
            return math.inf if token.keyword == "inf" else math.nan
        return number_of(token)

    def signed_number(self) -> float:
        """A number with any sign before it."""
        sign = 1.0
        while self.peek().text in ("+", "-"):
            sign = -sign if self.take().text == "-" else sign
        if self.peek().kind not in (Kind.NUMBER, Kind.DURATION) and self.peek().keyword not in ("inf", "nan"):
            self.unexpected(", expected number")
        return sign * self.number()

    def string(self) -> str:
        """A string literal."""
        token = self.take()
        try:
            return unquote(token)
        except ValueError as error:
            self.fail(str(error), token)

    def label_list(self) -> tuple[str, ...]:
        """``(a, b, "c.d")``."""
        self.expect("(")
        labels: list[str] = []
        while self.peek().text != ")":
            labels.append(self._label(" in grouping opts"))
            if self.peek().text != ",":
                break
            self.take()
        self.expect(")", "unclosed left parenthesis")
        return tuple(labels)

    def _label(self, context: str) -> str:
        token = self.peek()
        if token.kind is Kind.STRING:
            return self.string()
        if token.kind is not Kind.NAME or ":" in token.text:
            self.unexpected(f"{context}, expected label")
        return self.take().text

    def selector(self) -> ast.Selector:
        """``name``, ``{matchers}`` or both."""
        start = self.peek().start
        matchers: list[Matcher] = []
        name = self.take().text if self.peek().kind is Kind.NAME else ""
        if self.peek().text == "{":
            self.take()
            while self.peek().text != "}":
                matchers.append(self._matcher())
                if self.peek().text != ",":
                    break
                self.take()
            self.expect("}", "unexpected end of input inside braces")
        span = ast.Span(start, self.last_end)
        if name:
            matchers.append(Matcher(METRIC_NAME, MatchOp.EQUAL, name))
        check.matchers(name, matchers, self.text, span, any_allowed=self._any_selector)
        return ast.Selector(tuple(matchers), 0, None, span)

    def _matcher(self) -> Matcher:
        token = self.peek()
        name = self._label(" in label matching")
        operator = self.peek().text
        if token.kind is Kind.STRING and operator in (",", "}"):
            return Matcher(METRIC_NAME, MatchOp.EQUAL, name)
        if operator not in ("=", "!=", "=~", "!~"):
            self.unexpected(" in label matching, expected label matching operator")
        self.take()
        if self.peek().kind is not Kind.STRING:
            self.unexpected(" in label matching, expected string")
        value = self.string()
        if operator in ("=~", "!~"):
            try:
                compile_regex(value)
            except BadRegexError as error:
                self.fail(str(error), token)
        return Matcher(name, MatchOp(operator), value)

    def brackets(self, node: ast.Expr, seen: set[str], *, bare: bool) -> ast.Expr:
        """``[range]`` or ``[range:step]`` after ``node``; ``seen`` are the modifiers before it, which a subquery closes off."""
        opening = self.take()
        range_ms = self._duration()
        if self.peek().text == "]":
            return self._range(node if bare else None, range_ms, opening, seen)
        self.expect(":")
        step_ms = None if self.peek().text == "]" else self._duration()
        self.expect("]")
        if ast.value_type(node) is not ast.ValueType.VECTOR:
            self.fail(f"subquery is only allowed on instant vector, got {ast.value_type(node)} instead", opening)
        seen.clear()
        return ast.Subquery(node, range_ms, step_ms, 0, None, ast.Span(node.span.start, self.last_end))

    def _range(self, node: ast.Expr | None, range_ms: int, opening: Token, seen: set[str]) -> ast.RangeSelector:
        self.expect("]")
        if not isinstance(node, ast.Selector):
            self.fail("ranges only allowed for vector selectors", opening)
        if seen:
            self.fail(f"no {min(seen)} modifiers allowed before range", opening)
        return ast.RangeSelector(node, range_ms, ast.Span(node.span.start, self.last_end))

    def _duration(self) -> int:
        token = self.peek()
        milliseconds = duration_ms(self.expression(0), self._durations, self.text)
        if milliseconds <= 0:
            self.fail("duration must be greater than 0", token)
        if milliseconds > _MAX_MS:
            self.fail("duration out of range", token)
        return milliseconds

    def offset(self, node: ast.Expr, seen: set[str], *, bare: bool) -> ast.Expr:
        """``offset duration`` after ``node``."""
        word = self.take()
        start = self.peek()
        sign = 1
        while self.peek().text in ("+", "-"):
            sign = -sign if self.take().text == "-" else sign
        # No operator and no modifier belongs to it: `x offset 1 + 2` adds 2 to a vector.
        milliseconds = sign * duration_ms(self.operand(), self._durations, self.text)
        if abs(milliseconds) > _MAX_MS:
            self.fail("duration out of range", start)
        if "offset" in seen:
            self.fail("offset may not be set multiple times per selector", word)
        seen.add("offset")
        span = ast.Span(node.span.start, self.last_end)
        if bare and isinstance(node, ast.Selector | ast.Subquery):
            return replace(node, offset_ms=milliseconds, span=span)
        if bare and isinstance(node, ast.RangeSelector):
            return replace(node, selector=replace(node.selector, offset_ms=milliseconds), span=span)
        return self.fail("offset modifier must be preceded by an instant vector selector or range vector selector or a subquery", word)

    def at(self, node: ast.Expr, seen: set[str], *, bare: bool) -> ast.Expr:
        """``@ time``, ``@ start()`` or ``@ end()`` after ``node``."""
        word = self.take()
        moment = self._moment(word)
        if "@" in seen:
            self.fail("@ <timestamp> may not be set multiple times per selector", word)
        seen.add("@")
        span = ast.Span(node.span.start, self.last_end)
        if bare and isinstance(node, ast.Selector | ast.Subquery):
            return replace(node, at=moment, span=span)
        if bare and isinstance(node, ast.RangeSelector):
            return replace(node, selector=replace(node.selector, at=moment), span=span)
        return self.fail("@ modifier must be preceded by an instant vector selector or range vector selector or a subquery", word)

    def extended(self, node: ast.Expr, *, bare: bool) -> ast.Expr:
        """``anchored`` or ``smoothed`` after ``node``."""
        word = self.take()
        kind, span = ast.Extended(word.keyword), ast.Span(node.span.start, self.last_end)
        selector = node.selector if isinstance(node, ast.RangeSelector) else node
        if isinstance(node, ast.Subquery):
            self.fail(f"{kind} modifier is not supported for subqueries", word)
        if not bare or not isinstance(selector, ast.Selector):
            self.fail(f"{kind} modifier not implemented", word)
        if selector.extended not in (None, kind):
            self.fail("anchored and smoothed modifiers cannot be used together", word)
        selector = replace(selector, extended=kind)
        return replace(node, selector=selector, span=span) if isinstance(node, ast.RangeSelector) else replace(selector, span=span)

    def _moment(self, word: Token) -> ast.At:
        if self.peek().keyword in ("start", "end"):
            anchor = ast.AtAnchor(self.take().keyword)
            self.expect("(")
            self.expect(")")
            return anchor
        seconds = self.signed_number()
        if not abs(seconds) < _MAX_MS:
            self.fail(f"timestamp out of bounds for @ modifier: {seconds:f}", word)
        return round(seconds * 1000)
