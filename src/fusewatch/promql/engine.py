"""The query engine: text in, matrices out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.blocks import block_of, joined, result_of
from fusewatch.promql.cache import ResultCache, alike_joined, asked_of, gaps
from fusewatch.promql.durations import DurationContext
from fusewatch.promql.errors import (
    TOO_MANY_SAMPLES,
    ParameterError,
    QueryCanceledError,
    QueryTimeoutError,
    TooManySamplesError,
)
from fusewatch.promql.evaluate import Evaluator, Settings
from fusewatch.promql.explain import Explainer
from fusewatch.promql.fetch import Samples, fetch_all
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import Plan, plan, resolve
from fusewatch.promql.result import QueryResult, Statistics, answer
from fusewatch.promql.rollups import RollupUse
from fusewatch.promql.slices import Slices, WholeError, can_be_sliced, fetch_few
from fusewatch.promql.trace import Trace
from fusewatch.promql.warm import warm_kernels
from fusewatch.telemetry.ports import Budget, CancelledReadError, LimitExceededError, SeriesReader


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may use: samples read and held, series, steps, seconds."""

    max_samples: int = 50_000_000
    max_series: int = 1_000_000
    max_steps: int = 11_000
    timeout_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How a query is answered.

    ``lookback_ms`` in place of the engine's own; at most ``limit`` series (0: all); whether from roll-ups; whether to ``explain`` what each
    part of it found; and whether steps that were computed before may be taken from the ``cache``.
    """

    lookback_ms: int | None = None
    limit: int = 0
    rollups: RollupUse = RollupUse.EXACT
    explain: bool = False
    cache: bool = True


DEFAULT: Final = QueryOptions()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that was read already, to be asked again and again for single moments; ``text`` is what its spans point into."""

    text: str
    expr: ast.Expr

    @classmethod
    def of(cls, text: str) -> Prepared:
        """The query, read for an evaluation at one moment.

        Raises:
            ParseError: it can't be read.
        """
        return cls(text, parse(text, _AT_ONE_MOMENT))


_AT_ONE_MOMENT: Final = DurationContext(step_ms=0, range_ms=0)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query, and where it is to be evaluated."""

    text: str
    grid: Grid
    options: QueryOptions
    instant: bool
    expr: ast.Expr | None = None


@dataclass(slots=True)
class _Run:
    """One query on its way: all of its steps, where its warnings go and where its time went."""

    grid: Grid
    budget: Budget
    notes: Annotations
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures what happens inside; turns what a cancelled or exhausted budget raises into the query's own errors."""
        begun = time.perf_counter()
        try:
            yield
        except CancelledReadError as error:
            if self.budget.cancelled:
                raise QueryCanceledError("query was canceled in expression evaluation") from error
            raise QueryTimeoutError("query timed out in expression evaluation") from error
        except LimitExceededError as error:
            raise TooManySamplesError(str(error)) from error
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun


