"""Remote write: acknowledged samples a second over 1 and 8 connections, beside Prometheus and VictoriaMetrics.

The servers get the same requests of 2,000 samples, in turns, so that whatever else the machine does meets all alike; what is printed is
the median of the rounds. ``FUSEWATCH_BENCH_PROMETHEUS`` and ``FUSEWATCH_BENCH_VICTORIA_METRICS`` name other binaries than Debian's.
``python -m benchmarks.ingest.store`` measures the store without HTTP.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.ingest.bodies import ROWS, build_requests
from benchmarks.ingest.sender import seconds_to_send
from benchmarks.query.servers import NAMES, running

CONNECTIONS = (1, 8)
#: A multiple of 8 requests, so that the samples of a series go over one connection, in order.
SERIES = 8 * ROWS
ROUNDS = 3
TICKS = 50
STEP_MS = 1_000


def prepare() -> tuple[list[bytes], list[list[bytes]]]:
    """One request per 2,000 series to make them known, then the requests of each measurement."""
    per_round, start = SERIES * TICKS, time.time_ns() // 1_000_000 - 1_800_000
    first = list(build_requests(series=SERIES, samples=SERIES, start_ms=start, step_ms=STEP_MS))
    rounds = [
        list(build_requests(series=SERIES, samples=per_round, start_ms=start + (1 + k * TICKS) * STEP_MS, step_ms=STEP_MS))
        for k in range(ROUNDS * len(CONNECTIONS))
    ]
    return first, rounds


def measure(folder: Path) -> dict[tuple[str, int], list[float]]:
    """Samples a second of each round, by server and number of connections."""
    first, rounds = prepare()
    rates: dict[tuple[str, int], list[float]] = {}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(running(name, folder / name)).url for name in NAMES}
        for url in urls.values():
            seconds_to_send(url, first, 1)
        for number, bodies in enumerate(rounds):
            connections = CONNECTIONS[number % len(CONNECTIONS)]
            for name, url in urls.items():
                seconds = seconds_to_send(url, bodies, connections)
                rates.setdefault((name, connections), []).append(len(bodies) * ROWS / seconds)
    return rates


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(Path(folder))
    for connections in CONNECTIONS:
        ours = median(rates["Fusewatch", connections])
        print(f"\n{connections} connection{'s' * (connections > 1)}, acknowledged samples a second (Fusewatch: in the log):")
        for name in NAMES:
            rate = median(rates[name, connections])
            print(f"  {name:<16}{rate:>12,.0f}   Fusewatch is {ours / rate:.1f} times that")


if __name__ == "__main__":
    main()
