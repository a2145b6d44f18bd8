"""What stored series add to a reading: since when something is wrong, and when a disk will be full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.api.fusewatch.thresholds import Thresholds
from fusewatch.promql.engine import Engine
from fusewatch.promql.result import QueryResult
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import quote
from fusewatch.telemetry.ports import Budget

#: How far back "since" looks, and how finely.
_WINDOW_MS: Final = 86_400_000
_STEP_MS: Final = 120_000


@dataclass(frozen=True, slots=True)
class _Question:
    """Since when ``query`` is above ``bound``; the answers are kept under ``key`` and the value of ``label``."""

    key: str
    query: str
    bound: float
    label: str = ""


class History:
    """Asks the engine about the machine named ``host`` (the label ``instance`` of its series). Blocks."""

    def __init__(self, *, engine: Engine, clock: Clock, thresholds: Thresholds | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._thresholds = thresholds or Thresholds()

    def disk_growth(self, host: str, budget: Budget) -> dict[str, float]:
        """The change of each mount's usage in ratio per second, by mount point, from the last six hours.

        Raises:
            QueryError: the store can't answer.
        """
        query = f"max by (mount_point) (deriv(node_disk_usage{{instance={quote(host)}}}[6h]))"
        answer = self._engine.instant(query, self._clock.now_ms(), budget=budget)
        return {labels.get("mount_point", ""): float(value) for labels, value in zip(answer.labels, answer.values[:, 0], strict=True)}

    def since(self, host: str, budget: Budget) -> dict[str, int]:
        """Since when (ms UTC, at most a day ago, to two minutes) ``cpu``, ``memory``, ``disk:MOUNT`` and ``job:JOB`` are in trouble.

        Raises:
            QueryError: the store can't answer.
        """
        end = self._clock.now_ms()
        found: dict[str, int] = {}
        for question in self._questions(host):
            answer = self._engine.range(question.query, end - _WINDOW_MS, end, _STEP_MS, budget=budget)
            found.update(_starts(question, answer))
        return found

    def _questions(self, host: str) -> list[_Question]:
        limits, here = self._thresholds, f"instance={quote(host)}"
        return [
            _Question("cpu", f"avg(node_cpu_usage{{{here}}})", limits.cpu[0]),
            _Question("memory", f'max(node_memory_usage{{{here},memory_type="used"}})', limits.memory[0]),
            _Question("disk:", f"max by (mount_point) (node_disk_usage{{{here}}})", limits.disk[0], "mount_point"),
            _Question("job:", "1 - min by (job) (up)", 0.5, "job"),
        ]


def _starts(question: _Question, answer: QueryResult) -> Iterator[tuple[str, int]]:
    troubled = answer.present & (answer.values > question.bound)
    for labels, row in zip(answer.labels, troubled, strict=True):
        if row[-1]:
            # The first step after the last good one; none was good: trouble for the whole window.
            good = np.flatnonzero(~row)
            first = int(good[-1]) + 1 if len(good) else 0
            yield question.key + labels.get(question.label, ""), int(answer.steps[first])
