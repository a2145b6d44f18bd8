"""Binary operators between scalars and vectors, and the minus sign."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.arrays import Bools
from fusewatch.promql.elementwise import ARITHMETIC, COMPARISONS, Cells, Outcome, operate
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.histograms import Histograms
from fusewatch.promql.kernels.native.cells import scaled
from fusewatch.promql.matching import matched_operation, set_operation
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.samples import Float64s


def scalar_operation(op: str, left: Float64s, right: Float64s) -> Float64s:
    """``left op right`` at every step; a comparison is 0 or 1.

    Raises:
        ExecutionError: the operator is for histograms alone.
    """
    if op in ast.TRIMS:
        raise ExecutionError(f'operator "{op}" not allowed for Scalar operations')
    return ARITHMETIC[op](left, right) if op in ARITHMETIC else COMPARISONS[op](left, right).astype(np.float64)


def with_scalar(node: ast.Binary, vector: Matrix, scalar: Float64s, notes: Annotations, *, swapped: bool) -> Matrix:
    """``vector op scalar``, or the other way round when ``swapped``; a comparison keeps the vector's values."""
    number, samples = Cells(np.broadcast_to(scalar, vector.values.shape)), Cells(vector.values, vector.histograms)
    left, right = (number, samples) if swapped else (samples, number)
    found = operate(node, left, right, vector.present, notes)
    present = vector.present if found.holds is None else vector.present & found.holds
    if node.op in ARITHMETIC or node.return_bool:
        changed = Matrix(vector.labels, found.values, present, np.ones(len(vector), np.bool_), found.histograms)
        return changed if found.holds is None else changed.trimmed()
    histograms = found.histograms if node.op in ast.TRIMS else vector.histograms
    return replace(vector, present=present, histograms=histograms).trimmed()


def vector_operation(node: ast.Binary, left: Matrix, right: Matrix, steps: int, max_cells: int, notes: Annotations) -> Matrix:
    """``left op right`` between the series that match.

    Raises:
        ExecutionError: the matching is ambiguous.
        TooManySamplesError: the pairs that match have more than ``max_cells`` values.
    """
    matching = node.matching or ast.Matching(ast.Cardinality.ONE_TO_ONE)
    if node.op in ast.SET_OPERATORS:
        return set_operation(node.op, matching, left, right, steps)

    def operation(one: Cells, other: Cells, both: Bools) -> Outcome:
        return operate(node, one, other, both, notes)

    keeps_name = node.op not in ARITHMETIC
    return matched_operation(operation, matching, left, right, keeps_name=keeps_name, drop=node.return_bool, max_cells=max_cells)


def negated(vector: Matrix) -> Matrix:
    """``-vector``."""
    found = vector.histograms
    if found is None:
        return vector.with_values(-vector.values)
    pool = scaled(False, found.pool, np.arange(len(found.pool.kinds)), np.full(len(found.pool.kinds), -1.0))  # noqa: FBT003  # a kernel
    values = np.where(vector.is_histogram, vector.values, -vector.values)
    return replace(vector.with_values(values, vector.present), histograms=Histograms(found.places, pool))
