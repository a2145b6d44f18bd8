"""Compiles the kernels before the first query needs them."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.promql.annotations import Annotations
from fusewatch.promql.evaluate import Evaluator, Settings
from fusewatch.promql.fetch import Fetched, Samples
from fusewatch.promql.kernels.extrapolation import rolled_change
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import plan
from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import HistogramSet, SeriesSet

#: Between them they call every kernel with every combination of argument types.
_QUERIES: Final = (
    "timestamp(x)",
    "sum by (le) (rate(x[1m]))",
    "sum_over_time(x[1m])",
    "x and on (le) x",
    "quantile by (le) (0.5, x)",
    "topk by (le) (1, x)",
    "max_over_time(x[1m])",
    "quantile_over_time(0.5, x[1m])",
    "histogram_quantile(0.5, x)",
)


#: The same for native histograms.
_HISTOGRAM_QUERIES: Final = (
    "histogram_quantile(0.5, sum(rate(x[1m])))",
    "histogram_fraction(0, 1, sum_over_time(x[1m]))",
    "histogram_stdvar(x) + histogram_count(irate(x[1m]))",
    "changes(x[1m]) + resets(x[1m])",
    "(x + x) * 2 == x </ 1",
)


def warm_kernels() -> None:
    """Runs every kernel once on a few samples, so that it is compiled, or loaded from the cache on disk."""
    grid = Grid(60_000, 15_000, 2)
    labels = tuple(Labels({METRIC_NAME: "x", "le": bound}) for bound in ("1", "+Inf"))
    times = np.tile(np.arange(0, 120_000, 15_000, dtype=np.int64), 2)
    series = SeriesSet(labels, np.array([0, 8, 16], np.int64), times, np.arange(16.0))
    for query in _QUERIES:
        _run(query, series, grid)
    body = Histogram(schema=0, count=1.0, sum=1.0, positive_spans=(Span(0, 1),), positive_buckets=(1.0,), is_float=True).encode()
    bodies, ends = np.frombuffer(bytearray(body * 8), np.uint8), len(body) * np.arange(9, dtype=np.int64)
    found = HistogramSet(np.array([0, 8], np.int64), times[:8], ends, bodies)
    others = SeriesSet(labels[:1], np.zeros(2, np.int64), np.empty(0, np.int64), np.empty(0), histograms=found)
    for query in _HISTOGRAM_QUERIES:
        _run(query, others, grid)
    _warm_rollups(series, grid)


def _run(query: str, series: SeriesSet, grid: Grid) -> None:
    planned = plan(parse(query), grid, 60_000)
    samples = Samples([Fetched(fetch, series) for fetch in planned.fetches])
    settings = Settings(lookback_ms=60_000, default_step_ms=60_000, max_cells=1_000)
    evaluator = Evaluator(samples=samples, query=grid, settings=settings, notes=Annotations(query), budget=Budget())
    with np.errstate(all="ignore"):
        evaluator.evaluate(planned.expr, grid)


def _warm_rollups(series: SeriesSet, grid: Grid) -> None:
    """The kernel that only roll-ups need: each sample is its own."""
    counts, values, ends = np.full(16, 2), np.empty((2, 2)), grid.times()
    columns = (counts, series.timestamps, series.values, series.timestamps, series.values, series.values)
    windows = (ends, ends - 60_000, ends, 60_000)
    rolled_change(True, True, (series.offsets, series.timestamps), columns, windows, values, np.zeros((2, 2), np.bool_))  # noqa: FBT003  # a kernel
