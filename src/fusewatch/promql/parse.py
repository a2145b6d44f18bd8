"""Query text to :mod:`ast` by operator precedence; the grammar of Prometheus 3.

https://prometheus.io/docs/prometheus/latest/querying/basics/

Why not a library: ``promql-parser`` keeps no positions (warnings and errors name line and column), answers "invalid promql query"
to any slip, overflows its native stack on deep nesting and panics on ``@`` before 1970. The tests compare the two on what both read.
"""

from __future__ import annotations

from typing import Final

from fusewatch.promql import ast, check
from fusewatch.promql.durations import DurationContext
from fusewatch.promql.functions.registry import FUNCTIONS
from fusewatch.promql.lexer import CALLABLE_WORDS, Kind, Token
from fusewatch.promql.literals import go_quote
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
#: Keywords that no metric may be named by.
_NEVER_OPERANDS: Final = frozenset({"bool", "group_left", "group_right", "ignoring", "on"})
#: Levels of the tree; every level costs a few frames of Python's stack in the parser and the evaluator.
MAX_DEPTH: Final = 100
MAX_TREE_DEPTH: Final = 200


def parse(text: str, durations: DurationContext | None = None) -> ast.Expr:
    """The query's tree, with types checked.

    ``durations`` are what ``step()`` and ``range()`` of the evaluation stand for; without them, durations that are computed are 0.

    Raises:
        ParseError: with Prometheus' words, and where.
    """
    parser = Parser(text, durations)
    parser.limit_depth(MAX_TREE_DEPTH)
    node = parser.expression(0)
    if parser.peek().kind is not Kind.END:
        parser.unexpected()
    parser.complain()
    return node


