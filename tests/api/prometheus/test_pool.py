"""Queries run in a few threads, wait in a bounded line, and end with their time or their client."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from fusewatch.api.prometheus.errors import CanceledError, TimeoutExceeded, UnavailableError
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.telemetry.ports import Budget

pytestmark = pytest.mark.anyio


@contextlib.contextmanager
def opened(**limits):
    pool = QueryPool(PoolLimits(**limits))
    try:
        yield pool
    finally:
        pool.close()


class Busy:
    """Work that runs until it is let go or cancelled, as a kernel between two checks."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.started = threading.Event()
        self.budget: Budget | None = None

    def __call__(self, budget: Budget) -> str:
        self.budget = budget
        self.started.set()
        while not self.go.wait(0.001):
            budget.check()
        return "done"


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  what it waits for happens in another thread
            await asyncio.sleep(0.001)


async def test_work_gets_a_budget_and_its_result_comes_back():
    with opened(max_samples=7) as pool:
        assert await pool.run(lambda budget: budget.max_samples) == 7
        assert pool.statistics().running == 0


async def test_an_error_of_the_work_comes_back_as_it_is():
    def broken(_):
        raise ZeroDivisionError

    with opened() as pool, pytest.raises(ZeroDivisionError):
        await pool.run(broken)


async def test_work_that_takes_too_long_is_stopped():
    with opened() as pool:
        busy = Busy()
        with pytest.raises(TimeoutExceeded, match="query timed out"):
            await pool.run(busy, timeout_s=0.02)
        await until(lambda: pool.statistics().running == 0)


async def test_work_that_never_looks_at_its_budget_does_not_hold_the_answer():
    with opened() as pool:
        pool._grace_s = 0.01
        release = threading.Event()
        with pytest.raises(TimeoutExceeded):
            await pool.run(lambda _: release.wait(30), timeout_s=1)  # long enough for its thread to begin
        assert pool.statistics().running == 1  # its thread is still taken
        release.set()
        await until(lambda: pool.statistics().running == 0)


async def test_a_client_that_hangs_up_stops_its_query():
    hung_up = asyncio.Event()

    async def receive():
        await hung_up.wait()
        return {"type": "http.disconnect"}

    with opened() as pool:
        busy = Busy()
        query = asyncio.create_task(pool.run(busy, receive=receive))
        await until(busy.started.is_set)
        hung_up.set()
        with pytest.raises(CanceledError):
            await query
        assert busy.budget.cancelled


async def test_a_query_that_is_cancelled_by_the_server_gives_its_thread_back():
    with opened() as pool:
        busy = Busy()
        query = asyncio.create_task(pool.run(busy))
        await until(busy.started.is_set)
        query.cancel()
        with pytest.raises(asyncio.CancelledError):
            await query
        await until(lambda: pool.statistics().running == 0)
        assert await pool.run(lambda _: "next") == "next"


async def test_the_line_is_bounded_in_length_and_in_time():
    with opened(workers=1, waiting=1, wait_s=0.05) as pool:
        busy = Busy()
        first = asyncio.create_task(pool.run(busy))
        await until(busy.started.is_set)
        second = asyncio.create_task(pool.run(lambda _: "second"))
        await until(lambda: pool.statistics().waiting == 1)
        with pytest.raises(UnavailableError, match="too many queries at once") as refused:
            await pool.run(lambda _: "third")
        assert refused.value.retry_after_s == 1
        with pytest.raises(UnavailableError, match="no thread was free"):
            await second
        busy.go.set()
        assert await first == "done"
        assert await pool.run(lambda _: "fourth") == "fourth"


async def test_a_closed_pool_refuses():
    pool = QueryPool(PoolLimits())
    pool.close()
    with pytest.raises(UnavailableError, match="shutting down"):
        await pool.run(lambda _: None)
    assert pool.statistics().running == 0
