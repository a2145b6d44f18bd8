from __future__ import annotations

import asyncio
import threading

import pytest

from fusewatch.ingest.threads import run_to_end

pytestmark = pytest.mark.anyio


async def test_the_result_or_the_error_of_the_work_comes_back():
    assert await run_to_end(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await run_to_end(lambda: 1 // 0)


async def test_a_cancelled_caller_waits_for_the_thread_and_drops_its_result():
    go, dropped = threading.Event(), []

    def work():
        go.wait(10)
        return "done"

    task = asyncio.create_task(run_to_end(work, dropped=dropped.append))
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert (task.done(), dropped) == (False, [])
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert dropped == ["done"]
