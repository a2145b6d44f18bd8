from __future__ import annotations

import asyncio
import threading

import pytest

from fusewatch.server.warmup import Warmup
from fusewatch.telemetry.clock import SystemClock


def test_it_is_ready_once_every_room_has_warmed_up():
    async def scenario():
        order: list[str] = []
        warmup = Warmup([lambda: order.append("store"), lambda: order.append("queries")], clock=SystemClock())
        assert warmup.unready_reason() == "compiled kernels are being loaded"
        task = asyncio.create_task(warmup.run())
        while warmup.unready_reason():  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.001)
        assert order == ["store", "queries"]
        task.cancel()

    asyncio.run(scenario())


def test_what_has_begun_before_is_not_done_again():
    async def scenario():
        times: list[int] = []
        warmup = Warmup([lambda: times.append(1)], clock=SystemClock())
        warmup.begin()
        while not times:  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.001)
        assert warmup.unready_reason()
        task = asyncio.create_task(warmup.run())
        while not warmup.complete:  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.001)
        assert times == [1]
        task.cancel()

    asyncio.run(scenario())


async def until(holds):
    while not holds():  # noqa: ASYNC110 - states without an event
        await asyncio.sleep(0.001)


def test_from_a_warm_cache_what_few_need_comes_before_it_is_ready():
    async def scenario():
        order: list[str] = []
        warmup = Warmup([lambda: None], later=[lambda: order.append("later")], clock=SystemClock())
        task = asyncio.create_task(warmup.run())
        await until(lambda: warmup.unready_reason() is None)
        assert order == ["later"]
        task.cancel()

    asyncio.run(scenario())


def test_while_kernels_are_compiled_what_few_need_waits():
    async def scenario():
        compiled, ready, order = threading.Event(), threading.Event(), []

        def later() -> None:
            assert_true(ready.wait(30))
            order.append("later")

        warmup = Warmup([lambda: assert_true(compiled.wait(30))], later=[later], clock=SystemClock(), slow_after_s=0.01)
        task = asyncio.create_task(warmup.run())
        await until(lambda: "compiled; the first start" in (warmup.unready_reason() or ""))
        compiled.set()
        await until(lambda: warmup.unready_reason() is None)
        assert order == []
        ready.set()
        await until(lambda: warmup.complete)
        assert order == ["later"]
        task.cancel()

    asyncio.run(scenario())


def test_a_slow_one_is_explained():
    async def scenario():
        compiled = threading.Event()
        warmup = Warmup([lambda: assert_true(compiled.wait(30))], clock=SystemClock(), slow_after_s=0.01)
        task = asyncio.create_task(warmup.run())
        while "compiled; the first start" not in (warmup.unready_reason() or ""):  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.001)
        compiled.set()
        while warmup.unready_reason():  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(scenario())


def test_a_kernel_that_can_not_be_compiled_is_a_failure_of_the_component():
    def broken() -> None:
        raise RuntimeError("no compiler")

    with pytest.raises(RuntimeError, match="no compiler"):
        asyncio.run(Warmup([broken], clock=SystemClock()).run())


def assert_true(value: bool) -> None:
    assert value


def test_what_few_need_can_rest_until_the_first_queries_are_over():
    async def scenario():
        order: list[str] = []
        warmup = Warmup([lambda: None], later=[lambda: order.append("later")], clock=SystemClock(), rest_s=0.05)
        task = asyncio.create_task(warmup.run())
        await until(lambda: warmup.unready_reason() is None)
        assert order == []
        await until(lambda: warmup.complete)
        assert order == ["later"]
        task.cancel()

    asyncio.run(scenario())
