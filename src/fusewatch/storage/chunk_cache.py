"""Compressed chunks that were read, so that who reads them again does not ask ClickHouse, which takes as long as decoding them.

Chunks are kept by metric and day. Whatever changes the chunks of a day says so (:meth:`ChunkCache.changed`) before anything else relies on
it: a seal before its rows go, a merge before the tombstones go that it applied. What is read takes the day's version first and is kept
under that, so that chunks which changed meanwhile are kept for nobody.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from fusewatch.storage.chunk_rows import ChunkRows, TimePool
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.samples import Int64s, UInt64s

#: What a chunk takes beside its data.
_ROW_BYTES: Final = 120
#: What a part takes without any.
_PART_BYTES: Final = 3_000


@dataclass(frozen=True)
class Part:
    """All chunks of the series ``ids`` (n, ascending), some of which may have none, with the timestamps that they name."""

    ids: UInt64s
    rows: ChunkRows
    pool: TimePool

    @cached_property
    def size(self) -> int:
        """Bytes in memory."""
        return _PART_BYTES + sum(map(len, self.rows.data)) + _ROW_BYTES * len(self.rows) + self.pool.times.nbytes + self.ids.nbytes

    def of(self, wanted: UInt64s, start: int, end: int) -> ChunkRows:
        """The chunks of the ``wanted`` series that reach into ``start`` to ``end`` (ms)."""
        near = np.flatnonzero((self.rows.first <= end) & (self.rows.last >= start))
        return self.rows.chosen(near[np.isin(self.rows.id[near], wanted)])

    def with_other(self, other: Part) -> Part:
        """These and the chunks of series that it has not; somebody else may have read the same meanwhile."""
        others = other.rows.chosen(np.flatnonzero(~np.isin(other.rows.id, self.ids)))
        rows = ChunkRows.of([self.rows.part(slice(None)), others.part(slice(None))])
        return Part(np.union1d(self.ids, other.ids), rows, TimePool.joined([self.pool, other.pool]))


def days_of(rows: ChunkRows) -> Int64s:
    """The day of each chunk, in hours since the epoch; the first one has all before it."""
    hours: Int64s = np.maximum(rows.first // HOUR_MS, 0)
    return hours - hours % DAY_HOURS


class ChunkCache:
    """Keeps parts up to ``limit`` bytes; what was not asked for the longest goes first. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._lock = threading.Lock()
        self._versions = Counter[int]()
        self._kept: OrderedDict[tuple[int, int], Part] = OrderedDict()

    def changed(self, day: int) -> None:
        """The chunks of a day (hours since the epoch) are others now."""
        with self._lock:
            self._versions[day] += 1
            for key in [key for key in self._kept if key[1] == day]:
                self._drop(key)

    def version(self, day: int) -> int:
        """What is read of a day from now on is kept under this."""
        return self._versions[day]

    def find(self, metric: int, day: int) -> Part | None:
        """What is kept of a metric's chunks of a day."""
        with self._lock:
            if (metric, day) not in self._kept:
                return None
            self._kept.move_to_end((metric, day))
            return self._kept[metric, day]

    def keep(self, metric: int, day: int, version: int, part: Part) -> None:
        """Keeps chunks of a metric that were read of a day, beside those of other series of it."""
        while True:
            known = self.find(metric, day)
            whole = part if known is None else known.with_other(part)
            with self._lock:
                if version != self._versions[day] or whole.size > self.limit // 4:
                    return
                if self._kept.get((metric, day)) is not known:
                    continue  # somebody else kept others meanwhile
                self._drop((metric, day))
                self._kept[metric, day] = whole
                self.size += whole.size
                while self.size > self.limit:
                    self._drop(next(iter(self._kept)))
                return

    def _drop(self, key: tuple[int, int]) -> None:
        if key in self._kept:
            self.size -= self._kept.pop(key).size