def parse_selector(text: str) -> ast.Selector:
    """The selector that the text is: a name, matchers in braces, or both; it may select everything.

    Raises:
        ParseError: anything else, with Prometheus' words, and where.
    """
    parser = Parser(text, None)
    if parser.peek().kind is not Kind.NAME and not parser.comes("{"):
        parser.unexpected()
    with parser.any_selector(allowed=True):
        node = parser.selector()
    if parser.peek().kind is not Kind.END:
        parser.unexpected()
    parser.complain()
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
        span = ast.Span(self.source.around(left).start, self.source.around(right).end)
        node = ast.Binary(op, left, right, matching, return_bool, span)
        return self.judged(lambda: check.binary(node, self.source, token.start), node)

    def _matching(self, op: str) -> ast.Matching:
        on = False
        labels: tuple[str, ...] = ()
        include: tuple[str, ...] = ()
        card = ast.Cardinality.MANY_TO_MANY if op in ast.SET_OPERATORS else ast.Cardinality.ONE_TO_ONE
        if self.peek().keyword in ("on", "ignoring"):
            on = self.take().keyword == "on"
            labels = self.label_list()
            if self.peek().keyword in ("group_left", "group_right"):
                left = self.take().keyword == "group_left"
                card = ast.Cardinality.MANY_TO_ONE if left else ast.Cardinality.ONE_TO_MANY
                include = self.label_list() if self.comes("(") else ()
        fill_left, fill_right = self._fill()
        return ast.Matching(card, on, labels, include, fill_left, fill_right)

    def _fill(self) -> tuple[float | None, float | None]:
        if self.accept("fill"):
            value = self._fill_value()
            return value, value
        values: dict[str, float | None] = {"fill_left": None, "fill_right": None}
        while (side := self.peek().keyword) in values and values[side] is None:
            self.take()
            values[side] = self._fill_value()
        return values["fill_left"], values["fill_right"]

    def _fill_value(self) -> float:
        self.expect("(")
        value = self.signed_number()
        self.expect(")")
        return value

    def _unary(self) -> ast.Expr:
        token = self.peek()
        if not self.comes("+", "-"):
            return self._postfix(self._operand(), bare=not (token.kind is Kind.SYMBOL and token.text == "("))
        self.take()
        inner = self.expression(_UNARY)
        span = ast.Span(token.start, self.source.around(inner).end)
        if isinstance(inner, ast.Number):
            return ast.Number(-inner.value if token.text == "-" else inner.value, span)
        self.judged(lambda: check.unary(inner, self.source, token.start), None)
        return ast.Negation(inner, span) if token.text == "-" else inner

    def _operand(self) -> ast.Expr:
        """A literal, selector, call or parenthesis, without range or modifiers."""
        token = self.peek()
        if self.comes("("):
            self.take()
            inner = self.expression(0)
            self.expect(")")
            self.source.parenthesize(inner.span, ast.Span(token.start, self.last_end))
            return inner
        if self.is_number():
            return ast.Number(self.number(), ast.Span(token.start, token.end))
        if token.kind is Kind.STRING:
            return ast.String(self.string(), ast.Span(token.start, token.end))
        if self.comes("{"):
            return self.selector()
        if token.kind is not Kind.NAME or token.keyword in _NEVER_OPERANDS:
            self.unexpected()
        after = self.peek(1)
        if token.keyword in check.AGGREGATIONS and (after.text == "(" or after.keyword in ("by", "without")):
            return self._aggregate()
        if after.text == "(" and token.keyword in ("", *CALLABLE_WORDS) and ":" not in token.text:
            return self._call()
        return self.selector()

    def _postfix(self, node: ast.Expr, *, bare: bool) -> ast.Expr:
        """Ranges and modifiers behind ``node``; only a ``bare`` one (not in parentheses) takes modifiers."""
        seen: list[str] = []
        while True:
            keyword = self.peek().keyword
            if self.comes("["):
                node, bare = self.brackets(node, seen, bare=bare), True
                seen = []
            elif keyword == "offset":
                node = self.offset(node, seen, bare=bare)
                seen.append(keyword)
            elif self.comes("@"):
                node = self.at(node, seen, bare=bare)
                seen.append("@")
            elif keyword in ("anchored", "smoothed"):
                node = self.extended(node, bare=bare)
            else:
                return node

    def _aggregate(self) -> ast.Expr:
        token = self.take()
        with self.inside("aggregation"):
            grouping = self._grouping()
            args = self._arguments()
        if grouping is None:
            grouping = self._grouping()
        without, labels = grouping or (False, ())
        span = ast.Span(token.start, self.last_end)
        check.aggregated(token.keyword, args, self.source, span)
        node = ast.Aggregate(token.keyword, args[-1], args[0] if len(args) > 1 else None, labels, without, span)
        self.judged(lambda: check.aggregate(node, self.source), None)
        return node

    def _grouping(self) -> tuple[bool, tuple[str, ...]] | None:
        word = self.peek().keyword
        if word not in ("by", "without"):
            return None
        self.take()
        return word == "without", self.label_list()

    def _call(self) -> ast.Expr:
        token: Token = self.take()
        # As Prometheus: start, end, step and range ignore case, being keywords elsewhere.
        name = token.keyword or token.text
        args = self._arguments(labels_only=name == "info")
        if name not in FUNCTIONS:
            self.fail(f"unknown function with name {go_quote(token.text)}", token)
        node = ast.Call(name, args, FUNCTIONS[name].returns, ast.Span(token.start, self.last_end))
        self.judged(lambda: check.call(FUNCTIONS[name], node, self.source), None)
        return node

    def _arguments(self, *, labels_only: bool = False) -> tuple[ast.Expr, ...]:
        """All in parentheses; ``labels_only``: those after the first select labels, and may select any."""
        self.expect("(")
        args: list[ast.Expr] = []
        while not self.comes(")"):
            with self.any_selector(allowed=labels_only and len(args) > 0):
                args.append(self.expression(0))
            if not self.comes(","):
                break
            comma = self.take()
            if self.comes(")"):
                self.fail("trailing commas not allowed in function call args", comma)
        self.expect(")")
        return tuple(args)
