"""Compiles the kernels before the first query needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from fusewatch.promql.annotations import Annotations
from fusewatch.promql.evaluate import Evaluator, Settings
from fusewatch.promql.fetch import Fetched, Samples
from fusewatch.promql.kernels.extrapolation import rolled_change
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import plan
from fusewatch.promql.splicing import followed, since
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

#: The same for native histograms, and for extended selectors of both.
_HISTOGRAM_QUERIES: Final = (
    "histogram_quantile(0.5, sum(rate(x[1m])))",
    "histogram_fraction(0, 1, sum_over_time(x[1m]))",
    "histogram_stdvar(x) + histogram_count(irate(x[1m]))",
    "changes(x[1m]) + resets(x[1m])",
    "(x + x) * 2 == x </ 1",
    *("rate(x[1m] anchored)", "rate(x[1m] smoothed)", "x smoothed"),
)
_EXTENDED_QUERIES: Final = ("rate(x[1m] anchored)", "changes(x[1m] anchored)", "x smoothed")

_GRID: Final = Grid(60_000, 15_000, 2)
_LABELS: Final = tuple(Labels({METRIC_NAME: "x", "le": bound}) for bound in ("1", "+Inf"))


def _floats() -> SeriesSet:
    times = np.tile(np.arange(0, 120_000, 15_000, dtype=np.int64), 2)
    return SeriesSet(_LABELS, np.array([0, 8, 16], np.int64), times, np.arange(16.0))


def warm_kernels() -> None:
    """Runs every kernel of numbers once on a few samples, so that it is compiled, or loaded from the cache on disk."""
    series = _floats()
    for query in _QUERIES:
        _run(query, _floats)
    _warm_rollups(series)
    followed(since(series, 60_000), series)


def histogram_warmups() -> Sequence[Callable[[], None]]:
    """The same for kernels of native histograms and of extended selectors, in steps that take some tens of milliseconds each."""
    extended = [partial(_run, query, _floats) for query in _EXTENDED_QUERIES]
    return [*extended, *(partial(_run, query, _native) for query in _HISTOGRAM_QUERIES)]


def _native() -> SeriesSet:
    body = Histogram(schema=0, count=1.0, sum=1.0, positive_spans=(Span(0, 1),), positive_buckets=(1.0,), is_float=True).encode()
    bodies, ends = np.frombuffer(bytearray(body * 8), np.uint8), len(body) * np.arange(9, dtype=np.int64)
    found = HistogramSet(np.array([0, 8], np.int64), _floats().timestamps[:8], ends, bodies)
    return SeriesSet(_LABELS[:1], np.zeros(2, np.int64), np.empty(0, np.int64), np.empty(0), histograms=found)


def _run(query: str, data: Callable[[], SeriesSet]) -> None:
    series = data()
    planned = plan(parse(query), _GRID, 60_000)
    samples = Samples([Fetched(fetch, series) for fetch in planned.fetches])
    settings = Settings(lookback_ms=60_000, default_step_ms=60_000, max_cells=1_000)
    evaluator = Evaluator(samples=samples, query=_GRID, settings=settings, notes=Annotations(query), budget=Budget())
    with np.errstate(all="ignore"):
        evaluator.evaluate(planned.expr, _GRID)


def _warm_rollups(series: SeriesSet) -> None:
    """The kernel that only roll-ups need: each sample is its own."""
    counts, values, ends = np.full(16, 2), np.empty((2, 2)), _GRID.times()
    columns = (counts, series.timestamps, series.values, series.timestamps, series.values, series.values)
    windows = (ends, ends - 60_000, ends, 60_000)
    rolled_change(True, True, (series.offsets, series.timestamps), columns, windows, values, np.zeros((2, 2), np.bool_))  # noqa: FBT003  # a kernel
