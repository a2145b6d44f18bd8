"""Compiled kernels, made ready before the first request needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from fusewatch.server.garbage import settle
from fusewatch.server.library_pages import give_back
from fusewatch.telemetry.clock import Clock


class Warmup:
    """Calls each room's warm-up once, in a thread; the server is not ready before.

    With a cold cache that compiles for a while, which is said in the log. ``later`` are warm-ups of what few need: they follow when the
    server is ready, and :attr:`complete` says when they are done.
    """

    name = "warm-up"

    def __init__(
        self,
        warm: Sequence[Callable[[], None]],
        *,
        clock: Clock,
        later: Sequence[Callable[[], None]] = (),
        slow_after_s: float = 3.0,
    ) -> None:
        self.complete = False
        self._warm = warm
        self._later = later
        self._clock = clock
        self._slow_after_s = slow_after_s
        self._reason: str | None = "compiled kernels are being loaded"
        self._log = structlog.get_logger("fusewatch.warmup").bind(component=self.name)

    def unready_reason(self) -> str | None:
        """What is being made ready, or None."""
        return self._reason

    async def run(self) -> None:
        """Warms up, then rests until it is cancelled."""
        started, compiled = self._clock.monotonic(), False
        work = asyncio.create_task(self._warm_all())
        try:
            done, _ = await asyncio.wait([work], timeout=self._slow_after_s)
            if not done:
                compiled = True
                self._reason = "kernels are being compiled; the first start takes up to a minute"
                self._log.info("kernels are being compiled, once; later starts load them from disk")
            await work
        finally:
            work.cancel()
        settle(collect=compiled)
        self._reason = None
        self._log.debug("kernels are ready", seconds=round(self._clock.monotonic() - started, 2))
        for warm in self._later:
            await asyncio.to_thread(warm)
        self.complete = True
        settle(collect=True)
        await asyncio.to_thread(give_back)
        await asyncio.Event().wait()

    async def _warm_all(self) -> None:
        for warm in self._warm:
            await asyncio.to_thread(warm)
