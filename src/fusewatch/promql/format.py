"""Queries laid out as Prometheus lays them out: short ones on a line, long ones split at their operators."""

from __future__ import annotations

from dataclasses import replace

import promql_parser

from fusewatch.promql import ast
from fusewatch.promql.parse import parse


def format_query(text: str) -> str:
    """The query, laid out; as it was given where the formatter would change what it means or does not know its syntax.

    Raises:
        ParseError: the text is not PromQL.
    """
    # Our parser comes first: it bounds length and depth, which the library's native stack does not survive otherwise.
    meant = parse(text)
    try:
        laid_out = str(promql_parser.parse(text).prettify())
        same = _unplaced(parse(laid_out)) == _unplaced(meant)
    except ValueError:
        return text.strip()
    return laid_out if same else text.strip()


def _unplaced(node: ast.Expr) -> ast.Expr:
    """The tree without the places it came from."""
    return replace(ast.map_children(node, _unplaced), span=ast.Span(0, 0))
