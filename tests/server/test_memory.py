"""What was freed does not stay with the process."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import threading

import psutil
import pytest

from fusewatch.server.memory import MemoryTrimmer, find_trim


def fragment(blocks: list[ctypes.c_void_p], libc: ctypes.CDLL) -> None:
    """Takes 200 MB of an arena of its own in small blocks and frees all but the last, which keeps glibc from returning any."""
    mine = [ctypes.c_void_p(libc.malloc(64_000)) for _ in range(3_200)]
    for block in mine:
        ctypes.memset(block, 1, 64_000)
    blocks.append(mine[-1])
    for block in mine[:-1]:
        libc.free(block)


@pytest.mark.skipif(find_trim() is None, reason="no glibc")
def test_free_memory_of_other_threads_is_given_back():
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks: list[ctypes.c_void_p] = []
    thread = threading.Thread(target=fragment, args=(blocks, libc))
    thread.start()
    thread.join()
    before = psutil.Process().memory_info().rss
    asyncio.run(trimmed_once())
    assert before - psutil.Process().memory_info().rss > 100e6
    libc.free(blocks[0])


async def trimmed_once() -> None:
    trimmed, trim = threading.Event(), find_trim()

    def noted(pad: int) -> int:
        found = trim(pad)
        trimmed.set()
        return found

    task = asyncio.create_task(MemoryTrimmer(trim=noted, pause_s=0.01).run())
    assert await asyncio.to_thread(trimmed.wait, 20)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