class Engine:
    """Answers PromQL from a :class:`SeriesReader`. Blocks: call it from a worker thread; it is safe to use from several."""

    def __init__(
        self,
        reader: SeriesReader,
        limits: QueryLimits | None = None,
        *,
        lookback_ms: int = 300_000,
        default_step_ms: int = 60_000,
        cache: ResultCache | None = None,
    ) -> None:
        self._reader = reader
        self.limits = limits or QueryLimits()
        self._lookback_ms = lookback_ms
        self._default_step_ms = default_step_ms
        self._cache = cache

    @staticmethod
    def warm() -> None:
        """Compiles the kernels, or loads them from the cache on disk; the first query is then as fast as the tenth."""
        warm_kernels()

    def budget(self) -> Budget:
        """A fresh budget with this engine's limits; keep it to cancel the query."""
        deadline = time.monotonic() + self.limits.timeout_s
        return Budget(max_samples=self.limits.max_samples, max_series=self.limits.max_series, deadline=deadline)

    def instant(self, query: str | Prepared, time_ms: int, *, budget: Budget | None = None, options: QueryOptions = DEFAULT) -> QueryResult:
        """The query's value at one moment.

        Raises:
            QueryError: see :mod:`fusewatch.promql.errors`.
        """
        grid = Grid(time_ms, 0, 1)
        if isinstance(query, Prepared):
            return self._answer(_Asked(query.text, grid, options, instant=True, expr=query.expr), budget)
        return self._answer(_Asked(query, grid, options, instant=True), budget)

    def range(
        self, query: str, start: int, end: int, step: int, *, budget: Budget | None = None, options: QueryOptions = DEFAULT
    ) -> QueryResult:
        """The query's value at ``start``, ``start + step`` … until ``end`` (ms), its series sorted by labels.

        Raises:
            QueryError: see :mod:`fusewatch.promql.errors`.
        """
        if step <= 0:
            raise ParameterError("zero or negative query resolution step widths are not accepted. Try a positive integer")
        if end < start:
            raise ParameterError("end timestamp must not be before start time")
        if (end - start) // step > self.limits.max_steps:
            limit_text = f"{self.limits.max_steps:,}"
            raise ParameterError(
                f"exceeded maximum resolution of {limit_text} points per timeseries. Try decreasing the query resolution (?step=XX)"
            )
        return self._answer(_Asked(query, Grid.between(start, end, step), options, instant=False), budget)

    def _answer(self, asked: _Asked, budget: Budget | None) -> QueryResult:
        text, grid = asked.text, asked.grid
        run = _Run(grid, budget or self.budget(), Annotations(text))
        with run.phase("parse"):
            expr = asked.expr or parse(text, DurationContext(step_ms=grid.step, range_ms=grid.end - grid.start))
            _check_type(expr, instant=asked.instant)
        plain = not asked.options.explain and asked.options.limit == 0
        if self._cache is None or asked.instant or not asked.options.cache or not plain:
            return self._evaluated(run, asked, expr)
        return self._completed(self._cache, run, asked, resolve(expr, grid))

    def _completed(self, cache: ResultCache, run: _Run, asked: _Asked, expr: ast.Expr) -> QueryResult:
        """The answer, of which the cache has some steps, and keeps more."""
        grid, others = asked.grid, (asked.options.rollups, self._lookback(asked))
        settled = cache.settled()
        known = asked_of(expr, grid, asked.text, others, lookback_ms=self._lookback(asked), settled=settled)
        if known is None:
            return self._evaluated(run, asked, expr)
        # Before any sample is read: one that comes late meanwhile makes what is kept outdated at once.
        versions = self._reader.versions(known.metrics)
        blocks, statistics = cache.found(known, versions, grid), Statistics(seconds=run.seconds)
        for gap in gaps(grid, blocks):
            result = self._evaluated(replace(run, notes=Annotations(asked.text)), replace(asked, grid=gap), expr)
            if result.histograms is not None:
                return result if gap == grid else self._evaluated(run, asked, expr)
            blocks.append(block_of(result, gap))
            statistics = statistics.plus(result.statistics)
        blocks = alike_joined(sorted(blocks, key=lambda block: block.grid.start))
        cache.keep(known, versions, blocks, settled)
        return replace(result_of(joined(blocks)), statistics=statistics)

    def _lookback(self, asked: _Asked) -> int:
        return self._lookback_ms if asked.options.lookback_ms is None else asked.options.lookback_ms

    def _evaluated(self, run: _Run, asked: _Asked, expr: ast.Expr) -> QueryResult:
        planned = self._planned(run, asked, expr)
        samples = None
        if not asked.instant and not asked.options.explain and can_be_sliced(planned):
            with run.phase("fetch"):
                samples = fetch_few(self._reader, planned.fetches, run.budget)
            try:
                if samples is None:
                    return self._in_slices(run, asked, expr, planned)
            except WholeError:
                run.notes = Annotations(asked.text)
        if samples is None:
            with run.phase("fetch"):
                samples = fetch_all(self._reader, planned.fetches, run.budget)
        trace = Trace() if asked.options.explain else None
        result = self._result(run, asked, planned, samples, trace)
        explained = None
        if trace is not None and trace.root is not None:
            with run.phase("explain"):
                explained = Explainer(asked.text, self._reader, samples.reads, run.budget.check).explained(trace.root)
        return replace(_told(result, run), statistics=Statistics(samples.count, samples.series, run.seconds), explained=explained)

    def _planned(self, run: _Run, asked: _Asked, expr: ast.Expr) -> Plan:
        with run.phase("plan"):
            return plan(expr, asked.grid, self._lookback(asked), default_step_ms=self._default_step_ms, rollups=asked.options.rollups)

    def _in_slices(self, run: _Run, asked: _Asked, expr: ast.Expr, planned: Plan) -> QueryResult:
        """The answer, of which some steps at a time are read and computed.

        Raises:
            WholeError: it is to be computed as a whole.
        """
        slices, blocks, limit = Slices(self._reader, planned, run.budget), [], asked.options.limit
        every = replace(asked, options=replace(asked.options, limit=0))
        while (grid := slices.next()) is not None:
            part = replace(every, grid=grid)
            step = self._planned(run, part, expr)
            with run.phase("fetch"):
                samples = slices.samples(step.fetches)
            blocks.append(block_of(self._result(run, part, step, samples), grid))
            del samples  # before the next ones are read
            if sum(block.values.size for block in blocks) > self.limits.max_samples:
                raise TooManySamplesError(TOO_MANY_SAMPLES)
        result = result_of(joined(blocks))
        result = result.first(limit) if 0 < limit < len(result) else result
        return replace(_told(result, run), statistics=Statistics(slices.count, slices.series, run.seconds))

    def _result(self, run: _Run, asked: _Asked, planned: Plan, samples: Samples, trace: Trace | None = None) -> QueryResult:
        settings = Settings(self._lookback(asked), self._default_step_ms, self.limits.max_samples)
        evaluator = Evaluator(samples=samples, query=run.grid, settings=settings, notes=run.notes, budget=run.budget, trace=trace)
        with run.phase("evaluate"), np.errstate(all="ignore"):
            value = evaluator.evaluate(planned.expr, asked.grid)
            return answer(value, asked.grid, asked.options.limit, instant=asked.instant)


def _told(result: QueryResult, run: _Run) -> QueryResult:
    """The result with what was to be told of it."""
    return replace(result, warnings=run.notes.warnings(), infos=run.notes.infos())


def _check_type(expr: ast.Expr, *, instant: bool) -> None:
    kind = ast.value_type(expr)
    if not instant and kind not in (ast.ValueType.SCALAR, ast.ValueType.VECTOR):
        raise ParameterError(f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')
