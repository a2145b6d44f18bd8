"""Query text to :mod:`ast` by operator precedence; the grammar of Prometheus 3.

https://prometheus.io/docs/prometheus/latest/querying/basics/

Why not a library: ``promql-parser`` keeps no positions (warnings and errors name line and column), answers "invalid promql query"
to any slip, overflows its native stack on deep nesting and panics on ``@`` before 1970. The tests compare the two on what both read.
"""

from __future__ import annotations

from typing import Final

from fusewatch.promql import ast, check
from fusewatch.promql.functions.registry import FUNCTIONS
from fusewatch.promql.lexer import Kind, Token
from fusewatch.promql.parse_selectors import SelectorParser

_PRECEDENCE: Final = {
    "or": 1,
    "and": 2,
    "unless": 2,
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">=", "</", ">/"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_UNARY: Final = 5
#: Levels of the tree; every level costs a few frames of Python's stack in the parser and the evaluator.
MAX_DEPTH: Final = 100
MAX_TREE_DEPTH: Final = 200


def parse(text: str, *, step_ms: int = 0, range_ms: int = 0) -> ast.Expr:
    """The query's tree, with types checked.

    ``step_ms`` and ``range_ms`` of the evaluation are what ``step()`` and ``range()`` inside durations stand for.

    Raises:
        ParseError: with Prometheus' words, and where.
    """
    parser = Parser(text, step_ms=step_ms, range_ms=range_ms)
    parser.limit_depth(MAX_TREE_DEPTH)
    node = parser.expression(0)
    if parser.peek().kind is not Kind.END:
        parser.unexpected()
    return node


class Parser(SelectorParser):
    """One text on its way to a tree; call :meth:`expression` once."""

    def expression(self, floor: int) -> ast.Expr:
        """Reads operators that bind more tightly than ``floor``."""
        with self.nested(MAX_DEPTH):
            left = self._unary()
            while (power := self._power()) > floor:
                left = self._binary(left, power)
            return left

    def _power(self) -> int:
        token = self.peek()
        return _PRECEDENCE.get(token.keyword or (token.text if token.kind is Kind.SYMBOL else ""), 0)

    def _binary(self, left: ast.Expr, power: int) -> ast.Expr:
        token = self.take()
        op = token.keyword or token.text
        return_bool = self.accept("bool")
        matching = self._matching(op)
        right = self.expression(power - 1 if op == "^" else power)
        node = ast.Binary(op, left, right, matching, return_bool, ast.Span(left.span.start, right.span.end))
        return check.binary(node, self.text, token.start)

    def _matching(self, op: str) -> ast.Matching:
        on = False
        labels: tuple[str, ...] = ()
        include: tuple[str, ...] = ()
        card = ast.Cardinality.MANY_TO_MANY if op in ast.SET_OPERATORS else ast.Cardinality.ONE_TO_ONE
        if self.peek().keyword in ("on", "ignoring") and self.peek(1).text == "(":
            on = self.take().keyword == "on"
            labels = self.label_list()
            if self.peek().keyword in ("group_left", "group_right"):
                left = self.take().keyword == "group_left"
                card = ast.Cardinality.MANY_TO_ONE if left else ast.Cardinality.ONE_TO_MANY
                include = self.label_list() if self.peek().text == "(" else ()
        fill_left, fill_right = self._fill()
        return ast.Matching(card, on, labels, include, fill_left, fill_right)

    def _fill(self) -> tuple[float | None, float | None]:
        values: dict[str, float | None] = {"fill_left": None, "fill_right": None}
        while self.peek().keyword in ("fill", "fill_left", "fill_right") and self.peek(1).text == "(":
            word = self.take().keyword
            self.expect("(")
            value = self.signed_number()
            self.expect(")")
            for side in values if word == "fill" else (word,):
                values[side] = value
        return values["fill_left"], values["fill_right"]

    def _unary(self) -> ast.Expr:
        token = self.peek()
        if token.text not in ("+", "-"):
            return self._postfix(self.operand(), bare=token.text != "(")
        self.take()
        inner = self.expression(_UNARY)
        span = ast.Span(token.start, inner.span.end)
        if isinstance(inner, ast.Number):
            return ast.Number(-inner.value if token.text == "-" else inner.value, span)
        check.unary(inner, self.text, span)
        return ast.Negation(inner, span) if token.text == "-" else inner

    def operand(self) -> ast.Expr:
        """A literal, selector, call or parenthesis, without range or modifiers."""
        token = self.peek()
        if token.text == "(":
            self.take()
            inner = self.expression(0)
            self.expect(")", "unclosed left parenthesis")
            return inner
        if token.kind in (Kind.NUMBER, Kind.DURATION) or token.keyword in ("inf", "nan"):
            return ast.Number(self.number(), ast.Span(token.start, token.end))
        if token.kind is Kind.STRING:
            return ast.String(self.string(), ast.Span(token.start, token.end))
        if token.text == "{":
            return self.selector()
        if token.kind is not Kind.NAME or token.keyword == "bool":
            self.unexpected()
        after = self.peek(1)
        if token.keyword in check.AGGREGATIONS and (after.text == "(" or after.keyword in ("by", "without")):
            return self._aggregate()
        if after.text == "(":
            return self._call()
        return self.selector()

    def _postfix(self, node: ast.Expr, *, bare: bool) -> ast.Expr:
        """Ranges and modifiers behind ``node``; only a ``bare`` one (not in parentheses) takes modifiers."""
        seen: set[str] = set()
        while True:
            token = self.peek()
            if token.text == "[":
                node, bare = self.brackets(node, seen, bare=bare), True
            elif token.keyword == "offset":
                node = self.offset(node, seen, bare=bare)
            elif token.text == "@":
                node = self.at(node, seen, bare=bare)
            elif token.keyword in ("anchored", "smoothed"):
                node = self.extended(node, bare=bare)
            else:
                return node

    def _aggregate(self) -> ast.Expr:
        token = self.take()
        grouping = self._grouping()
        args = self._arguments("no arguments for aggregate expression provided")
        if grouping is None:
            grouping = self._grouping()
        without, labels = grouping or (False, ())
        span = ast.Span(token.start, self.last_end)
        return check.aggregate(token.keyword, args, labels, without=without, text=self.text, span=span)

    def _grouping(self) -> tuple[bool, tuple[str, ...]] | None:
        word = self.peek().keyword
        if word not in ("by", "without"):
            return None
        self.take()
        return word == "without", self.label_list()

    def _call(self) -> ast.Expr:
        token: Token = self.take()
        # As Prometheus: start, end, step and range ignore case, being keywords elsewhere.
        name = token.keyword if token.keyword in ("start", "end", "step", "range") else token.text
        if name not in FUNCTIONS:
            self.fail(f'unknown function with name "{name}"', token)
        args = self._arguments(labels_only=name == "info")
        return check.call(FUNCTIONS[name], args, self.text, ast.Span(token.start, self.last_end))

    def _arguments(self, none: str = "", *, labels_only: bool = False) -> tuple[ast.Expr, ...]:
        """All in parentheses; ``labels_only``: those after the first select labels, and may select any."""
        opening = self.expect("(")
        args: list[ast.Expr] = []
        while self.peek().text != ")":
            with self.any_selector(allowed=labels_only and len(args) > 0):
                args.append(self.expression(0))
            if self.peek().text != ",":
                break
            self.take()
            if self.peek().text == ")":
                self.fail("trailing commas not allowed in function call args", self.peek())
        self.expect(")", "unclosed left parenthesis")
        if not args and none:
            self.fail(none, opening)
        return tuple(args)
