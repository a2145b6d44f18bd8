"""Work in a thread that is not left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def run_to_end(work: Callable[[], Result], *, dropped: Callable[[Result], None] | None = None) -> Result:
    """What ``work`` returns, from a thread.

    Cancelled, it waits for the thread all the same: what the thread uses must not be given to others before. The result that nobody gets
    then goes to ``dropped``.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if task.exception() is None and dropped is not None:
        dropped(task.result())
    raise cancelled
