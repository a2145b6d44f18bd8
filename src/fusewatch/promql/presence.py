"""From a condition to the question whether there is anything to judge.

``errors / requests > 0.05`` has no result where all is well, and none where nobody sends data any more. What tells the two apart is
``errors / requests > bool 0.05``: it has a result for each series that the condition could be asked of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.ast import ValueType, value_type

#: They choose some series by their values; whether there is data is asked of all.
_CHOOSING: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
#: Their results are there for want of data, or are named by values: no data can't be told from no result.
_OBSCURE: Final = frozenset({"absent", "absent_over_time", "count_values"})


class _ObscureError(Exception):
    """The expression does not say whether there is data."""


def presence(expr: ast.Expr) -> ast.Expr | None:
    """An expression with a result for each series that ``expr`` could have one for; None where ``expr`` does not tell.

    Without a comparison in it, an expression's result is all that is known: None too.
    """
    if not _filters(expr):
        return None
    try:
        return _unfiltered(expr)
    except _ObscureError:
        return None


def _filters(node: ast.Expr) -> bool:
    """Whether series are left out by their values anywhere."""
    return _is_filter(node) or any(_filters(child) for child in ast.children(node))


def _is_filter(node: ast.Expr) -> bool:
    return isinstance(node, ast.Binary) and node.op in ast.COMPARISONS and not node.return_bool


def _unfiltered(node: ast.Expr) -> ast.Expr:
    match node:
        case ast.Binary(op="and" | "unless"):
            # The other side is a condition on the first, which is what the alert is about.
            return _unfiltered(node.left)
        case ast.Binary() if _is_filter(node):
            return _compared(node)
        case ast.Aggregate(op=op) if op in _CHOOSING:
            return _unfiltered(node.expr)
        case ast.Aggregate(op=op) | ast.Call(function=op) if op in _OBSCURE:
            raise _ObscureError
    return ast.map_children(node, _unfiltered)


def _compared(node: ast.Binary) -> ast.Expr:
    """A comparison that leaves nothing out."""
    changed = replace(node, left=_unfiltered(node.left), right=_unfiltered(node.right), return_bool=True)
    if value_type(node.right) is ValueType.SCALAR and value_type(node.left) is ValueType.VECTOR and _filters(node.left):
        return changed.left
    return changed
