"""Readings of our own on their way to the store: named once, marked stale when they go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import numpy as np

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SampleSink, SamplesRejectedError
from fusewatch.telemetry.samples import STALE_NAN, SampleBatch

_WRITE_LIMIT_S: Final = 30.0


class SeriesPublisher:
    """Writes whole sets of readings to ``sink``."""

    def __init__(self, sink: SampleSink) -> None:
        self._sink = sink
        self._alive: frozenset[Labels] = frozenset()
        self._named: frozenset[Labels] = frozenset()

    async def publish(self, timestamp: int, readings: Mapping[Labels, float]) -> None:
        """Writes ``readings`` at ``timestamp`` (ms UTC) and a staleness marker for each series of the last time that is missing.

        Raises:
            StorageError: as the sink does; what was not taken is made up for at the next call.
            TimeoutError: the sink did not answer within 30 s.
        """
        gone = [labels for labels in self._alive if labels not in readings]
        ids = [labels.id for labels in (*readings, *gone)]
        values = [*readings.values(), *([STALE_NAN] * len(gone))]
        news = {labels.id: labels for labels in readings if labels not in self._named}
        batch = SampleBatch(
            np.array(ids, np.uint64),
            np.full(len(ids), timestamp, np.int64),
            np.array(values, np.float64),
            news,
        )
        try:
            async with asyncio.timeout(_WRITE_LIMIT_S):
                await self._sink.write(batch)
        except SamplesRejectedError:
            self._alive = frozenset(readings)
            raise
        self._alive = self._named = frozenset(readings)
