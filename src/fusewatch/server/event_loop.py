"""How late the event loop is: the first thing to look at when everything is slow."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram

from fusewatch.telemetry.clock import Clock

_INTERVAL_S: Final = 0.25
_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class EventLoopMonitor:
    """Sleeps a quarter of a second again and again, and measures by how much each sleep lasted longer."""

    name = "event-loop-monitor"

    def __init__(self, *, clock: Clock, registry: CollectorRegistry, interval_s: float = _INTERVAL_S) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._lag = Histogram(
            "fusewatch_event_loop_lag_seconds",
            "By how much a timer of the event loop was late.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._longest = Gauge(
            "fusewatch_event_loop_lag_recent_max_seconds",
            "The longest lag of the event loop in the last 15 s or so.",
            registry=registry,
        )
        self._recent: list[float] = []

    async def run(self) -> None:
        """Measures until cancelled."""
        kept = max(1, int(15 / self._interval_s))
        while True:
            started = self._clock.monotonic()
            await asyncio.sleep(self._interval_s)
            lag = max(0.0, self._clock.monotonic() - started - self._interval_s)
            self._lag.observe(lag)
            self._recent = [*self._recent[-kept + 1 :], lag]
            self._longest.set(max(self._recent))
