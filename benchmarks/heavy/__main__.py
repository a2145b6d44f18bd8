"""Twenty heavy queries at once: how long an instant query takes meanwhile, what memory that takes, how soon a cancelled one has stopped.

All servers in one run on the same samples, 24 h of 2,000 series at 15 s, and as many more as come while it is measured; the heavy queries
never ask for the same window twice. ``--still``: no more samples come, so that the rule's query reads what was compressed long ago.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt

from benchmarks.processes import Family
from benchmarks.query.__main__ import settle
from benchmarks.query.data import STEP_MS, first_values, load, requests
from benchmarks.query.servers import NAMES, Server, running

HEAVY = (
    "quantile by (job) (0.9, rate(x_total[1h]))",
    "sum by (instance) (rate(x_total[5m]))",
    "topk(100, max_over_time(x_total[1h]))",
    "histogram_quantile(0.9, sum by (le, job) (rate(x_total[5m])))",
)
RULE = "sum by (job) (rate(x_total[5m])) > 0"


@dataclass
class Load:
    """Heavy queries until ``over``; what they answered."""

    server: Server
    start_s: float
    end_s: float
    over: threading.Event = field(default_factory=threading.Event)
    shifts: itertools.count[int] = field(default_factory=itertools.count)
    answered: int = 0
    refused: int = 0

    def ask(self) -> None:
        """Asks one after the other."""
        with httpx.Client(timeout=300) as client:
            while not self.over.is_set():
                shift = next(self.shifts)
                window = {"start": self.start_s + shift * 7.3, "end": self.end_s, "step": "30", "nocache": "1"}
                answer = client.get(f"{self.server.url}/api/v1/query_range", params={"query": HEAVY[shift % len(HEAVY)], **window})
                self.answered += answer.status_code == 200
                self.refused += answer.status_code != 200


@contextmanager
def coming(servers: list[Server], values: npt.NDArray[np.float64], *, still: bool) -> Iterator[None]:
    """The next sample of every series each 15 s, meanwhile: rules are asked of what has just come."""
    over = threading.Event()

    def feed() -> None:
        while not over.wait(STEP_MS / 1000 - time.time() % (STEP_MS / 1000)):
            now = int(time.time() * 1000) // STEP_MS * STEP_MS
            load(servers, requests(series=len(values), steps=1, start_ms=now, values=values))

    with ThreadPoolExecutor(1) as threads:
        fed = None if still else threads.submit(feed)
        try:
            yield
        finally:
            over.set()
            if fed is not None:
                fed.result()


def instant(server: Server, seconds: float) -> list[float]:
    """The seconds that a rule's query takes each time, ten times a second."""
    taken, until = [], time.monotonic() + seconds
    with httpx.Client(timeout=120) as client:
        while time.monotonic() < until:
            begun = time.perf_counter()
            client.get(f"{server.url}/api/v1/query", params={"query": RULE}).raise_for_status()
            taken.append(time.perf_counter() - begun)
            time.sleep(max(0.0, 0.1 - taken[-1]))
    return taken


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def told(values: list[float]) -> str:
    return f"p50 {percentile(values, 50) * 1000:6.1f} ms, p95 {percentile(values, 95) * 1000:6.1f} ms, most {max(values) * 1000:6.1f} ms"


def measure(server: Server, start_s: float, end_s: float, options: argparse.Namespace) -> None:
    """Prints what one server does."""
    alone = instant(server, 5)
    family, most = Family(server.process.pid), 0
    resting = sum(family.memory().values())
    heavy = Load(server, start_s, end_s)
    with ThreadPoolExecutor(options.heavy + 1) as threads:
        for _ in range(options.heavy):
            threads.submit(heavy.ask)
        beside = threads.submit(instant, server, options.seconds)
        while not beside.done():
            most = max(most, sum(family.memory().values()))
            time.sleep(0.05)
        heavy.over.set()
    print(f"{server.name:16} an instant query alone      {told(alone)}")
    print(f"{'':16} … beside {options.heavy} heavy ones      {told(beside.result())}, {len(beside.result())} asked")
    memory = f"memory {resting / 1e6:.0f} MB before, {most / 1e6:.0f} MB at most"
    print(f"{'':16} heavy ones answered {heavy.answered}, refused {heavy.refused}; {memory}")


def stopping(server: Server, start_s: float, end_s: float) -> None:
    """Prints how soon work stops for a client that hung up, by the server's own processor time."""
    family, window = Family(server.process.pid), {"start": start_s, "end": end_s, "step": "15", "nocache": "1"}
    with httpx.Client(timeout=httpx.Timeout(10, read=0.3)) as client:
        try:
            client.get(f"{server.url}/api/v1/query_range", params={"query": f"quantile by (instance) (0.9, {HEAVY[2]})", **window})
        except httpx.ReadTimeout:
            pass
        else:
            print(f"{server.name:16} was done before it could be cancelled")
            return
    begun, before = time.monotonic(), family.processor_seconds()
    while True:
        time.sleep(0.25)
        now = family.processor_seconds()
        if now - before < 0.05 or time.monotonic() - begun > 60:
            break
        before = now
    print(f"{server.name:16} was at work for {time.monotonic() - begun - 0.25:.2f} s at most after its client had gone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--heavy", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=["Prometheus", "Fusewatch"])
    options = parser.parse_args()
    steps = 24 * 3_600_000 // STEP_MS
    start_ms = (int(time.time() * 1000) - steps * STEP_MS) // STEP_MS * STEP_MS
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [stack.enter_context(running(name, Path(folder) / name)) for name in options.servers]
        values = first_values(options.series)
        load(servers, requests(series=options.series, steps=steps, start_ms=start_ms, values=values))
        with coming(servers, values, still=options.still):
            settle(servers, 300)
            # Then the rule's five minutes are of those that came.
            time.sleep(0 if options.still else 330)
            for server in servers:
                measure(server, start_ms / 1000 + 3600, start_ms / 1000 + 23 * 3600, options)
            for server in servers:
                stopping(server, start_ms / 1000 + 3600, start_ms / 1000 + 23 * 3600)


if __name__ == "__main__":
    main()
