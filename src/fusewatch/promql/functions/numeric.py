"""Functions of every value by itself: mathematics, rounding, clamping, trigonometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from fusewatch.promql.ast import ValueType
from fusewatch.promql.functions.function import CallContext, Function, Implementation
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.samples import Float64s

VECTOR, SCALAR = ValueType.VECTOR, ValueType.SCALAR
Operation = Callable[[Float64s], Float64s]


def _sign(values: Float64s) -> Float64s:
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


_OPERATIONS: Final[dict[str, Operation]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "sgn": _sign,
    "deg": lambda values: values * 180.0 / np.pi,
    "rad": lambda values: values * np.pi / 180.0,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}


def _each(operation: Operation) -> Implementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.vector(0)
        return vector.with_values(operation(vector.values))

    return apply


def _round(call: CallContext) -> Matrix:
    vector = call.vector(0)
    inverse = 1.0 / (call.scalar(1) if len(call.args) > 1 else np.ones(call.grid.count))
    return vector.with_values(np.floor(vector.values * inverse + 0.5) / inverse)


def _clamped(call: CallContext, low: Float64s, high: Float64s) -> Matrix:
    vector = call.vector(0).floats
    values = np.maximum(low, np.minimum(high, vector.values))
    return vector.with_values(values, vector.present & ~(high < low)).trimmed()


def _clamp(call: CallContext) -> Matrix:
    return _clamped(call, call.scalar(1), call.scalar(2))


def _clamp_min(call: CallContext) -> Matrix:
    return _clamped(call, call.scalar(1), np.full(call.grid.count, np.inf))


def _clamp_max(call: CallContext) -> Matrix:
    return _clamped(call, np.full(call.grid.count, -np.inf), call.scalar(1))


FUNCTIONS: Final = (
    *(Function(name, (VECTOR,), VECTOR, _each(operation)) for name, operation in _OPERATIONS.items()),
    Function("round", (VECTOR, SCALAR), VECTOR, _round, required=1),
    Function("clamp", (VECTOR, SCALAR, SCALAR), VECTOR, _clamp),
    Function("clamp_min", (VECTOR, SCALAR), VECTOR, _clamp_min),
    Function("clamp_max", (VECTOR, SCALAR), VECTOR, _clamp_max),
)
