"""Group commit of the log: one write and one sync for all that came while the last one ran."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fusewatch.storage.entries import Entry


@dataclass(frozen=True, slots=True)
class _Request:
    entry: Entry
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]

    def answer(self, error: Exception | None) -> None:
        self.loop.call_soon_threadsafe(self._set, error)

    def _set(self, error: Exception | None) -> None:
        if self.done.cancelled():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class GroupSync:
    """A thread that takes entries in groups. What waits here is bounded by the callers: each awaits its answer."""

    def __init__(self, take: Callable[[Sequence[Entry]], None]) -> None:
        self._take = take
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="log-sync", daemon=True)
        self._thread.start()

    async def take(self, entry: Entry) -> None:
        """Returns when the entry is synced; raises what ``take`` raised."""
        loop = asyncio.get_running_loop()
        request = _Request(entry, loop, loop.create_future())
        self._queue.put(request)
        await request.done

    def close(self) -> None:
        """Ends the thread, after what is queued."""
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while not self._queue.empty():
                request = self._queue.get()
                if request is None:
                    last = True
                    break
                group.append(request)
            error: Exception | None = None
            try:
                self._take([request.entry for request in group])
            except Exception as problem:  # noqa: BLE001  # each caller gets it
                error = problem
            for request in group:
                request.answer(error)
            if last:
                return
