"""The lowest part of the parser: one token after the other, and what to say of one that does not fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from fusewatch.promql.errors import ParseError
from fusewatch.promql.lexer import Kind, Token, tokenize, tree_depth
from fusewatch.promql.literals import number_of, seconds_of, unquote
from fusewatch.promql.source import Source

T = TypeVar("T")


class TokenParser:
    """A text in tokens, of which some are read."""

    def __init__(self, text: str) -> None:
        self.source = Source(text)
        self._tokens = tokenize(text)
        self._next = 0
        self._depth = 0
        self._inside = ""
        self._complaint: ParseError | None = None

    @contextmanager
    def nested(self, limit: int) -> Iterator[None]:
        """One level deeper, within bounds."""
        self._depth += 1
        if self._depth > limit:
            self.fail(f"expression is nested more than {limit} levels deep", self.peek())
        yield
        self._depth -= 1

    @contextmanager
    def inside(self, what: str) -> Iterator[None]:
        """Where a token that does not fit is said to stand."""
        before, self._inside = self._inside, what
        yield
        self._inside = before

    def limit_depth(self, limit: int) -> None:
        """Raises ParseError when the tree could be deeper than ``limit``: every level costs frames of Python's stack."""
        if tree_depth(self._tokens) > limit:
            raise ParseError(f"expression is nested more than {limit} levels deep", (1, 1))

    def judged(self, judge: Callable[[], T], otherwise: T) -> T:
        """What ``judge`` returns. That types do not fit is told once the whole text was read: a slip of grammar comes first."""
        try:
            return judge()
        except ParseError as error:
            self._complaint = self._complaint or error
            return otherwise

    def complain(self) -> None:
        """Raises the first ParseError that was put off, if there is one."""
        if self._complaint is not None:
            raise self._complaint

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one after it; END at the end.

        Raises:
            ParseError: what comes next is no token.
        """
        token = self._tokens[min(self._next + ahead, len(self._tokens) - 1)]
        if token.kind is Kind.ERROR and not ahead:
            self.fail(token.text, token)
        return token

    def take(self) -> Token:
        """The next token, which is thereby read."""
        token = self.peek()
        self._next += 1
        return token

    @property
    def last_end(self) -> int:
        """Where the token read last ends."""
        return self._tokens[self._next - 1].end

    def comes(self, *symbols: str) -> bool:
        """Whether one of the symbols comes next."""
        token = self.peek()
        return token.kind is Kind.SYMBOL and token.text in symbols

    def accept(self, keyword: str) -> bool:
        """Reads the keyword if it comes next."""
        if self.peek().keyword != keyword:
            return False
        self.take()
        return True

    def expect(self, symbol: str, where: str = "", expected: str = "") -> Token:
        """Reads ``symbol``; else says ``where`` it was missed and what was ``expected``."""
        if not self.comes(symbol):
            self.unexpected(where, expected)
        return self.take()

    def fail(self, reason: str, token: Token) -> NoReturn:
        """Raises ParseError at ``token``."""
        self.source.fail(token.start, reason)

    def unexpected(self, where: str = "", expected: str = "") -> NoReturn:
        """Raises ParseError at the next token."""
        place = f" in {where or self._inside}" if where or self._inside else ""
        self.fail(f"unexpected {self.peek().describe()}{place}{f', expected {expected}' if expected else ''}", self.peek())

    def is_number(self) -> bool:
        """Whether a number or a duration comes next."""
        token = self.peek()
        return token.kind in (Kind.NUMBER, Kind.DURATION) or token.keyword in ("inf", "nan")

    def number(self) -> float:
        """A number, a duration in seconds, Inf or NaN."""
        token = self.take()
        if token.keyword in ("inf", "nan"):
            return math.inf if token.keyword == "inf" else math.nan
        try:
            return seconds_of(token.text) if token.kind is Kind.DURATION else number_of(token.text)
        except ValueError as error:
            self.fail(str(error), token)

    def signed_number(self, where: str = "", expected: str = "") -> float:
        """A number with at most one sign before it."""
        sign = 1.0
        if self.comes("+", "-"):
            sign = -1.0 if self.take().text == "-" else 1.0
        if not self.is_number():
            self.unexpected(where, expected)
        return sign * self.number()

    def string(self) -> str:
        """A string literal."""
        return unquote(self.take().text)
