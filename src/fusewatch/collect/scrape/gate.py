"""How many scrapes may be under way at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fusewatch.collect.errors import ScrapeError


class Gate:
    """Lets ``limit`` scrapes through at a time; ``under_way`` says how many there are."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.under_way = 0
        self._free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def turn(self, timeout_s: float) -> AsyncIterator[None]:
        """A place for the time of the ``async with``.

        Raises:
            ScrapeError: none became free within ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._free.acquire()
        except TimeoutError as error:
            message = f"{self.limit} scrapes are under way; this one got no turn in time"
            raise ScrapeError(message) from error
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
            self._free.release()
