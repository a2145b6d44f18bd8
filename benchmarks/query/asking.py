"""Asking a server, comparing answers, waiting until samples lie as they would by the time that somebody asks."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.query.servers import Server

Rows = list[dict[str, Any]]
_REST_S = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """What a range query is asked for, in seconds."""

    start: float
    end: float
    step: float

    def later(self, steps: int) -> Window:
        """The same some steps later: no answer to one holds for the other."""
        return Window(self.start + steps * self.step, self.end + steps * self.step, self.step)


@contextmanager
def client() -> Iterator[httpx.Client]:
    """A client that waits for slow answers."""
    with httpx.Client(timeout=300) as asking:
        yield asking


def ask(asking: httpx.Client, server: Server, query: str, window: Window) -> tuple[float, Rows]:
    """Seconds until the whole answer is here, and the answer.

    Raises:
        httpx.HTTPStatusError: the server refused.
    """
    parameters = {"query": query, "start": f"{window.start:.3f}", "end": f"{window.end:.3f}", "step": f"{window.step:g}", "nocache": "1"}
    begun = time.perf_counter()
    answer = asking.get(f"{server.url}/api/v1/query_range", params=parameters)
    seconds = time.perf_counter() - begun
    answer.raise_for_status()
    return seconds, answer.json()["data"]["result"]


def interleaved(servers: Sequence[Server], query: str, window: Window, repetitions: int) -> tuple[dict[str, float], dict[str, Rows]]:
    """The median seconds and the last answer of each server, one asked after the other; what a server refuses or lacks is left out.

    Between them is a rest, so that what one collects after its answer is not the next one's time.
    """
    taken: dict[str, list[float]] = {server.name: [] for server in servers}
    answers: dict[str, Rows] = {}
    with client() as asking:
        for shift in range(repetitions):
            for server in servers:
                time.sleep(_REST_S)
                try:
                    seconds, answers[server.name] = ask(asking, server, query, window.later(shift))
                except httpx.HTTPStatusError:
                    continue
                taken[server.name].append(seconds)
    return {name: statistics.median(some) for name, some in taken.items() if some and answers[name]}, answers


def agree(left: Rows, right: Rows, tolerance: float = 1e-6) -> bool:
    """Whether two answers have the same series and samples, to a relative error."""
    tables = [
        {tuple(sorted(row["metric"].items())): {moment: float(value) for moment, value in row["values"]} for row in answer}
        for answer in (left, right)
    ]
    if tables[0].keys() != tables[1].keys():
        return False
    return all(
        points.keys() == tables[1][key].keys()
        and all(math.isclose(value, tables[1][key][moment], rel_tol=tolerance, abs_tol=1e-9) for moment, value in points.items())
        for key, points in tables[0].items()
    )


def line(query: str, names: Sequence[str], seconds: dict[str, float], width: int = 64) -> str:
    """A line of a table: what each server took, and how many times faster than that Fusewatch is."""
    ours = seconds.get("Fusewatch", math.nan)
    columns = (f"{seconds[name] * 1000:9.0f} ms {seconds[name] / ours:5.1f}x" if name in seconds else f"{'-':>19}" for name in names)
    return f"{query:{width}}" + "".join(columns)


def ratios(measured: Sequence[dict[str, float]], name: str) -> list[float]:
    """How many times faster than that server Fusewatch is, for each query that both answered."""
    return [seconds[name] / seconds["Fusewatch"] for seconds in measured if {name, "Fusewatch"} <= seconds.keys()]


def mean(numbers: Sequence[float]) -> float:
    """The geometric mean, NaN of nothing."""
    return statistics.geometric_mean(numbers) if numbers else math.nan


def settle(servers: Sequence[Server], within_s: float) -> None:
    """Returns when Fusewatch has sealed every block that is over, and merged every day that it would merge now."""
    deadline = time.monotonic() + within_s
    for server in (server for server in servers if server.name == "Fusewatch"):
        while time.monotonic() < deadline:
            time.sleep(5)
            text = httpx.get(f"{server.url}/metrics", timeout=60).text
            if {"fusewatch_storage_seal_lag_s 0.0", "fusewatch_storage_merge_lag_s 0.0"} <= set(text.splitlines()):
                break
