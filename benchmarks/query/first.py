"""The first query after a start, beside the tenth of its kind."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.query.asking import Window, ask, client
from benchmarks.query.servers import running

QUERIES = (
    "sum by (job) (rate(x_total[5m]))",
    "histogram_quantile(0.9, sum by (job, le) (rate(x_total[5m])))",
    "topk(5, x_total)",
)
#: What the first query may take longer than the tenth, ms.
TARGET_MS = 100
_WHICH = 10


def after_start(name: str, folder: Path, query: str, window: Window) -> tuple[float, float]:
    """The seconds of the first and of the tenth query, each of another window, once a server that was started on its data is ready."""
    with running(name, folder) as server, client() as asking:
        taken = [ask(asking, server, query, window.later(shift))[0] for shift in range(_WHICH)]
    return taken[0], taken[-1]


def compare_first(names: Sequence[str], folder: Path, window: Window, restarts: int) -> None:
    """Prints a line per query and server: the medians over some restarts, and what the first query takes longer."""
    print(f"{'query':64}{'':16}{'first':>9}{'tenth':>12}   longer (target of Fusewatch: {TARGET_MS} ms)")
    for query in QUERIES:
        for name in names:
            pairs = [after_start(name, folder / name, query, window.later(_WHICH * number)) for number in range(restarts)]
            first, tenth = (1000 * statistics.median(some) for some in zip(*pairs, strict=True))
            longer = 1000 * statistics.median(one - ten for one, ten in pairs)
            print(f"{query:64}{name:16}{first:6.0f} ms{tenth:9.0f} ms{longer:9.0f} ms", flush=True)
