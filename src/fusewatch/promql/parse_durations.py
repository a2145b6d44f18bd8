"""The part of the parser for what stands in brackets and behind ``offset``: arithmetic on durations."""

from __future__ import annotations

from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.durations import MAX_MS, DurationContext, duration_ms
from fusewatch.promql.lexer import Token
from fusewatch.promql.parse_tokens import TokenParser

#: What may begin a duration, in the words of an error.
DURATIONS: Final = "number, duration, step(), or range()"
_PRECEDENCE: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}
_SIGN: Final = 2
MAX_DURATION_DEPTH: Final = 100


class DurationParser(TokenParser):
    """Reads durations to milliseconds."""

    def __init__(self, text: str, durations: DurationContext | None) -> None:
        super().__init__(text)
        self._durations = durations

    def positive_duration(self, where: str, expected: str) -> int:
        """Milliseconds, more than 0; 0 where it takes a step or a range to tell."""
        token = self.peek()
        node = self._duration(0, where, expected)
        if isinstance(node, ast.Number) and node.value <= 0:
            self.fail("duration must be greater than 0", token)
        milliseconds = self._in_ms(node, token)
        if milliseconds <= 0 and self._durations is not None:
            self.judged(lambda: self.fail("duration must be greater than 0", token), None)
        return milliseconds

    def offset_duration(self) -> int:
        """Milliseconds, of any sign. No operator belongs to it: ``x offset 1 + 2`` adds 2 to a vector."""
        token = self.peek()
        return self._in_ms(self._offset_operand(), token)

    def _offset_operand(self) -> ast.Expr:
        if not self.comes("+", "-"):
            return self._duration_operand("offset", DURATIONS)
        token = self.take()
        return _with_sign(token, self._offset_operand())

    def _in_ms(self, node: ast.Expr, token: Token) -> int:
        if isinstance(node, ast.Number) and not abs(node.value) * 1000 <= MAX_MS:
            self.fail("duration out of range", token)
        if self._durations is None and not isinstance(node, ast.Number):
            return 0
        context = self._durations or DurationContext(step_ms=0, range_ms=0)
        return self.judged(lambda: duration_ms(node, context, self.source), 0)

    def _duration(self, floor: int, where: str, expected: str) -> ast.Expr:
        with self.nested(MAX_DURATION_DEPTH):
            left = self._duration_operand(where, expected)
            while (power := self._duration_operator()) > floor:
                token = self.take()
                right = self._duration(power - 1 if token.text == "^" else power, where, expected)
                if token.text in ("/", "%") and isinstance(right, ast.Number) and right.value == 0:
                    self.fail("division by zero" if token.text == "/" else "modulo by zero", token)
                span = ast.Span(left.span.start, right.span.end)
                left = ast.Binary(token.text, left, right, None, return_bool=False, span=span)
            return left

    def _duration_operator(self) -> int:
        return _PRECEDENCE[self.peek().text] if self.comes(*_PRECEDENCE) else 0

    def _duration_operand(self, where: str, expected: str) -> ast.Expr:
        token = self.peek()
        if self.comes("+", "-"):
            self.take()
            return _with_sign(token, self._duration(_SIGN, where, expected))
        if self.is_number():
            return ast.Number(self.number(), ast.Span(token.start, token.end))
        if self.comes("("):
            self.take()
            inner = self._duration(0, where, expected)
            self.expect(")", where, expected)
            return inner
        if token.keyword in ("step", "range", "min_of", "max_of"):
            return self._duration_call(where, expected)
        return self.unexpected(where, expected)

    def _duration_call(self, where: str, expected: str) -> ast.Expr:
        token = self.take()
        self.expect("(", where, expected)
        args: list[ast.Expr] = []
        if token.keyword in ("min_of", "max_of"):
            args.append(self._duration(0, where, expected))
            self.expect(",", where, expected)
            args.append(self._duration(0, where, expected))
        self.expect(")", where, expected)
        return ast.Call(token.keyword, tuple(args), ast.ValueType.SCALAR, ast.Span(token.start, self.last_end))


def _with_sign(token: Token, inner: ast.Expr) -> ast.Expr:
    span = ast.Span(token.start, inner.span.end)
    if isinstance(inner, ast.Number):
        return ast.Number(-inner.value if token.text == "-" else inner.value, span)
    return ast.Negation(inner, span) if token.text == "-" else inner
