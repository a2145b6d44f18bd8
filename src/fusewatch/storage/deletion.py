"""Deleting series, or parts of them: hidden at once, rewritten without them later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import structlog

from fusewatch.storage.catalog import Catalog
from fusewatch.storage.chunk_rows import MOST_IDS
from fusewatch.storage.client import Handle
from fusewatch.storage.opening import Parts
from fusewatch.storage.partitions import DAY_HOURS, find_blocks, find_days, find_rollups
from fusewatch.storage.sealer import Sealer
from fusewatch.storage.series_kernels import HOUR_MS, UInt32s
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import UInt64s

_PAUSE_S: Final = 3600
#: Deletions that are older than this are applied without being asked.
_PATIENCE_MS: Final = 86_400_000
_NEVER: Final = np.iinfo(np.uint32).max
#: Before every timestamp, and behind every one.
_FARTHEST: Final = 1 << 53
#: Where a series has samples, and what tells the day of each.
_TABLES: Final = {"chunks": "day", "rollups": "day", "samples": "block", "histograms": "day"}
_HOLDERS_IN: Final = """
SELECT id
FROM {table}
WHERE metric IN {{metrics:Array(UInt64)}}
  AND id IN {{ids:Array(UInt64)}}
  AND {place} BETWEEN {{first:UInt32}} AND {{last:UInt32}}
"""
_EACH: Final = " UNION ALL ".join(_HOLDERS_IN.format(table=table, place=place) for table, place in _TABLES.items())
_HOLDERS: Final = f"SELECT DISTINCT id FROM ({_EACH})"  # noqa: S608  # constants
_DELETE_HISTOGRAMS: Final = """
DELETE FROM histograms
WHERE metric IN {metrics:Array(UInt64)}
  AND id IN {ids:Array(UInt64)}
  AND timestamp BETWEEN {start:Int64} AND {end:Int64}
  AND seq <= {seq:UInt64}
