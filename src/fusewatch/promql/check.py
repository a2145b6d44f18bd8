"""What the grammar alone does not forbid: types, argument counts, matchings; with Prometheus' words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NoReturn

from fusewatch.promql import ast
from fusewatch.promql.ast import Cardinality, ValueType, value_type
from fusewatch.promql.errors import ParseError
from fusewatch.promql.functions.function import Function
from fusewatch.promql.lexer import position
from fusewatch.telemetry.labels import METRIC_NAME, quote
from fusewatch.telemetry.matchers import Matcher

#: Aggregations and the type of their parameter.
AGGREGATIONS: Final[dict[str, ValueType | None]] = {
    **dict.fromkeys(("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"), None),
    **dict.fromkeys(("topk", "bottomk", "quantile", "limitk", "limit_ratio"), ValueType.SCALAR),
    "count_values": ValueType.STRING,
}


def _fail(reason: str, text: str, offset: int) -> NoReturn:
    raise ParseError(reason, position(text, offset))


def matchers(name: str, found: Sequence[Matcher], text: str, span: ast.Span, *, any_allowed: bool = False) -> None:
    """Raises ParseError when a selector names its metric twice or, unless that is allowed, would select everything."""
    if name:
        again = next((m.value for m in found[:-1] if m.name == METRIC_NAME), None)
        if again is not None:
            _fail(f"metric name must not be set twice: {quote(name)} or {quote(again)}", text, span.start)
    elif not any_allowed and all(m.matches("") for m in found):
        _fail("vector selector must contain at least one non-empty matcher", text, span.start)


def unary(inner: ast.Expr, text: str, span: ast.Span) -> None:
    """Raises ParseError when a sign stands before something that is no number."""
    kind = value_type(inner)
    if kind not in (ValueType.SCALAR, ValueType.VECTOR):
        _fail(f'unary expression only allowed on expressions of type scalar or instant vector, got "{kind}"', text, span.start)


def binary(node: ast.Binary, text: str, op_at: int) -> ast.Binary:
    """The node as it is evaluated: without a matching where a side is a scalar.

    Raises:
        ParseError: the operator does not fit its sides.
    """
    left, right = value_type(node.left), value_type(node.right)
    for side, kind in ((node.left, left), (node.right, right)):
        if kind not in (ValueType.SCALAR, ValueType.VECTOR):
            _fail("binary expression must contain only scalar and instant vector types", text, side.span.start)
    if node.return_bool and node.op not in ast.COMPARISONS:
        _fail("bool modifier can only be used on comparison operators", text, op_at)
    if node.op in ast.COMPARISONS and not node.return_bool and left is right is ValueType.SCALAR:
        _fail("comparisons between scalars must use BOOL modifier", text, op_at)
    if node.op in ast.TRIMS and left is right is ValueType.SCALAR:
        _fail(f"operator {quote(node.op)} not allowed for Scalar operations", text, op_at)
    if ValueType.SCALAR in (left, right):
        return _with_scalar(node, text)
    _matching(node, text, op_at)
    return node


def _with_scalar(node: ast.Binary, text: str) -> ast.Binary:
    matching = node.matching or ast.Matching(Cardinality.ONE_TO_ONE)
    if node.op in ast.SET_OPERATORS:
        _fail(f"set operator {quote(node.op)} not allowed in binary scalar expression", text, node.span.start)
    if matching.labels:
        _fail("vector matching only allowed between instant vectors", text, node.span.start)
    if matching.fill_left is not None or matching.fill_right is not None:
        _fail("filling in missing series only allowed between instant vectors", text, node.span.start)
    return replace(node, matching=None)


def _matching(node: ast.Binary, text: str, op_at: int) -> None:
    matching = node.matching or ast.Matching(Cardinality.ONE_TO_ONE)
    both = next((label for label in matching.labels if matching.on and label in matching.include), None)
    if both is not None:
        _fail(f"label {quote(both)} must not occur in ON and GROUP clause at once", text, op_at)
    if node.op in ast.SET_OPERATORS:
        if matching.cardinality is not Cardinality.MANY_TO_MANY:
            _fail(f"no grouping allowed for {quote(node.op)} operation", text, node.span.start)
        if matching.fill_left is not None or matching.fill_right is not None:
            _fail("filling in missing series not allowed for set operators", text, node.span.start)


def aggregate(op: str, args: Sequence[ast.Expr], labels: Sequence[str], *, without: bool, text: str, span: ast.Span) -> ast.Aggregate:
    """The aggregation over its arguments.

    Raises:
        ParseError: too few or many arguments, or of the wrong type.
    """
    param_type = AGGREGATIONS[op]
    wanted = 1 if param_type is None else 2
    if len(args) != wanted:
        reason = f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}"
        _fail(reason, text, span.start)
    param = args[0] if param_type is not None else None
    _expect(args[-1], ValueType.VECTOR, "aggregation expression", text)
    if param is not None and param_type is not None:
        _expect(param, param_type, "aggregation parameter", text)
    return ast.Aggregate(op, args[-1], param, tuple(labels), without, span)


def call(function: Function, args: tuple[ast.Expr, ...], text: str, span: ast.Span) -> ast.Call:
    """The call of ``function``.

    Raises:
        ParseError: too few or many arguments, or of the wrong type.
    """
    most = len(function.args) if function.at_most is None else function.at_most
    if function.at_least == most:
        complaint = f"expected {most}" if len(args) != most else ""
    elif len(args) < function.at_least:
        complaint = f"expected at least {function.at_least}"
    else:
        complaint = f"expected at most {most}" if 0 <= most < len(args) else ""
    if complaint:
        _fail(f"{complaint} argument(s) in call to {quote(function.name)}, got {len(args)}", text, span.start)
    if function.name == "info" and len(args) > 1:
        _labels_only(args[1], text)
    for index, arg in enumerate(args):
        wanted = function.args[min(index, len(function.args) - 1)]
        _expect(arg, wanted, f"call to function {quote(function.name)}", text)
    return ast.Call(function.name, args, function.returns, span)


def _labels_only(node: ast.Expr, text: str) -> None:
    """Raises ParseError when the second argument of ``info`` is more than matchers in braces."""
    if value_type(node) is ValueType.VECTOR and not isinstance(node, ast.Selector):
        _fail("expected label selectors only", text, node.span.start)
    if isinstance(node, ast.Selector) and text[node.span.start] != "{":
        _fail("expected label selectors only, got vector selector instead", text, node.span.start)


def _expect(node: ast.Expr, wanted: ValueType, where: str, text: str) -> None:
    if value_type(node) is not wanted:
        _fail(f"expected type {wanted} in {where}, got {value_type(node)}", text, node.span.start)
