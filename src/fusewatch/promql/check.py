"""What the grammar alone does not forbid: types, argument counts, matchings; with Prometheus' words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.ast import Cardinality, ValueType, value_type
from fusewatch.promql.functions.function import Function
from fusewatch.promql.literals import go_quote
from fusewatch.promql.source import Source
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import Matcher

#: Aggregations and the type of their parameter.
AGGREGATIONS: Final[dict[str, ValueType | None]] = {
    **dict.fromkeys(("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"), None),
    **dict.fromkeys(("topk", "bottomk", "quantile", "limitk", "limit_ratio"), ValueType.SCALAR),
    "count_values": ValueType.STRING,
}


def matchers(name: str, found: Sequence[Matcher], source: Source, node: ast.Selector, *, any_allowed: bool = False) -> None:
    """Raises ParseError when a selector names its metric twice or, unless that is allowed, would select everything."""
    if name:
        again = next((m.value for m in found[:-1] if m.name == METRIC_NAME), None)
        if again is not None:
            source.reject(node, f"metric name must not be set twice: {go_quote(name)} or {go_quote(again)}")
    elif not any_allowed and all(m.matches("") for m in found):
        source.reject(node, "vector selector must contain at least one non-empty matcher")


def subquery(inner: ast.Expr, source: Source) -> None:
    """Raises ParseError when a subquery is not over a vector."""
    kind = value_type(inner)
    if kind is not ValueType.VECTOR:
        plain = "matrix" if kind is ValueType.MATRIX else str(kind)
        source.reject(inner, f"subquery is only allowed on instant vector, got {plain} instead")


def unary(inner: ast.Expr, source: Source, sign_at: int) -> None:
    """Raises ParseError when a sign stands before something that is no number."""
    kind = value_type(inner)
    if kind not in (ValueType.SCALAR, ValueType.VECTOR):
        source.fail(sign_at, f'unary expression only allowed on expressions of type scalar or instant vector, got "{kind}"')


def binary(node: ast.Binary, source: Source, op_at: int) -> ast.Binary:
    """The node as it is evaluated: without a matching where a side is a scalar.

    Raises:
        ParseError: the operator does not fit its sides.
    """
    left, right = value_type(node.left), value_type(node.right)
    if node.return_bool and node.op not in ast.COMPARISONS:
        source.fail(op_at, "bool modifier can only be used on comparison operators")
    if node.op in ast.COMPARISONS and not node.return_bool and left is right is ValueType.SCALAR:
        source.fail(op_at, "comparisons between scalars must use BOOL modifier")
    matching = node.matching or ast.Matching(Cardinality.ONE_TO_ONE)
    both = next((label for label in matching.labels if matching.on and label in matching.include), None)
    if both is not None:
        source.fail(op_at, f"label {go_quote(both)} must not occur in ON and GROUP clause at once")
    for side, kind in ((node.left, left), (node.right, right)):
        if kind not in (ValueType.SCALAR, ValueType.VECTOR):
            source.reject(side, "binary expression must contain only scalar and instant vector types")
    if ValueType.SCALAR in (left, right):
        return _with_scalar(node, matching, source)
    _set_operation(node, matching, source)
    return node


def _with_scalar(node: ast.Binary, matching: ast.Matching, source: Source) -> ast.Binary:
    if matching.labels:
        source.reject(node, "vector matching only allowed between instant vectors")
    if matching.fill_left is not None or matching.fill_right is not None:
        source.reject(node, "filling in missing series only allowed between instant vectors")
    if node.op in ast.SET_OPERATORS:
        source.reject(node, f"set operator {go_quote(node.op)} not allowed in binary scalar expression")
    return replace(node, matching=None)


def _set_operation(node: ast.Binary, matching: ast.Matching, source: Source) -> None:
    if node.op in ast.SET_OPERATORS:
        if matching.cardinality is not Cardinality.MANY_TO_MANY:
            source.reject(node, f"no grouping allowed for {go_quote(node.op)} operation")
        if matching.fill_left is not None or matching.fill_right is not None:
            source.reject(node, "filling in missing series not allowed for set operators")


def aggregated(op: str, args: Sequence[ast.Expr], source: Source, span: ast.Span) -> None:
    """Raises ParseError when an aggregation has too few or too many arguments."""
    if not args:
        source.fail(span.start, "no arguments for aggregate expression provided")
    wanted = 1 if AGGREGATIONS[op] is None else 2
    if len(args) != wanted:
        source.fail(span.start, f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}")


def aggregate(node: ast.Aggregate, source: Source) -> None:
    """Raises ParseError when what an aggregation is over, or its parameter, is of the wrong type."""
    param_type = AGGREGATIONS[node.op]
    _expect(node.expr, ValueType.VECTOR, "aggregation expression", source)
    if node.param is not None and param_type is not None:
        _expect(node.param, param_type, "aggregation parameter", source)


def call(function: Function, node: ast.Call, source: Source) -> None:
    """Raises ParseError when a call has too few or too many arguments, or one of the wrong type."""
    args = node.args
    most = len(function.args) if function.at_most is None else function.at_most
    if function.at_least == most:
        complaint = f"expected {most}" if len(args) != most else ""
    elif len(args) < function.at_least:
        complaint = f"expected at least {function.at_least}"
    else:
        complaint = f"expected at most {most}" if 0 <= most < len(args) else ""
    if complaint:
        source.reject(node, f"{complaint} argument(s) in call to {go_quote(function.name)}, got {len(args)}")
    if function.name == "info" and len(args) > 1:
        _labels_only(args[1], source)
    for index, arg in enumerate(args):
        wanted = function.args[min(index, len(function.args) - 1)]
        _expect(arg, wanted, f"call to function {go_quote(function.name)}", source)


def _labels_only(node: ast.Expr, source: Source) -> None:
    """Raises ParseError when the second argument of ``info`` is more than matchers in braces."""
    if value_type(node) is ValueType.VECTOR and not isinstance(node, ast.Selector):
        source.reject(node, "expected label selectors only")
    if isinstance(node, ast.Selector) and source.text[node.span.start] != "{":
        source.reject(node, "expected label selectors only, got vector selector instead")


def _expect(node: ast.Expr, wanted: ValueType, where: str, source: Source) -> None:
    if value_type(node) is not wanted:
        source.reject(node, f"expected type {wanted} in {where}, got {value_type(node)}")
