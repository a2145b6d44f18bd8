"""``absent``: a series where there is none."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.ast import ValueType
from fusewatch.promql.functions.function import CallContext, Function
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import MatchOp


def absent_labels(node: ast.Expr) -> Labels:
    """The labels that a missing series would surely have: those a selector asks for with exactly one ``=``."""
    if isinstance(node, ast.Invariant):
        return absent_labels(node.expr)
    selector = node.selector if isinstance(node, ast.RangeSelector) else node
    if not isinstance(selector, ast.Selector):
        return Labels()
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in selector.matchers:
        if matcher.name == METRIC_NAME:
            continue
        if matcher.op is MatchOp.EQUAL and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    return Labels(labels)


def _absent(call: CallContext) -> Matrix:
    missing = ~call.vector(0).covered()[np.newaxis, :]
    return Matrix.of((absent_labels(call.node.args[0]),), np.ones(missing.shape), missing).trimmed()


FUNCTIONS: Final = (Function("absent", (ValueType.VECTOR,), ValueType.VECTOR, _absent),)
