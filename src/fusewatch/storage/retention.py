"""Retention: whole days go when they are over, and what nothing refers to any more with them."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Final

import structlog

from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.committer import Committer
from fusewatch.storage.config import RetentionSettings
from fusewatch.storage.expiry import Expiry
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.partitions import (
    BLOCK_HOURS,
    DAY_HOURS,
    drop_chunks,
    drop_rollups,
    drop_rows,
    find_blocks,
    find_days,
    find_rollups,
)
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.sql import identifier
from fusewatch.telemetry.clock import Clock

_log = structlog.get_logger(component="storage")
_PAUSE_S: Final = 600
_COUNT_EVENTS: Final = "SELECT count() FROM events WHERE greatest(timestamp, `end`) < {cutoff:Int64}"
_DELETE_EVENTS: Final = "DELETE FROM events WHERE greatest(timestamp, `end`) < {cutoff:Int64}"
#: Partitions of the tables that are kept by the day.
_DAILY: Final = """
SELECT DISTINCT table, partition_id
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('histograms', 'exemplars')
  AND toUInt32OrZero(partition_id) + {hours:UInt32} <= {cutoff:Int64}
"""
_DELETE_SERIES: Final = (
    "DELETE FROM series WHERE id IN {ids:Array(UInt64)}",
    "DELETE FROM series_hours WHERE id IN {ids:Array(UInt64)}",
)
#: Ids in one statement.
_SLICE: Final = 10_000


class Retention:
    """A component that removes what is older than the settings say, or more. ``lock`` keeps partitions from being rewritten meanwhile."""

    name = "storage.retention"

    def __init__(
        self,
        *,
        settings: RetentionSettings,
        lifetimes: Lifetimes,
        pool: ClientPool,
        committer: Committer,
        lock: threading.RLock,
        follower: LogFollower,
        chunks: ChunkCache,
        clock: Clock,
    ) -> None:
        self._lock = lock
        self._committer = committer
        self._follower = follower
        self._settings = settings
        self._lifetimes = lifetimes
        self._chunks = chunks
        self._expiry = Expiry(lifetimes, chunks)
        self._pool = pool
        self._clock = clock

    def oldest(self) -> int:
        """The first millisecond of which any sample is kept; far in the past when everything is."""
        return self._lifetimes.oldest()

    def horizon(self) -> int:
        """The first millisecond of which anything is kept, sample or roll-up."""
        return self._lifetimes.horizon()

    async def run(self) -> None:
        """Looks every ten minutes, until cancelled."""
        while True:
            await asyncio.to_thread(self.apply)
            await asyncio.sleep(_PAUSE_S)

    def apply(self) -> None:
        """Removes what is to go. Blocks.

        Raises:
            ClickHouseError: something is left; the next call goes on.
        """
        with self._lock, self._pool.handle() as handle:
            self._drop_days(handle)
            if self._lifetimes.is_varied:
                self._expiry.apply(handle)
            self._forget_series(handle)
            if self._settings.metrics:
                self._delete_events(handle)

    def _drop_days(self, handle: Handle) -> None:
        cutoff = self.oldest() // HOUR_MS
        with self._committer.lock:
            seq = self._committer.cut()
        blocks, days = find_blocks(handle), find_days(handle)
        sizes = Counter({one.day: one.sealed + one.merged for one in days})
        for block in blocks:
            sizes[block.day] += block.size
        self._drop_histograms_and_exemplars(handle, cutoff)
        rolled = self._drop_rollups(handle)
        surplus = sizes.total() + rolled.total() - self._settings.size if self._settings.size else 0
        for day in sorted(sizes):
            too_much = surplus > 0 and day != max(sizes)
            for block in blocks:
                if block.day == day and (too_much or block.block + BLOCK_HOURS <= cutoff):
                    drop_rows(handle, block)
                    self._follower.recent.gone(block.block, seq)
            if too_much or day + DAY_HOURS <= cutoff:
                drop_chunks(handle, day)
                self._chunks.changed(day)
                _log.info("dropped a day of samples", day=day, bytes=sizes[day])
                surplus -= sizes[day]
        # The longest memory takes the least room, so it goes last.
        for day, resolution in sorted(rolled):
            if surplus > 0 and day != max(rolled)[0]:
                drop_rollups(handle, day, resolution)
                surplus -= rolled[day, resolution]

    def _drop_rollups(self, handle: Handle) -> Counter[tuple[int, int]]:
        """Drops roll-ups that are over; the bytes of the others by day and resolution (ms)."""
        sizes = Counter({(day, resolution): size for day, both in find_rollups(handle).items() for resolution, size in both.items()})
        for day, resolution in sorted(sizes):
            if day + DAY_HOURS <= self._lifetimes.oldest_rolled(resolution) // HOUR_MS:
                drop_rollups(handle, day, resolution)
                del sizes[day, resolution]
        return sizes

    @staticmethod
    def _drop_histograms_and_exemplars(handle: Handle, cutoff: int) -> None:
        for table, partition in handle.rows(_DAILY, {"hours": DAY_HOURS, "cutoff": cutoff}):
            handle.command(f"ALTER TABLE {identifier(str(table))} DROP PARTITION ID '{int(str(partition))}'")

    def _forget_series(self, handle: Handle) -> None:
        if self.horizon() <= 0:
            return
        # A series that comes back in between would be stored by a commit, and then deleted with the old one.
        with self._committer.lock:
            self._follower.catch_up()  # so that what the log has touched is known to be touched
            gone = self._follower.table.forget(max(self.horizon() // HOUR_MS, 0), self._clock.now_ms() // HOUR_MS)
            for start in range(0, len(gone), _SLICE):
                ids = {"ids": gone[start : start + _SLICE].tolist()}
                for statement in _DELETE_SERIES:
                    handle.command(statement, ids)

    def _delete_events(self, handle: Handle) -> None:
        cutoff = {"cutoff": self._clock.now_ms() - self._settings.metrics}
        # Looked at first: a deletion rewrites parts even where it finds nothing.
        if handle.rows(_COUNT_EVENTS, cutoff)[0][0]:
            handle.command(_DELETE_EVENTS, cutoff)
