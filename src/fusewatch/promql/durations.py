"""Arithmetic in ranges and offsets: ``[2m*3]``, ``[step()+1s]``, ``offset min_of(step(), 1s)``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.source import Source

#: Go's nanoseconds are 64 bits wide.
MAX_MS: Final = (1 << 63) // 1_000_000


@dataclass(frozen=True, slots=True)
class DurationContext:
    """What ``step()`` and ``range()`` of the whole query are, in milliseconds."""

    step_ms: int
    range_ms: int


def _divide(left: float, right: float) -> float:
    if right == 0:
        raise ZeroDivisionError("division by zero")
    return left / right


def _modulo(left: float, right: float) -> float:
    if right == 0:
        raise ZeroDivisionError("modulo by zero")
    return math.fmod(left, right)


_OPERATIONS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _modulo,
    "^": operator.pow,
    "min_of": min,
    "max_of": max,
}


def duration_ms(node: ast.Expr, context: DurationContext, source: Source) -> int:
    """Whole milliseconds of a constant expression in seconds.

    Raises:
        ParseError: it divides by zero, or its result is no duration.
    """
    try:
        seconds = _seconds(node, context)
        milliseconds = int(seconds * 1000 + math.copysign(1e-6, seconds))
    except ZeroDivisionError as error:
        source.reject(node, str(error))
    except (TypeError, ValueError, OverflowError):
        source.reject(node, "duration out of range")
    if abs(milliseconds) > MAX_MS:
        source.reject(node, "duration out of range")
    return milliseconds


def _seconds(node: ast.Expr, context: DurationContext) -> float:
    match node:
        case ast.Number():
            return node.value
        case ast.Negation():
            return -_seconds(node.expr, context)
        case ast.Binary(op=op) if op in _OPERATIONS:
            return _OPERATIONS[op](_seconds(node.left, context), _seconds(node.right, context))
        case ast.Call(function="step"):
            return context.step_ms / 1000
        case ast.Call(function="range"):
            return context.range_ms / 1000
        case ast.Call(function=name) if name in _OPERATIONS:
            return _OPERATIONS[name](*(_seconds(arg, context) for arg in node.args))
    raise ValueError("not a duration")
