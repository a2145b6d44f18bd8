"""Evaluates a planned tree, whole matrices at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.aggregations import aggregated
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.binary import negated, scalar_operation, vector_operation, with_scalar
from fusewatch.promql.errors import TOO_MANY_SAMPLES, ExecutionError, TooManySamplesError
from fusewatch.promql.extended import EXTENDED_FUNCTIONS, shown_extended, smoothed_vector
from fusewatch.promql.fetch import Fetched, Samples
from fusewatch.promql.functions.function import CallContext
from fusewatch.promql.functions.registry import FUNCTIONS
from fusewatch.promql.matrix import Grid, Matrix, RangeVector, Value
from fusewatch.promql.rollups import SHOWN, as_values, described, last_samples
from fusewatch.promql.selectors import instant_vector, subquery_range, window_ends
from fusewatch.promql.trace import Trace
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

    def __init__(
        self, *, samples: Samples, query: Grid, settings: Settings, notes: Annotations, budget: Budget, trace: Trace | None = None
    ) -> None:
        self._samples = samples
        self._query = query
        self._settings = settings
        self._notes = notes
        self._budget = budget
        self._trace = trace

    def evaluate(self, node: ast.Expr, grid: Grid) -> Value:
        """The value of ``node`` at every step of ``grid``.

        Raises:
            QueryError: the data does not fit the expression, or a limit was passed.
            LimitExceededError: cancelled, or out of time.
        """
        return self._noted(node, lambda: self._evaluated(node, grid))

    def _noted(self, node: ast.Expr, evaluate: Callable[[], Value]) -> Value:
        """What ``evaluate`` finds for ``node``, noted where the query is to be explained."""
        if self._trace is None:
            return evaluate()
        with self._trace.step(node) as step:
            value = step.value = evaluate()
        return value

    def _evaluated(self, node: ast.Expr, grid: Grid) -> Value:
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
                return negated(value) if isinstance(value, Matrix) else -_scalar(value)
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
        fetched = self._samples.of(node.matchers, int(ends[-1]))
        series = fetched.series
        self._bounded(len(series), grid.count)
        rolled = series.rolled
        if node.extended is ast.Extended.SMOOTHED and not when:
            vector = self._range_vector(node, ends, grid, 0, fetched)
            return smoothed_vector(vector, self._notes, node.span, self._budget.check)
        if rolled is not None:
            self._tell(described(rolled, ends, 0), node)
            series, ends = last_samples(series, rolled), rolled.spans.moved(ends)
        histograms = fetched.histograms(counts_only=node.counts_only)
        return instant_vector(series, histograms, ends, self._settings.lookback_ms, self._budget.check, when=when)

    def _tell(self, text: str, node: ast.Expr) -> None:
        if text:
            self._notes.info(text, node.span)

    def _range(self, node: ast.RangeSelector, grid: Grid, function: str) -> RangeVector:
        selector = node.selector
        _check_extended(selector, function)
        ends = _ends(grid, selector.offset_ms, selector.at)
        fetched = self._samples.of(selector.matchers, int(ends[-1])) if grid.count else None
        vector = self._range_vector(selector, ends, grid, node.range_ms, fetched)
        self._bounded(len(vector.series), grid.count)
        rolled = vector.series.rolled
        if rolled is not None:
            self._tell(described(rolled, ends, node.range_ms), node)
            vector = replace(vector, series=as_values(vector.series, rolled, function))
        return shown_extended(vector) if selector.extended and function == SHOWN and grid.count else vector

    def _range_vector(self, node: ast.Selector, ends: Int64s, grid: Grid, range_ms: int, fetched: Fetched | None) -> RangeVector:
        series = SeriesSet.empty() if fetched is None else fetched.live
        histograms = None if fetched is None else fetched.live_histograms(counts_only=node.counts_only)
        drop = np.zeros(len(series), np.bool_)
        beyond = self._settings.lookback_ms if node.extended else 0
        return RangeVector(series, drop, ends, grid.times(), range_ms, histograms, node.extended, beyond)

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
            return vector_operation(node, left, right, grid.count, self._settings.max_cells, self._notes)
        if isinstance(left, Matrix):
            return with_scalar(node, left, _scalar(right), self._notes, swapped=False)
        if isinstance(right, Matrix):
            return with_scalar(node, right, _scalar(left), self._notes, swapped=True)
        return scalar_operation(node.op, _scalar(left), _scalar(right))

    def _aggregate(self, node: ast.Aggregate, grid: Grid) -> Matrix:
        param = None if node.param is None else self.evaluate(node.param, grid)
        vector = self.evaluate(node.expr, grid)
        assert isinstance(vector, Matrix)  # noqa: S101 - the parser checked the types
        assert not isinstance(param, Matrix | RangeVector)  # noqa: S101 - the parser checked the types
        return aggregated(node, vector, param, self._notes, self._budget.check)

    def _call(self, node: ast.Call, grid: Grid) -> Value:
        if node.function == "timestamp" and isinstance(node.args[0], ast.Selector):
            selector = node.args[0]
            found = self._noted(selector, lambda: self._selector(selector, grid, when=True))
            assert isinstance(found, Matrix)  # noqa: S101 - what a selector makes
            return found.with_values(found.values, found.present)
        args = [self._argument(node, index, grid) for index in range(len(node.args))]
        return FUNCTIONS[node.function].apply(CallContext(node, args, grid, self._query, self._notes, self._budget.check))

    def _argument(self, node: ast.Call, index: int, grid: Grid) -> Value:
        arg = node.args[index]
        if isinstance(arg, ast.RangeSelector):
            return self._noted(arg, lambda: self._range(arg, grid, node.function))
        if node.function == "info" and index == 1:
            selector = arg.expr if isinstance(arg, ast.Invariant) else arg
            assert isinstance(selector, ast.Selector)  # noqa: S101 - the plan put it there
            return self._noted(selector, lambda: self._selector(selector, grid, when=True))
        return self.evaluate(arg, grid)


def _ends(grid: Grid, offset_ms: int, at: ast.At) -> Int64s:
    return window_ends(grid, offset_ms, at if isinstance(at, int) else None)


def _check_extended(selector: ast.Selector, function: str) -> None:
    kind = selector.extended
    if kind is not None and function != SHOWN and function not in EXTENDED_FUNCTIONS[kind]:
        allowed = ", ".join(sorted(EXTENDED_FUNCTIONS[kind]))
        raise ExecutionError(f"{kind} modifier can only be used with: {allowed} - not with {function}")


def _scalar(value: Value) -> Float64s:
    assert isinstance(value, np.ndarray)  # noqa: S101 - the parser checked the types
    return value


def _repeated(value: Value, steps: int) -> Value:
    if isinstance(value, Matrix):
        return value.repeated(steps)
    if isinstance(value, RangeVector):
        return replace(value, ends=np.repeat(value.ends, steps), times=np.repeat(value.times, steps))
    return value if isinstance(value, str) or not len(value) else np.repeat(value, steps)
