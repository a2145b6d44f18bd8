"""Loads under way to a target: each shard sends its requests in order, the loads are done in order, and two of them overlap."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fusewatch.forward.delivery import Request
from fusewatch.forward.place import Stretch

#: So that a shard that is done with one load goes on with the next while others still send.
MOST_UNDER_WAY: Final = 2


@dataclass(slots=True)
class Load:
    """The requests of a stretch of the log, by shard. ``since`` is when its first sample was received (ms), 0 without any.

    ``sent_before``: an earlier run may have sent them already.
    """

    stretch: Stretch
    shards: Sequence[Sequence[Request]]
    since: int = 0
    sent_before: bool = False
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = sum(len(requests) for requests in self.shards)


Deliver = Callable[[Load, Request], Awaitable[None]]


class Pipeline:
    """``deliver`` returns once a request is done with. ``tasks`` owns the shards; ``done`` is called for each load, in their order."""

    def __init__(self, *, deliver: Deliver, done: Callable[[Load], None], tasks: asyncio.TaskGroup) -> None:
        self._deliver = deliver
        self._done = done
        self._tasks = tasks
        self._loads: deque[Load] = deque()
        self._queues: list[asyncio.Queue[tuple[Load, Request]]] = []
        self._workers: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    @property
    def loads(self) -> Sequence[Load]:
        """What is under way, the oldest first."""
        return tuple(self._loads)

    async def room(self, shards: int) -> None:
        """Returns once a load of so many shards may come: another number of them waits for the end of all that is under way."""
        while len(self._loads) >= MOST_UNDER_WAY or (self._loads and len(self._loads[-1].shards) != shards):
            self._changed.clear()
            await self._changed.wait()

    def put(self, load: Load) -> None:
        """Sends a load; there must be room."""
        self._resize(len(load.shards))
        self._loads.append(load)
        for queue, requests in zip(self._queues, load.shards, strict=True):
            for request in requests:
                queue.put_nowait((load, request))
        self._settle()

    def _resize(self, shards: int) -> None:
        while len(self._workers) > shards:
            self._workers.pop().cancel()
            self._queues.pop()
        while len(self._workers) < shards:
            queue: asyncio.Queue[tuple[Load, Request]] = asyncio.Queue()
            self._queues.append(queue)
            self._workers.append(self._tasks.create_task(self._work(queue)))

    async def _work(self, queue: asyncio.Queue[tuple[Load, Request]]) -> None:
        while True:
            load, request = await queue.get()
            await self._deliver(load, request)
            load.left -= 1
            self._settle()

    def _settle(self) -> None:
        while self._loads and not self._loads[0].left:
            self._done(self._loads.popleft())
            self._changed.set()
