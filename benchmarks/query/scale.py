"""What queries over all of many series take: each size on servers of its own, asked in turn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.query.asking import Window, agree, interleaved, line, mean, ratios, settle
from benchmarks.query.data import STEP_MS, load, requests
from benchmarks.query.servers import running

SIZES = (10_000, 100_000, 1_000_000)
QUERIES = (
    "sum by (job) (rate(x_total[5m]))",
    "avg by (job) (x_total)",
    "sum(topk(5, rate(x_total[5m])))",
    "quantile by (job) (0.9, rate(x_total[5m]))",
    "histogram_quantile(0.9, sum by (job, le) (rate(x_total[5m])))",
    'rate(x_total{instance=~"host-0000.*"}[5m])',
)
#: About how many samples each size has, at least fifteen minutes and at most a day of each series.
_SAMPLES = 30_000_000
_SHORTEST_MS, _LONGEST_MS = 900_000, 86_400_000
_POINTS = 60
#: All that is not about this load is out of the way.
_FUSEWATCH = "query: {max_series: 5000000, max_samples: 500000000, timeout: 5m}\n"
_FLAGS = {
    "Prometheus": ("--query.max-samples=500000000",),
    "VictoriaMetrics": ("-search.maxUniqueTimeseries=5000000", "-search.maxQueryDuration=5m"),
    "Fusewatch": (),
}

#: The median seconds of each server, of each query.
Measured = list[dict[str, float]]


def span_ms(series: int) -> int:
    """How much time each series has samples for."""
    wanted = _SAMPLES // series * STEP_MS
    return min(max(wanted, _SHORTEST_MS), _LONGEST_MS)


def measure(names: Sequence[str], series: int, repetitions: int, settle_s: float) -> Measured:
    """Prints a line per query."""
    span = span_ms(series)
    start_ms = (int(time.time() * 1000) - span) // STEP_MS * STEP_MS
    # From where every window is whole on, without the steps by which repetitions go on.
    begin, end = start_ms / 1000 + 307.3, start_ms / 1000 + span / 1000
    step = max(1.0, (end - begin) // (_POINTS + repetitions))
    window, found = Window(begin, end - repetitions * step, step), []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [
            stack.enter_context(running(name, Path(folder) / name, fusewatch_config=_FUSEWATCH, flags=_FLAGS[name])) for name in names
        ]
        load(servers, requests(series=series, steps=span // STEP_MS, start_ms=start_ms))
        settle(servers, settle_s)
        print(f"\n{f'{series:,} series, {span // 60_000} minutes':64}" + "".join(f"{name:>19}" for name in names) + "   same as Prometheus")
        for query in QUERIES:
            seconds, answers = interleaved(servers, query, window, repetitions)
            same = agree(answers["Prometheus"], answers["Fusewatch"]) if {"Prometheus", "Fusewatch"} <= answers.keys() else None
            print(f"{line(query, names, seconds)}   {same}", flush=True)
            found.append(seconds)
    return found


def compare_sizes(names: Sequence[str], sizes: Sequence[int], repetitions: int, settle_s: float, plot: Path | None) -> None:
    """Prints all sizes, then how many times faster Fusewatch is at each; draws the figures where they are wanted."""
    measured = {size: measure(names, size, repetitions, settle_s) for size in sizes}
    print(f"\n{'geometric mean of how many times faster Fusewatch is':64}" + "".join(f"{name:>19}" for name in names))
    for size, found in measured.items():
        print(f"{f'{size:,} series':64}" + "".join(f"{mean(ratios(found, name)):18.2f}x" for name in names))
    if plot is not None:
        draw(names, measured, plot)


def draw(names: Sequence[str], measured: Mapping[int, Measured], path: Path) -> None:
    """The time of a query, and how many times that of Fusewatch it is, over the number of series, in logarithms."""
    import matplotlib as mpl  # noqa: PLC0415 - only drawing needs it

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "fusewatch", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (times, factors) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    sizes = list(measured)
    for name in names:
        means = [1000 * mean([seconds[name] for seconds in measured[size] if name in seconds]) for size in sizes]
        times.loglog(sizes, means, marker="o", label=name)
        factors.loglog(sizes, [mean(ratios(measured[size], name)) for size in sizes], marker="o", label=name)
    times.set(title="a query, geometric mean, ms", xlabel="series")
    factors.set(title="times Fusewatch's", xlabel="series")
    for axes in (times, factors):
        axes.grid(visible=True, which="both", alpha=0.25)
        axes.legend()
    figure.savefig(path, metadata={"Date": None})
