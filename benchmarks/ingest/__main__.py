"""Remote write: acknowledged samples a second over 1 and 8 connections, beside Prometheus and VictoriaMetrics.

The servers get the same requests of 2,000 samples, in turns, so that whatever else the machine does meets all alike; what is printed is
the median of the rounds. ``--fsync`` measures Fusewatch with ``storage.fsync: true`` beside them, ``--busy`` asks each server for the
panels of a dashboard meanwhile. ``FUSEWATCH_BENCH_PROMETHEUS`` and ``FUSEWATCH_BENCH_VICTORIA_METRICS`` name other binaries than
Debian's. ``python -m benchmarks.ingest.store`` measures the store without HTTP.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from statistics import median

from benchmarks.ingest.bodies import ROWS, build_requests
from benchmarks.ingest.dashboard import busy_dashboard
from benchmarks.ingest.sender import seconds_to_send
from benchmarks.query.servers import NAMES, running

CONNECTIONS = (1, 8)
#: A multiple of 8 requests, so that the samples of a series go over one connection, in order.
SERIES = 8 * ROWS
ROUNDS = 3
TICKS = 50
STEP_MS = 1_000


def prepare(connections: Sequence[int]) -> tuple[list[bytes], list[list[bytes]]]:
    """One request per 2,000 series to make them known, then the requests of each measurement."""
    per_round, start = SERIES * TICKS, time.time_ns() // 1_000_000 - 1_800_000
    first = list(build_requests(series=SERIES, samples=SERIES, start_ms=start, step_ms=STEP_MS))
    rounds = [
        list(build_requests(series=SERIES, samples=per_round, start_ms=start + (1 + k * TICKS) * STEP_MS, step_ms=STEP_MS))
        for k in range(ROUNDS * len(connections))
    ]
    return first, rounds


def measure(folder: Path, *, connections: Sequence[int], fsync: bool, busy: bool) -> dict[tuple[str, int], list[float]]:
    """Samples a second of each round, by server and number of connections."""
    first, rounds = prepare(connections)
    rates: dict[tuple[str, int], list[float]] = {}
    config = "storage: {fsync: true}\n" if fsync else ""
    with ExitStack() as stack:
        urls = {name: stack.enter_context(running(name, folder / name, fusewatch_config=config)).url for name in NAMES}
        for url in urls.values():
            seconds_to_send(url, first, 1)
        for number, bodies in enumerate(rounds):
            count = connections[number % len(connections)]
            for name, url in urls.items():
                with busy_dashboard(url) if busy else nullcontext():
                    seconds = seconds_to_send(url, bodies, count)
                rates.setdefault((name, count), []).append(len(bodies) * ROWS / seconds)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fsync", action="store_true")
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    connections = (8,) if options.fsync or options.busy else CONNECTIONS
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(Path(folder), connections=connections, fsync=options.fsync, busy=options.busy)
    what = ("in the log and on disk" if options.fsync else "in the log") + (", beside a busy dashboard" if options.busy else "")
    for count in connections:
        ours = median(rates["Fusewatch", count])
        print(f"\n{count} connection{'s' * (count > 1)}, acknowledged samples a second (Fusewatch: {what}):")
        for name in NAMES:
            rate = median(rates[name, count])
            print(f"  {name:<16}{rate:>12,.0f}   Fusewatch is {ours / rate:.1f} times that")


if __name__ == "__main__":
    main()
