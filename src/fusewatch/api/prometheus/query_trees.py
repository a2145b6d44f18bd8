"""A query as the tree of JSON objects that Prometheus' ``/parse_query`` answers with.

https://prometheus.io/docs/prometheus/latest/querying/api/#parsing-a-promql-expressions-into-a-abstract-syntax-tree-ast

Durations are told in milliseconds, also those that were written as an expression; parentheses leave no node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fusewatch.promql import ast
from fusewatch.promql.ast import ValueType
from fusewatch.promql.functions.registry import FUNCTIONS
from fusewatch.promql.numbers import format_value
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import Matcher, MatchOp

_TYPES: Final = {ValueType.SCALAR: "scalar", ValueType.STRING: "string", ValueType.VECTOR: "vector", ValueType.MATRIX: "matrix"}


def tree_of(node: ast.Expr) -> dict[str, Any]:
    """The tree below ``node``."""
    match node:
        case ast.Number():
            return {"type": "numberLiteral", "val": format_value(node.value)}
        case ast.String():
            return {"type": "stringLiteral", "val": node.value}
        case ast.Selector():
            return {"type": "vectorSelector", **_selector(node)}
        case ast.RangeSelector():
            return {"type": "matrixSelector", "range": node.range_ms, "rangeExpr": None, **_selector(node.selector)}
        case ast.Subquery():
            step = {"step": node.step_ms or 0, "stepExpr": None}
            around = {"range": node.range_ms, "rangeExpr": None, **step, **_moment(node.at, node.offset_ms)}
            return {"type": "subquery", "expr": tree_of(node.expr), **around}
        case ast.Negation():
            return {"type": "unaryExpr", "op": "-", "expr": tree_of(node.expr)}
        case ast.Binary():
            return {"type": "binaryExpr", "op": node.op, "lhs": tree_of(node.left), "rhs": tree_of(node.right), **_matching(node)}
        case ast.Aggregate():
            param = None if node.param is None else tree_of(node.param)
            rest = {"param": param, "grouping": list(node.grouping), "without": node.without}
            return {"type": "aggregation", "op": node.op, "expr": tree_of(node.expr), **rest}
        case ast.Call():
            return {"type": "call", "func": _function(node.function), "args": [tree_of(arg) for arg in node.args]}
        case ast.Invariant():
            return tree_of(node.expr)


def _selector(node: ast.Selector) -> dict[str, Any]:
    name = next((m.value for m in node.matchers if m.name == METRIC_NAME and m.op is MatchOp.EQUAL), "")
    extended = {str(kind): node.extended is kind for kind in ast.Extended}
    return {"name": name, "matchers": _matchers(node.matchers), **_moment(node.at, node.offset_ms), **extended}


def _matchers(matchers: Sequence[Matcher]) -> list[dict[str, str]]:
    return [{"name": matcher.name, "value": matcher.value, "type": str(matcher.op)} for matcher in matchers]


def _moment(at: ast.At, offset_ms: int) -> dict[str, Any]:
    anchor = str(at) if isinstance(at, ast.AtAnchor) else None
    return {"offset": offset_ms, "offsetExpr": None, "timestamp": at if isinstance(at, int) else None, "startOrEnd": anchor}


def _matching(node: ast.Binary) -> Mapping[str, Any]:
    if node.matching is None:
        return {"matching": None, "bool": node.return_bool}
    found = node.matching
    fills = {"lhs": found.fill_left, "rhs": found.fill_right}
    labels = {"labels": list(found.labels), "include": list(found.include)}
    return {"matching": {"card": str(found.cardinality), "on": found.on, **labels, "fillValues": fills}, "bool": node.return_bool}


def _function(name: str) -> dict[str, Any]:
    function = FUNCTIONS[name]
    most = len(function.args) if function.at_most is None else function.at_most
    variadic = -1 if most < 0 else most - function.at_least
    return {
        "name": name,
        "argTypes": [_TYPES[kind] for kind in function.args],
        "variadic": variadic,
        "returnType": _TYPES[function.returns],
    }
