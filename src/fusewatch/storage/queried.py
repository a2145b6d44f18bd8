"""Which metrics somebody reads: the day of each one's last query."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
import structlog

from fusewatch.storage.client import ClientPool
from fusewatch.storage.errors import ClickHouseError
from fusewatch.storage.native import Column
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.matchers import Matcher, equal_metric
from fusewatch.telemetry.ports import OverloadedError
from fusewatch.telemetry.samples import SeriesSet

DAY_MS: Final = 86_400_000
#: Metrics that are remembered; beyond it the longest unread go.
_MOST: Final = 200_000
_FLUSH_S: Final = 300.0
_READ: Final = "SELECT metric, max(day) AS last FROM queried_metrics GROUP BY metric"


class QueriedMetrics:
    """A component that notes what is read, in memory at once and in ClickHouse now and then; a crash forgets a few minutes.

    ``since`` is the first day (since the epoch) that is noted. Thread-safe.
    """

    name = "storage.queried"

    def __init__(self, *, pool: ClientPool, clock: Clock, most: int = _MOST) -> None:
        self._pool = pool
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._days: dict[str, int] = {}
        self._fresh: dict[str, int] = {}
        self.since = self._today()

    @property
    def days(self) -> dict[str, int]:
        """The day of the last query by metric."""
        with self._lock:
            return dict(self._days)

    def load(self) -> None:
        """Takes up what an earlier run noted. Blocks.

        Raises:
            ClickHouseError: it can't be read.
        """
        with self._pool.handle() as handle:
            found = {str(metric): int(day) for metric, day in handle.rows(_READ)}
        with self._lock:
            since = found.pop("", None)
            if since is None:
                self._fresh[""] = self.since
            else:
                self.since = since
            self._days = found

    def note(self, matchers: Sequence[Matcher], found: SeriesSet) -> None:
        """Somebody read ``found`` by ``matchers``; nothing read is no use of a metric."""
        if not len(found.labels):
            return
        today, metric = self._today(), equal_metric(matchers)
        for name in [metric] if metric else {labels.metric for labels in found.labels}:
            if self._days.get(name) != today:
                self._enter(name, today)

    def _enter(self, name: str, today: int) -> None:
        with self._lock:
            self._days[name] = self._fresh[name] = today
            if len(self._days) > self._most:
                kept = sorted(self._days.items(), key=lambda pair: pair[1])[len(self._days) // 10 :]
                self._days = dict(kept)

    def flush(self) -> None:
        """Writes what is new. Blocks.

        Raises:
            ClickHouseError, OverloadedError: it is written the next time.
        """
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        if not fresh:
            return
        try:
            with self._pool.handle() as handle:
                days = np.fromiter(fresh.values(), np.uint32, len(fresh))
                handle.insert("queried_metrics", [Column("metric", "String", list(fresh)), Column("day", "UInt32", days)])
        except (ClickHouseError, OverloadedError):
            with self._lock:
                self._fresh = fresh | self._fresh
            raise

    async def run(self) -> None:
        """Flushes every five minutes, until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_S)
            try:
                await asyncio.to_thread(self.flush)
            except (ClickHouseError, OverloadedError) as error:
                structlog.get_logger(component=self.name).warning("which metrics are read is written later", reason=str(error))

    def _today(self) -> int:
        return self._clock.now_ms() // DAY_MS
