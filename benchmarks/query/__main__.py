"""Queries over 24 h of 2,000 series at 15 s, all servers in one run, answers compared, ratios printed.

Binaries are Debian's, or named by ``FUSEWATCH_BENCH_PROMETHEUS`` and ``FUSEWATCH_BENCH_VICTORIA_METRICS``. Every repetition asks for
another window, so that no cache helps. ``--series 500 --hours 168`` is the other load to look at. Fusewatch is given the minutes that it
takes to compress what is older than two hours, as it would be by the time that somebody asks (``--settle 0``: at once). Days that are over
it merges half an hour after their last sample came, or when it starts: ``--merged`` starts all servers again before they are asked.

``--scale`` has 10,000, 100,000 and a million series (``--sizes``), less and less of each, and draws the figures with ``--plot FILE`` (needs
matplotlib). ``--first`` starts each server again on its data and compares the first query with the tenth. ``--native`` asks for native
histograms.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.query.asking import Window, agree, interleaved, line, mean, ratios, settle
from benchmarks.query.data import STEP_MS, load, requests
from benchmarks.query.first import compare_first
from benchmarks.query.native import compare_native
from benchmarks.query.scale import SIZES, compare_sizes
from benchmarks.query.servers import NAMES, Server, running

QUERIES = (
    "sum by (job) (rate(x_total[5m]))",
    "sum(topk(5, rate(x_total[5m])))",
    "avg by (job) (x_total)",
    "max by (job) (max_over_time(x_total[1h]))",
    "sum(rate(x_total[1h]))",
    "quantile by (job) (0.9, rate(x_total[5m]))",
    "histogram_quantile(0.9, sum by (job, le) (rate(x_total[5m])))",
    "sum by (job) (x_total) / on (job) count by (job) (x_total)",
    'rate(x_total{instance=~"host-0000.*"}[5m])',
    'x_total{instance=~"host-000.*"}',
)
_POINTS_STEP_S = 60
#: Between samples: Prometheus before 3 counts a sample at the far end of a window, Prometheus 3 does not.
_BETWEEN_S = 7.3


def measure(servers: Sequence[Server], window: Window, repetitions: int) -> None:
    """Prints a line per query: the median of each server, how many times faster than it we are, and whether the answers agree."""
    names, measured = [server.name for server in servers], []
    print(f"{'query':64}" + "".join(f"{name:>19}" for name in names) + "   same as Prometheus")
    for query in QUERIES:
        seconds, answers = interleaved(servers, query, window, repetitions)
        measured.append(seconds)
        same = agree(answers["Prometheus"], answers["Fusewatch"]) if {"Prometheus", "Fusewatch"} <= answers.keys() else None
        print(f"{line(query, names, seconds)}   {same}", flush=True)
    means = "".join(f"{mean(ratios(measured, name)):18.2f}x" for name in names)
    print(f"{'geometric mean of how many times faster Fusewatch is':64}{means}")


def compare(options: argparse.Namespace) -> None:
    """The comparison on one load."""
    steps = int(options.hours * 3_600_000) // STEP_MS
    start_ms = (int(time.time() * 1000) - steps * STEP_MS) // STEP_MS * STEP_MS
    begin = start_ms / 1000 + 3600 + _BETWEEN_S
    window = Window(begin, begin + options.hours * 3600 - 7200, _POINTS_STEP_S)
    with tempfile.TemporaryDirectory() as folder:
        with ExitStack() as stack:
            servers = [stack.enter_context(running(name, Path(folder) / name)) for name in options.servers]
            begun = time.perf_counter()
            load(servers, requests(series=options.series, steps=steps, start_ms=start_ms))
            print(f"{options.series * steps / 1e6:.1f} M samples loaded in {time.perf_counter() - begun:.0f} s")
            settle(servers, options.settle)
            if not options.first and not options.merged:
                measure(servers, window, options.repetitions)
        if options.merged:
            with ExitStack() as stack:
                servers = [stack.enter_context(running(name, Path(folder) / name)) for name in options.servers]
                settle(servers, options.settle)
                measure(servers, window, options.repetitions)
        if options.first:
            compare_first(options.servers, Path(folder), window, options.repetitions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--settle", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=list(NAMES))
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--scale", action="store_true", help="how queries grow with the number of series")
    kinds.add_argument("--first", action="store_true", help="the first query after a start beside the tenth")
    parser.add_argument("--merged", action="store_true", help="with the days that are over merged")
    kinds.add_argument("--native", action="store_true", help="native histograms")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of series of --scale")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where --scale draws")
    options = parser.parse_args()
    if options.scale:
        compare_sizes(options.servers, options.sizes, options.repetitions, options.settle, options.plot)
    elif options.native:
        compare_native(options.servers, options.hours, options.repetitions, options.settle)
    else:
        compare(options)


if __name__ == "__main__":
    main()
