"""Between scalars, vectors and the query's own times."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from fusewatch.promql.ast import ValueType
from fusewatch.promql.functions.function import CallContext, Function
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.labels import EMPTY
from fusewatch.telemetry.samples import Float64s

VECTOR, SCALAR = ValueType.VECTOR, ValueType.SCALAR


def _scalar(call: CallContext) -> Float64s:
    vector = call.vector(0).floats
    result = np.full(call.grid.count, np.nan)
    alone = vector.present.sum(axis=0) == 1
    if alone.any():
        result[alone] = vector.values[vector.present.argmax(axis=0), np.arange(call.grid.count)][alone]
    return result


def _vector(call: CallContext) -> Matrix:
    return Matrix.of((EMPTY,), call.scalar(0)[np.newaxis, :].copy())


def _time(call: CallContext) -> Float64s:
    return call.grid.times() / 1000.0


def _timestamp(call: CallContext) -> Matrix:
    """The step's time: what other expressions than a selector make is as old as the step (the evaluator answers for selectors)."""
    vector = call.vector(0)
    return vector.with_values(np.repeat(_time(call)[np.newaxis, :], len(vector), axis=0), vector.present)


def _constant(of: Callable[[CallContext], float]) -> Callable[[CallContext], Float64s]:
    return lambda call: np.full(call.grid.count, of(call))


def _smaller(call: CallContext) -> Float64s:
    return np.minimum(call.scalar(0), call.scalar(1))


def _larger(call: CallContext) -> Float64s:
    return np.maximum(call.scalar(0), call.scalar(1))


FUNCTIONS: Final = (
    Function("scalar", (VECTOR,), SCALAR, _scalar),
    Function("vector", (SCALAR,), VECTOR, _vector),
    Function("time", (), SCALAR, _time),
    Function("timestamp", (VECTOR,), VECTOR, _timestamp),
    Function("pi", (), SCALAR, _constant(lambda _: math.pi)),
    Function("start", (), SCALAR, _constant(lambda call: call.query.start / 1000)),
    Function("end", (), SCALAR, _constant(lambda call: call.query.end / 1000)),
    Function("step", (), SCALAR, _constant(lambda call: call.query.step / 1000)),
    Function("range", (), SCALAR, _constant(lambda call: (call.query.end - call.query.start) / 1000)),
    Function("min_of", (SCALAR, SCALAR), SCALAR, _smaller),
    Function("max_of", (SCALAR, SCALAR), SCALAR, _larger),
)
