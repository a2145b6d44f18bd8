"""Sinks in memory, for tests."""

from __future__ import annotations

import asyncio

import numpy as np

from fusewatch.telemetry.samples import is_stale


class MemorySink:
    """Keeps what it is given; ``failure`` is raised instead while it is set."""

    def __init__(self):
        self.names = {}
        self.batches = []
        self.metadata = {}
        self.failure = None
        self.refused = 0
        self._written = asyncio.Condition()

    async def write(self, batch):
        if self.failure is not None:
            async with self._written:
                self.refused += 1
                self._written.notify_all()
            raise self.failure
        self.names.update(batch.series)
        async with self._written:
            self.batches.append(batch)
            self._written.notify_all()

    async def write_metadata(self, entries):
        self.metadata |= {(entry.job, entry.metric): entry for entry in entries}

    async def until(self, condition, within_s=20.0):
        """Waits until ``condition()`` holds; it is asked after each write."""
        async with asyncio.timeout(within_s), self._written:
            await self._written.wait_for(condition)

    async def until_refused(self, count):
        """Waits until so many batches were refused since the last time."""
        self.refused = 0
        await self.until(lambda: self.refused >= count)

    async def batch_number(self, count):
        """The batch that is the ``count``-th."""
        await self.until(lambda: len(self.batches) >= count)
        return self.rows(self.batches[count - 1])

    def rows(self, batch):
        """The batch as a dict from the series' text to its value, "stale" for a marker."""
        stale = is_stale(np.ascontiguousarray(batch.values))
        values = ["stale" if gone else value for value, gone in zip(batch.values.tolist(), stale.tolist(), strict=True)]
        return dict(zip((str(self.names[series]) for series in batch.ids.tolist()), values, strict=True))

    def metrics(self, batch):
        """Like :meth:`rows`, by metric name alone."""
        stale = is_stale(np.ascontiguousarray(batch.values))
        pairs = zip(batch.ids.tolist(), batch.values.tolist(), stale.tolist(), strict=True)
        return {self.names[series].metric: "stale" if gone else value for series, value, gone in pairs}
