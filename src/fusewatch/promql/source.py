"""The text that a tree was read from, and where in it something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from fusewatch.promql import ast
from fusewatch.promql.errors import ParseError
from fusewatch.promql.lexer import position


@dataclass(slots=True)
class Source:
    """A query's text. Parentheses leave no node, so where they stand around one is kept here, by the span of what is inside."""

    text: str
    _around: dict[ast.Span, ast.Span] = field(default_factory=dict)

    def parenthesize(self, inside: ast.Span, around: ast.Span) -> None:
        """Notes that what spans ``inside`` stands in parentheses."""
        self._around[inside] = around

    def around(self, node: ast.Expr) -> ast.Span:
        """The node with the parentheses around it."""
        return self._around.get(node.span, node.span)

    def reject(self, node: ast.Expr, reason: str) -> NoReturn:
        """Raises ParseError where ``node`` begins."""
        self.fail(self.around(node).start, reason)

    def fail(self, offset: int, reason: str) -> NoReturn:
        """Raises ParseError at a character."""
        raise ParseError(reason, position(self.text, offset))
