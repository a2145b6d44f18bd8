"""Compiled kernels, made ready before the first request needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from fusewatch.server.garbage import settle
from fusewatch.server.library_pages import give_back
from fusewatch.telemetry.clock import Clock

#: Between two later warm-ups lies such a part of the rest before the first.
_PARTS: Final = 50


class Warmup:
    """Calls each room's warm-up once, in a thread of its own; the server is not ready before.

    ``later`` are warm-ups of what few need. From a warm cache they come before the server is ready too, or with ``rest_s`` so long after it
    and with a little rest between each other, as the first queries would share their processor with them. With a cold cache kernels are
    compiled for a while, which is said in the log, and those begin once the server is ready; :attr:`complete` says when they are done.
    """

    name = "warm-up"

    def __init__(
        self,
        warm: Sequence[Callable[[], None]],
        *,
        clock: Clock,
        later: Sequence[Callable[[], None]] = (),
        slow_after_s: float = 3.0,
        rest_s: float = 0.0,
    ) -> None:
        self.complete = False
        self._warm = warm
        self._later = later
        self._clock = clock
        self._slow_after_s = slow_after_s
        self._rest_s = rest_s
        # Not the event loop's, which waits at its end for what its threads do: compiling can't be interrupted.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="warm-up")
        self._work: asyncio.Task[None] | None = None
        self._reason: str | None = "compiled kernels are being loaded"
        self._log = structlog.get_logger("fusewatch.warmup").bind(component=self.name)

    def unready_reason(self) -> str | None:
        """What is being made ready, or None."""
        return self._reason

    def begin(self) -> None:
        """Starts to warm up beside something else that takes its time; :meth:`run` does it where nobody has."""
        self._work = asyncio.create_task(self._warm_all())

    async def run(self) -> None:
        """Warms up, then rests until it is cancelled."""
        started, compiled = self._clock.monotonic(), False
        work, self._work = self._work or asyncio.create_task(self._warm_all()), None
        try:
            done, _ = await asyncio.wait([work], timeout=self._slow_after_s)
            if not done:
                compiled = True
                self._reason = "kernels are being compiled; the first start takes up to a minute"
                self._log.info("kernels are being compiled, once; later starts load them from disk")
            await work
        finally:
            work.cancel()
        if not compiled and not self._rest_s:
            await self._finish()
        settle(collect=compiled)
        self._reason = None
        self._log.debug("kernels are ready", seconds=round(self._clock.monotonic() - started, 2))
        if not self.complete:
            await self._finish(rest_s=0.0 if compiled else self._rest_s)
        await asyncio.Event().wait()

    async def _finish(self, *, rest_s: float = 0.0) -> None:
        await asyncio.sleep(rest_s)
        for warm in self._later:
            await self._in_thread(warm)
            await asyncio.sleep(rest_s / _PARTS)
        self.complete = True
        settle(collect=True)
        await self._in_thread(give_back)

    async def _warm_all(self) -> None:
        for warm in self._warm:
            await self._in_thread(warm)

    async def _in_thread(self, warm: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, warm)
