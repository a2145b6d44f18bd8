"""Binary operators between scalars and vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.arrays import Bools
from fusewatch.promql.matching import matched_operation, set_operation
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.samples import Float64s

ARITHMETIC: Final[dict[str, Callable[[Float64s, Float64s], Float64s]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: Final[dict[str, Callable[[Float64s, Float64s], Bools]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}


def scalar_operation(op: str, left: Float64s, right: Float64s) -> Float64s:
    """``left op right`` at every step; a comparison is 0 or 1."""
    return ARITHMETIC[op](left, right) if op in ARITHMETIC else COMPARISONS[op](left, right).astype(np.float64)


def with_scalar(node: ast.Binary, vector: Matrix, scalar: Float64s, *, swapped: bool) -> Matrix:
    """``vector op scalar``, or the other way round when ``swapped``; a comparison keeps the vector's values."""
    left, right = (scalar, vector.values) if swapped else (vector.values, scalar)
    if node.op in ARITHMETIC:
        return vector.with_values(ARITHMETIC[node.op](left, right))
    holds = COMPARISONS[node.op](left, right)
    if node.return_bool:
        return vector.with_values(holds.astype(np.float64))
    return Matrix(vector.labels, vector.values, vector.present & holds, vector.drop_name).trimmed()


def vector_operation(node: ast.Binary, left: Matrix, right: Matrix, steps: int, max_cells: int) -> Matrix:
    """``left op right`` between the series that match.

    Raises:
        ExecutionError: the matching is ambiguous.
        TooManySamplesError: the pairs that match have more than ``max_cells`` values.
    """
    matching = node.matching or ast.Matching(ast.Cardinality.ONE_TO_ONE)
    if node.op in ast.SET_OPERATORS:
        return set_operation(node.op, matching, left, right, steps)

    def operate(one: Float64s, other: Float64s) -> tuple[Float64s, Bools | None]:
        if node.op in ARITHMETIC:
            return ARITHMETIC[node.op](one, other), None
        holds = COMPARISONS[node.op](one, other)
        return (holds.astype(np.float64), None) if node.return_bool else (one, holds)

    keeps_name = node.op in COMPARISONS
    return matched_operation(operate, matching, left, right, keeps_name=keeps_name, drop=node.return_bool, max_cells=max_cells)
