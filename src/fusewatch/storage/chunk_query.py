"""What is asked of the chunks."""

from __future__ import annotations

from dataclasses import dataclass

from fusewatch.storage.partitions import day_of
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import UInt64s


@dataclass(frozen=True, slots=True)
class ChunkQuery:
    """Which samples: of series (n) by id and metric, from ``start`` to ``end`` (ms), without what ``tombstones`` hide."""

    ids: UInt64s
    metrics: UInt64s
    start: int
    end: int
    tombstones: Tombstones
    budget: Budget

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day, in hours since the epoch."""
        first, last = (day_of(min(max(time // HOUR_MS, 0), (1 << 32) - 1)) for time in (self.start, self.end))
        return first, last