"""
_FORGET_HOURS: Final = "DELETE FROM series_hours WHERE id IN {ids:Array(UInt64)}"
_log = structlog.get_logger(component="storage")


class Deletion:
    """A component that applies old deletions for good, and the way to make one. Its methods block."""

    name = "storage.deletion"

    def __init__(self, *, parts: Parts, catalog: Catalog, sealer: Sealer, clock: Clock) -> None:
        self._pool = parts.pool
        self._table = parts.table
        self._follower = parts.follower
        self._committer = parts.committer
        self._graveyard = parts.graveyard
        self._catalog = catalog
        self._sealer = sealer
        self._clock = clock

    async def run(self) -> None:
        """Looks every hour, until cancelled."""
        while True:
            await asyncio.to_thread(self.clean_due)
            await asyncio.sleep(_PAUSE_S)

    def delete(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int) -> None:
        """Hides the samples that series matching any selector have from ``start`` to ``end`` (ms); what is written later is seen.

        Raises:
            ClickHouseError, ReadOnlyError: nothing was deleted.
            BadRegexError: RE2 rejects a pattern.
        """
        start, end = max(start, -_FARTHEST), min(end, _FARTHEST)
        # What was acknowledged before the call has a seq then, and none of it a later one than the tombstones get.
        self._committer.commit_all()
        found = [self._catalog.select(selector, start, end, Budget(max_series=1 << 62)) for selector in selectors]
        ids, at = np.unique(np.concatenate([np.empty(0, np.uint64), *(one.ids for one in found)]), return_index=True)
        if not len(ids) or start > end:
            return
        metrics = np.concatenate([one.metrics for one in found])[at]
        size, unsigned, signed = len(ids), np.uint64, np.int64
        with self._committer.lock, self._pool.handle() as handle:
            fresh = Tombstones(
                deletions=np.full(size, self._next_number(), unsigned),
                metrics=metrics,
                ids=ids,
                starts=np.full(size, start, signed),
                ends=np.full(size, end, signed),
                seqs=np.full(size, self._committer.committed, unsigned),
            )
            # Before the tombstones are known: what is held has no seq that they could be compared with.
            self._follower.recent.let_go()
            self._graveyard.add(handle, fresh)
            self._follower.versions.change()
            self._forget(handle, self._wholly_covered(ids, start, end))
        _log.info("deleted samples", series=size, start=start, end=end)

    def _next_number(self) -> int:
        """A number for a deletion that no other one has; the time in ns, about."""
        known = self._graveyard.current.deletions
        return max(self._clock.now_ms() * 1_000_000, int(known.max()) + 1 if len(known) else 0)

    def clean_due(self) -> None:
        """Applies deletions that are a day old.

        Raises:
            ClickHouseError, CorruptChunkError: what was deleted is still hidden; the next call goes on.
        """
        made = self._graveyard.current.deletions
        if len(made) and int(made.min()) // 1_000_000 < self._clock.now_ms() - _PATIENCE_MS:
            self.clean()

    def clean(self) -> None:
        """Rewrites every day that holds deleted samples, and forgets the tombstones and the series that have no samples left.

        Raises:
            ClickHouseError, CorruptChunkError: what was deleted is still hidden; the next call goes on.
        """
        with self._sealer.lock:
            dead = self._graveyard.current
            if not len(dead):
                return
            for day in self._days():
                if self._is_touched(day, dead):
                    self._sealer.merge_day(day)
            with self._committer.lock, self._pool.handle() as handle:
                self._delete_histograms(handle, dead)
                self._graveyard.remove(handle, dead)
                self._forget(handle, self._without_samples(handle, dead))
        _log.info("removed deleted samples from disk", tombstones=len(dead))

    def _delete_histograms(self, handle: Handle, dead: Tombstones) -> None:
        """Native histograms lie in rows of their own, which no merge rewrites."""
        dead = dead.rows(np.isin(dead.metrics, np.fromiter(self._follower.histogram_metrics, np.uint64)))
        for number in np.unique(dead.deletions).tolist():
            for part in _slices(dead.rows(dead.deletions == number)):
                limits = {"start": int(part.starts[0]), "end": int(part.ends[0]), "seq": int(part.seqs[0])}
                handle.command(_DELETE_HISTOGRAMS, {"metrics": np.unique(part.metrics).tolist(), "ids": part.ids.tolist(), **limits})

    def _days(self) -> list[int]:
        """The days that have samples or roll-ups."""
        with self._pool.handle() as handle:
            return sorted({one.day for one in find_blocks(handle)} | {one.day for one in find_days(handle)} | find_rollups(handle).keys())

    def _is_touched(self, day: int, dead: Tombstones) -> bool:
        """Whether a day has samples of series that have tombstones there."""
        dead = dead.within(day * HOUR_MS if day else -_FARTHEST, (day + DAY_HOURS) * HOUR_MS - 1)
        with self._pool.handle() as handle:
            return any(len(_holders(handle, part, day, day + DAY_HOURS - 1)) for part in _slices(dead))

    def _without_samples(self, handle: Handle, dead: Tombstones) -> UInt32s:
        """The references of the series that ClickHouse has no sample of."""
        gone = [np.setdiff1d(part.ids, _holders(handle, part, 0, int(_NEVER))) for part in _slices(dead)]
        refs, _ = self._table.find(np.concatenate([np.empty(0, np.uint64), *gone]))
        return refs[refs > 0]

    def _wholly_covered(self, ids: UInt64s, start: int, end: int) -> UInt32s:
        """The references of the series all of whose samples lie between ``start`` and ``end``."""
        refs, _ = self._table.find(ids)
        first, last = self._table.first[refs].astype(np.int64), self._table.last[refs].astype(np.int64)
        lowest = np.where(first > 0, first * HOUR_MS, -_FARTHEST)  # the first hour stands for everything before it, too
        return refs[(refs > 0) & (start <= lowest) & ((last + 1) * HOUR_MS - 1 <= end)]

    def _forget(self, handle: Handle, refs: UInt32s) -> None:
        """Makes committed series without samples appear in no answer, until they get one; the committer's lock is held."""
        with self._table.lock:
            views = self._follower.view()
            waiting = [view.columns.refs for view in views]
            waiting += [self._table.find(rows.ids)[0] for view in views for rows in view.histograms]
            refs = np.setdiff1d(refs, np.concatenate([np.empty(0, np.uint32), *waiting]))
            self._table.first[refs], self._table.last[refs] = _NEVER, 0
            self._table.save_hours(refs, self._table.first[refs], self._table.last[refs])
            self._table.version += 1
            ids = self._table.ids[refs]
        for at in range(0, len(ids), MOST_IDS):
            handle.command(_FORGET_HOURS, {"ids": ids[at : at + MOST_IDS].tolist()})


def _slices(dead: Tombstones) -> Iterator[Tombstones]:
    """A tombstone for each series, so many at a time as a statement takes."""
    _, first = np.unique(dead.ids, return_index=True)
    for at in range(0, len(first), MOST_IDS):
        yield dead.rows(first[at : at + MOST_IDS])


def _holders(handle: Handle, dead: Tombstones, first: int, last: int) -> UInt64s:
    """The ids that have samples in the days or blocks from ``first`` to ``last`` (hours since the epoch)."""
    parameters = {"metrics": np.unique(dead.metrics).tolist(), "ids": dead.ids.tolist(), "first": first, "last": last}
    return np.array([row[0] for row in handle.rows(_HOLDERS, parameters)], np.uint64)
