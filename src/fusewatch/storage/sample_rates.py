"""How many samples a second each series gets."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.series_kernels import UInt32s
from fusewatch.storage.series_table import SeriesTable
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.samples import Float64s

#: Rates are over the last two to three of these, so that a series of one sample a minute has a steady rate.
_EVERY_S: Final = 100.0
_KEPT: Final = 3
#: A shorter time says nothing of a rate.
_SHORTEST_S: Final = 5.0


class SampleRates:
    """A component that looks at the counters of the series table now and then: 12 bytes a series."""

    name = "storage.rates"

    def __init__(self, table: SeriesTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._looks: deque[tuple[float, UInt32s]] = deque(maxlen=_KEPT)
        self.look()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            self.look()

    def look(self) -> None:
        """Keeps the counters as they are."""
        self._looks.append((self._clock.monotonic(), self._counts()))

    def by_reference(self) -> Float64s:
        """Samples a second of each reference (references + 1); 0 while it is too early to say."""
        then, before = self._looks[0]
        seconds, counts = self._clock.monotonic() - then, self._counts()
        if seconds < _SHORTEST_S:
            return np.zeros(len(counts))
        # Modular: a counter that went over its end since counts all the same.
        counts[: len(before)] -= before
        rates: NDArray[np.float64] = counts / seconds
        return rates

    def _counts(self) -> UInt32s:
        with self._table.lock:
            return self._table.samples[: self._table.count + 1].copy()
