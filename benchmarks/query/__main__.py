"""``python -m benchmarks.query``: 24 h of 2,000 series at 15 s, all servers in one run, answers compared, ratios printed.

Binaries are Debian's, or named by ``FUSEWATCH_BENCH_PROMETHEUS`` and ``FUSEWATCH_BENCH_VICTORIA_METRICS``. Every repetition asks for
another window, so that no cache helps. ``--series 500 --hours 168`` is the other load to look at. Fusewatch is given the minutes that it
takes to compress what is older than two hours, as it would be by the time that somebody asks (``--settle 0``: at once).
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from benchmarks.query.data import STEP_MS, load, requests
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


def ask(client: httpx.Client, server: Server, query: str, start_s: float, end_s: float) -> tuple[float, list[dict[str, Any]]]:
    """Seconds until the whole answer is here, and the answer."""
    parameters = {"query": query, "start": f"{start_s:.3f}", "end": f"{end_s:.3f}", "step": str(_POINTS_STEP_S), "nocache": "1"}
    begun = time.perf_counter()
    answer = client.get(f"{server.url}/api/v1/query_range", params=parameters)
    seconds = time.perf_counter() - begun
    answer.raise_for_status()
    return seconds, answer.json()["data"]["result"]


def agree(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> bool:
    """Whether two answers have the same series and samples, to a relative error of 10⁻⁶."""
    tables = [
        {tuple(sorted(row["metric"].items())): {moment: float(value) for moment, value in row["values"]} for row in answer}
        for answer in (left, right)
    ]
    if tables[0].keys() != tables[1].keys():
        return False
    return all(
        points.keys() == tables[1][key].keys()
        and all(math.isclose(value, tables[1][key][moment], rel_tol=1e-6, abs_tol=1e-9) for moment, value in points.items())
        for key, points in tables[0].items()
    )


def measure(servers: list[Server], start_s: float, hours: float, repetitions: int) -> None:
    """Prints a line per query: the median of each server, how many times faster than it we are, and whether the answers agree."""
    ratios: dict[str, list[float]] = {server.name: [] for server in servers}
    print(f"{'query':64}" + "".join(f"{server.name:>18}" for server in servers) + "   same as Prometheus")
    with httpx.Client(timeout=120) as client:
        for query in QUERIES:
            seconds: dict[str, float] = {}
            answers: dict[str, list[dict[str, Any]]] = {}
            for server in servers:
                taken = []
                for shift in range(repetitions):
                    # Between samples: Prometheus before 3 counts a sample at the far end of a window, Prometheus 3 does not.
                    begin = start_s + 3600 + 7.3 + shift * _POINTS_STEP_S
                    took, answers[server.name] = ask(client, server, query, begin, begin + hours * 3600 - 7200)
                    taken.append(took)
                seconds[server.name] = statistics.median(taken)
            same = agree(answers["Prometheus"], answers["Fusewatch"]) if {"Prometheus", "Fusewatch"} <= answers.keys() else None
            columns = ""
            for server in servers:
                ratio = seconds[server.name] / seconds.get("Fusewatch", math.nan)
                ratios[server.name].append(ratio)
                columns += f"{seconds[server.name] * 1000:9.0f} ms {ratio:4.1f}x"
            print(f"{query:64}{columns}   {same}")
    means = "".join(f"{statistics.geometric_mean(ratios[server.name]):16.2f}x" for server in servers)
    print(f"{'geometric mean of how many times faster Fusewatch is':64}{means}")


def settle(servers: list[Server], within_s: float) -> None:
    """Returns when Fusewatch has sealed every block that is over."""
    deadline = time.monotonic() + within_s
    for server in (server for server in servers if server.name == "Fusewatch"):
        while time.monotonic() < deadline:
            time.sleep(5)
            text = httpx.get(f"{server.url}/metrics", timeout=60).text
            if "fusewatch_storage_seal_lag_s 0.0" in text.splitlines():
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--settle", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=list(NAMES))
    options = parser.parse_args()
    steps = int(options.hours * 3_600_000) // STEP_MS
    start_ms = (int(time.time() * 1000) - steps * STEP_MS) // STEP_MS * STEP_MS
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [stack.enter_context(running(name, Path(folder) / name)) for name in options.servers]
        begun = time.perf_counter()
        load(servers, requests(series=options.series, steps=steps, start_ms=start_ms))
        print(f"{options.series * steps / 1e6:.1f} M samples loaded in {time.perf_counter() - begun:.0f} s")
        settle(servers, options.settle)
        measure(servers, start_ms / 1000, options.hours, options.repetitions)


if __name__ == "__main__":
    main()
