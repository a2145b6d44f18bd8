"""Where queries run: a few threads, a bounded line in front of them, and nobody computing for a client that is gone.

There are two lanes. What looks at much (range queries, exports, remote read) has one, whose threads give way to all others of this machine;
so twenty dashboards neither stand in front of a rule's query, nor take the processors from it. Long answers are printed in threads of their
own, piece by piece as the client takes them: a piece takes milliseconds, and must not wait behind queries that take seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.types import Receive

from fusewatch.api.prometheus.errors import CanceledError, TimeoutExceeded, UnavailableError
from fusewatch.telemetry.ports import Budget, CancelledReadError

T = TypeVar("T")

#: The nice value of threads that compute heavy queries.
_KINDNESS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """How many queries run (``heavy`` of those that look at much) and wait in each lane, how long (seconds), and what one may load."""

    workers: int = 4
    heavy: int = 4
    waiting: int = 64
    wait_s: float = 10.0
    timeout_s: float = 120.0
    max_samples: int = 50_000_000
    max_series: int = 1_000_000


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """How full both lanes are, and the one of heavy queries."""

    running: int
    workers: int
    waiting: int
    waiting_limit: int
    heavy_running: int
    heavy_waiting: int
    #: Bytes of long answers that were printed piece by piece.
    printed_bytes: int


class _Lane:
    """Some threads and the places in front of them; ``kindness`` is their nice value."""

    def __init__(self, name: str, workers: int, kindness: int) -> None:
        self.threads = ThreadPoolExecutor(workers, thread_name_prefix=name, initializer=_give_way, initargs=(kindness,))
        self.places = asyncio.Semaphore(workers)
        self.waiting = 0
        self.running = 0


def _give_way(kindness: int) -> None:
    """Sets this thread's priority, where that can be done for a thread alone; what it starts has the same."""
    if kindness and sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), kindness)


class QueryPool:
    """Runs blocking work in threads, each under a :class:`Budget` that ends with its time or with its client."""

    #: How long work may take to notice that its time is over before the client is answered without it.
    _grace_s = 1.0

    def __init__(self, limits: PoolLimits | None = None) -> None:
        self.limits = limits or PoolLimits()
        self._quick = _Lane("query", self.limits.workers, 0)
        self._heavy = _Lane("heavy-query", self.limits.heavy, _KINDNESS)
        self._printed_bytes = 0
        self._printers = ThreadPoolExecutor(self.limits.heavy, thread_name_prefix="answer", initializer=_give_way, initargs=(_KINDNESS,))

    def statistics(self) -> PoolStatistics:
        """How full the pool is."""
        quick, heavy, limits = self._quick, self._heavy, self.limits
        return PoolStatistics(
            running=quick.running + heavy.running,
            workers=limits.workers + limits.heavy,
            waiting=quick.waiting + heavy.waiting,
            waiting_limit=2 * limits.waiting,
            heavy_running=heavy.running,
            heavy_waiting=heavy.waiting,
            printed_bytes=self._printed_bytes,
        )

    def close(self) -> None:
        """Takes nothing new; what runs ends by itself."""
        for threads in (self._quick.threads, self._heavy.threads, self._printers):
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(
        self, work: Callable[[Budget], T], *, receive: Receive | None = None, timeout_s: float | None = None, heavy: bool = False
    ) -> T:
        """What ``work`` returns or raises; ``receive`` tells when the client hangs up, ``heavy`` that it looks at much.

        The time limit, at most the pool's own, includes the wait for a thread.

        Raises:
            UnavailableError: too many queries at once.
            TimeoutExceeded: the time is over.
            CanceledError: the client went away.
        """
        seconds = min(self.limits.timeout_s if timeout_s is None else timeout_s, self.limits.timeout_s)
        deadline = time.monotonic() + seconds
        budget = Budget(max_samples=self.limits.max_samples, max_series=self.limits.max_series, deadline=deadline)
        async with _watched(budget, receive):
            lane = self._heavy if heavy else self._quick
            await self._take_place(lane, budget, min(seconds, self.limits.wait_s))
            return await self._result(self._start(lane, work, budget), budget)

    async def rendered(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        """What ``pieces`` makes (none of it empty), each in a thread, one ahead of what was taken; no more once nobody takes any.

        Raises:
            UnavailableError: the pool is closed.
        """
        ahead = self._next(pieces)
        while piece := await ahead:
            ahead = self._next(pieces)
            yield piece

    def _next(self, pieces: Iterator[bytes]) -> asyncio.Future[bytes]:
        try:
            made = asyncio.get_running_loop().run_in_executor(self._printers, next, pieces, b"")
        except RuntimeError as error:
            raise UnavailableError("the server is shutting down") from error
        made.add_done_callback(self._count)
        return made

    def _count(self, made: asyncio.Future[bytes]) -> None:
        if not made.cancelled() and made.exception() is None:
            self._printed_bytes += len(made.result())

    async def _take_place(self, lane: _Lane, budget: Budget, wait_s: float) -> None:
        if lane.waiting >= self.limits.waiting:
            raise UnavailableError("too many queries at once; try again in a moment", retry_after_s=1)
        lane.waiting += 1
        try:
            async with asyncio.timeout(wait_s):
                await lane.places.acquire()
        except TimeoutError as error:
            if time.monotonic() >= budget.deadline:
                raise TimeoutExceeded("query timed out in query queue") from error
            raise UnavailableError(f"no thread was free for {wait_s:g} s; try again in a moment", retry_after_s=5) from error
        finally:
            lane.waiting -= 1

    @staticmethod
    def _start(lane: _Lane, work: Callable[[Budget], T], budget: Budget) -> asyncio.Future[T]:
        def begin() -> T:
            budget.check()  # the client may have gone while the work waited
            return work(budget)

        try:
            started = asyncio.get_running_loop().run_in_executor(lane.threads, begin)
        except RuntimeError as error:  # the pool is closed
            lane.places.release()
            raise UnavailableError("the server is shutting down") from error

        def ended(done: asyncio.Future[T]) -> None:
            lane.running -= 1
            lane.places.release()
            if not done.cancelled():
                done.exception()  # seen, even when nobody waits for it any more

        lane.running += 1
        started.add_done_callback(ended)
        return started

    async def _result(self, started: asyncio.Future[T], budget: Budget) -> T:
        try:
            # Shielded: a thread can't be stopped, so its place is taken until it ends, whoever still waits for it.
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + budget.deadline - time.monotonic() + self._grace_s):
                return await asyncio.shield(started)
        except TimeoutError as error:
            raise TimeoutExceeded("query timed out in expression evaluation") from error
        except CancelledReadError as error:
            if budget.cancelled:
                raise CanceledError("query was canceled in expression evaluation") from error
            raise TimeoutExceeded("query timed out in expression evaluation") from error
        finally:
            budget.cancel()


@contextlib.asynccontextmanager
async def _watched(budget: Budget, receive: Receive | None) -> AsyncIterator[None]:
    """Cancels the budget when the client hangs up."""
    if receive is None:
        yield
        return
    watcher = asyncio.create_task(_hang_up(budget, receive), name="hang-up")
    try:
        yield
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def _hang_up(budget: Budget, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    budget.cancel()
