"""Retention: whole days go when they are over, and what nothing refers to any more with them."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.committer import BLOCK_HOURS, Committer
from fusewatch.storage.config import RetentionSettings
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.clock import Clock

_PAUSE_S: Final = 600
_PARTS: Final = """
SELECT partition_id, min(toUInt32OrZero(splitByChar('-', partition_id)[1])) AS block, sum(bytes_on_disk) AS bytes
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'samples'
GROUP BY partition_id
ORDER BY block
"""
_COUNT_EVENTS: Final = "SELECT count() FROM events WHERE greatest(timestamp, `end`) < {cutoff:Int64}"
_DELETE_EVENTS: Final = "DELETE FROM events WHERE greatest(timestamp, `end`) < {cutoff:Int64}"
_DELETE_SERIES: Final = (
    "DELETE FROM series WHERE id IN {ids:Array(UInt64)}",
    "DELETE FROM series_hours WHERE id IN {ids:Array(UInt64)}",
)
#: Ids in one statement.
_SLICE: Final = 10_000


class Retention:
    """A component that removes what is older than the settings say, or more."""

    name = "storage.retention"

    def __init__(self, *, settings: RetentionSettings, pool: ClientPool, committer: Committer, follower: LogFollower, clock: Clock) -> None:
        self._committer = committer
        self._follower = follower
        self._settings = settings
        self._pool = pool
        self._clock = clock

    def oldest(self) -> int:
        """The first millisecond that is kept; far in the past when everything is."""
        return self._clock.now_ms() - self._settings.metrics if self._settings.metrics else -(1 << 62)

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
        with self._pool.handle() as handle:
            self._drop_blocks(handle)
            if self._settings.metrics:
                self._forget_series(handle)
                self._delete_events(handle)

    def _drop_blocks(self, handle: Handle) -> None:
        blocks = [(str(name), int(block), int(size)) for name, block, size in handle.rows(_PARTS)]
        cutoff = self.oldest() // HOUR_MS - BLOCK_HOURS
        surplus = sum(size for _, _, size in blocks) - self._settings.size if self._settings.size else 0
        for name, block, size in blocks[:-1] if surplus > 0 else blocks:
            if block <= cutoff or surplus > 0:
                handle.command(f"ALTER TABLE samples DROP PARTITION ID '{name}'")
                structlog.get_logger(component="storage").info("dropped a block of samples", block=name, bytes=size)
                surplus -= size

    def _forget_series(self, handle: Handle) -> None:
        # A series that comes back in between would be stored by a commit, and then deleted with the old one.
        with self._committer.lock:
            self._follower.catch_up()  # so that what the log has touched is known to be touched
            gone = self._follower.table.forget(max(self.oldest() // HOUR_MS, 0), self._clock.now_ms() // HOUR_MS)
            for start in range(0, len(gone), _SLICE):
                ids = {"ids": gone[start : start + _SLICE].tolist()}
                for statement in _DELETE_SERIES:
                    handle.command(statement, ids)

    def _delete_events(self, handle: Handle) -> None:
        cutoff = {"cutoff": self.oldest()}
        # Looked at first: a deletion rewrites parts even where it finds nothing.
        if handle.rows(_COUNT_EVENTS, cutoff)[0][0]:
            handle.command(_DELETE_EVENTS, cutoff)
