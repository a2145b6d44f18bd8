"""Evaluates a planned tree, whole matrices at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.aggregations import aggregated
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.binary import scalar_operation, vector_operation, with_scalar
from fusewatch.promql.errors import TOO_MANY_SAMPLES, TooManySamplesError
from fusewatch.promql.fetch import Samples
from fusewatch.promql.functions.function import CallContext
from fusewatch.promql.functions.registry import FUNCTIONS
from fusewatch.promql.matrix import Grid, Matrix, RangeVector, Value
from fusewatch.promql.rollups import SHOWN, as_values, described, last_samples
from fusewatch.promql.selectors import instant_vector, subquery_range, window_ends
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import Float64s, Int64s, SeriesSet


@dataclass(frozen=True, slots=True)
class Settings:
    """What one evaluation is told: look-back, the step of subqueries without one, and how many cells a matrix may have."""

    lookback_ms: int
    default_step_ms: int
    max_cells: int


class Evaluator:
    """Evaluates one query over ``query``, its grid; the budget is checked before every node."""

    def __init__(self, *, samples: Samples, query: Grid, settings: Settings, notes: Annotations, budget: Budget) -> None:
        self._samples = samples
        self._query = query
        self._settings = settings
        self._notes = notes
        self._budget = budget

    def evaluate(self, node: ast.Expr, grid: Grid) -> Value:
        """The value of ``node`` at every step of ``grid``.

        Raises:
            QueryError: the data does not fit the expression, or a limit was passed.
            LimitExceededError: cancelled, or out of time.
        """
        self._budget.check()
        match node:
            case ast.Number():
                return np.full(grid.count, node.value)
            case ast.String():
                return node.value
            case ast.Selector():
                return self._selector(node, grid, when=False)
            case ast.RangeSelector():
                return self._range(node, grid, SHOWN)
            case ast.Subquery():
                return self._subquery(node, grid)
            case ast.Invariant():
                return _repeated(self.evaluate(node.expr, grid.first()), grid.count)
            case ast.Negation():
                value = self.evaluate(node.expr, grid)
                return value.with_values(-value.values) if isinstance(value, Matrix) else -_scalar(value)
            case ast.Binary():
                return self._binary(node, grid)
            case ast.Aggregate():
                return self._aggregate(node, grid)
            case ast.Call():
                return self._call(node, grid)

    def _bounded(self, series: int, steps: int) -> None:
        if series * steps > self._settings.max_cells:
            raise TooManySamplesError(TOO_MANY_SAMPLES)

    def _selector(self, node: ast.Selector, grid: Grid, *, when: bool) -> Matrix:
        if grid.count == 0:
            return Matrix.empty(0)
        ends = _ends(grid, node.offset_ms, node.at)
        series = self._samples.of(node.matchers, int(ends[-1])).series
        self._bounded(len(series), grid.count)
        rolled = series.rolled
        if rolled is not None:
            self._tell(described(rolled, ends, 0), node)
            series, ends = last_samples(series, rolled), rolled.spans.moved(ends)
        return instant_vector(series, ends, self._settings.lookback_ms, self._budget.check, when=when)

    def _tell(self, text: str, node: ast.Expr) -> None:
        if text:
            self._notes.info(text, node.span)

    def _range(self, node: ast.RangeSelector, grid: Grid, function: str) -> RangeVector:
        ends = _ends(grid, node.selector.offset_ms, node.selector.at)
        series = self._samples.of(node.selector.matchers, int(ends[-1])).live if grid.count else SeriesSet.empty()
        self._bounded(len(series), grid.count)
        if series.rolled is not None:
            self._tell(described(series.rolled, ends, node.range_ms), node)
            series = as_values(series, series.rolled, function)
        return RangeVector(series, np.zeros(len(series), np.bool_), ends, grid.times(), node.range_ms)

    def _subquery(self, node: ast.Subquery, grid: Grid) -> RangeVector:
        ends = _ends(grid, node.offset_ms, node.at)
        step = self._settings.default_step_ms if node.step_ms is None else node.step_ms
        inner = Grid(0, step, 0)
        if grid.count:
            # The first multiple of the step after the (open) left end of the first window.
            inner = Grid.between(((int(ends[0]) - node.range_ms) // step + 1) * step, int(ends[-1]), step)
        self._bounded(1, inner.count)
        found = self.evaluate(node.expr, inner)
        assert isinstance(found, Matrix)  # noqa: S101 - the parser checked the types
        return subquery_range(found, inner, ends, grid.times(), node.range_ms)

    def _binary(self, node: ast.Binary, grid: Grid) -> Value:
        left, right = self.evaluate(node.left, grid), self.evaluate(node.right, grid)
        if isinstance(left, Matrix) and isinstance(right, Matrix):
            return vector_operation(node, left, right, grid.count, self._settings.max_cells)
        if isinstance(left, Matrix):
            return with_scalar(node, left, _scalar(right), swapped=False)
        if isinstance(right, Matrix):
            return with_scalar(node, right, _scalar(left), swapped=True)
        return scalar_operation(node.op, _scalar(left), _scalar(right))

    def _aggregate(self, node: ast.Aggregate, grid: Grid) -> Matrix:
        param = None if node.param is None else self.evaluate(node.param, grid)
        vector = self.evaluate(node.expr, grid)
        assert isinstance(vector, Matrix)  # noqa: S101 - the parser checked the types
        assert not isinstance(param, Matrix | RangeVector)  # noqa: S101 - the parser checked the types
        return aggregated(node, vector, param, self._notes)

    def _call(self, node: ast.Call, grid: Grid) -> Value:
        if node.function == "timestamp" and isinstance(node.args[0], ast.Selector):
            found = self._selector(node.args[0], grid, when=True)
            return found.with_values(found.values)
        args = [
            self._range(arg, grid, node.function) if isinstance(arg, ast.RangeSelector) else self.evaluate(arg, grid) for arg in node.args
        ]
        return FUNCTIONS[node.function].apply(CallContext(node, args, grid, self._query, self._notes, self._budget.check))


def _ends(grid: Grid, offset_ms: int, at: ast.At) -> Int64s:
    return window_ends(grid, offset_ms, at if isinstance(at, int) else None)


def _scalar(value: Value) -> Float64s:
    assert isinstance(value, np.ndarray)  # noqa: S101 - the parser checked the types
    return value


def _repeated(value: Value, steps: int) -> Value:
    if isinstance(value, Matrix):
        return value.repeated(steps)
    if isinstance(value, RangeVector):
        return replace(value, ends=np.repeat(value.ends, steps), times=np.repeat(value.times, steps))
    return value if isinstance(value, str) or not len(value) else np.repeat(value, steps)
