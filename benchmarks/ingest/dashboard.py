"""A busy dashboard: panels that are asked for again and again while something else is measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx

#: Panels of one page, asked for side by side.
PANELS = (
    "sum by (mode) (rate(bench_metric_1_total[5m]))",
    "quantile(0.9, rate(bench_metric_2_total[5m]))",
    'topk(5, sum by (instance) (rate({__name__=~"bench_metric_1.*"}[5m])))',
    'count({__name__=~"bench_metric_.*"})',
)


@dataclass
class Asked:
    """How many panels were answered, and how many not."""

    answered: int = 0
    failed: int = 0


def busy_dashboard(url: str) -> AbstractContextManager[Asked]:
    """Asks for all panels over the last hour, each in a thread of its own, again and again until the block ends."""
    return _dashboard(url, PANELS, every_s=0, span_s=3600)


def steady_dashboard(url: str, *, every_s: float) -> AbstractContextManager[Asked]:
    """Asks for panels of one metric over the last five minutes, with a pause after each answer."""
    return _dashboard(url, PANELS[:2], every_s=every_s, span_s=300)


@contextmanager
def _dashboard(url: str, panels: Sequence[str], *, every_s: float, span_s: float) -> Iterator[Asked]:
    asked, stop = Asked(), threading.Event()

    def refresh(query: str) -> None:
        with httpx.Client(timeout=120) as client:
            while True:
                now = time.time()
                parameters = {"query": query, "start": str(now - span_s), "end": str(now), "step": "15"}
                answer = client.post(f"{url}/api/v1/query_range", data=parameters)
                asked.answered += answer.status_code == 200
                asked.failed += answer.status_code != 200
                if stop.wait(every_s):
                    return

    threads = [threading.Thread(target=refresh, args=(query,), daemon=True) for query in panels]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        stop.set()
        for thread in threads:
            thread.join()
