"""When blocks are sealed and days merged."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.merging import DayMerger
from fusewatch.storage.opening import Parts
from fusewatch.storage.partitions import BLOCK_HOURS, DAY_HOURS, BlockRows, ChunkDay, day_of, find_blocks, find_days
from fusewatch.storage.sealing import BlockSealer, Cut
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import StorageError

_log = structlog.get_logger(component="storage")
_PAUSE_S: Final = 15
#: A block is over for us this long after its end, its first half this long after the middle: senders are a little late. Half a block is
#: sealed by itself, because two hours of rows take longer to read than the day of chunks before them.
_GRACE_MS: Final = 180_000
#: Both are sealed when no row has come for this long …
_QUIET_S: Final = 60.0
#: … or they began to come this long ago: late rows make chunks of their own, so they are awaited.
_PATIENCE_S: Final = 900.0
#: A day is merged this long after its end and after the last seal in it, …
_DAY_GRACE_S: Final = 1800.0
#: … today, whenever so many seals were made in it: many short chunks are slow to read, and merging is quick;
_SEALS_A_MERGE: Final = 6
#: … and an old day again, when late samples came, not sooner than this after the last time: all of it is written anew.
_MERGE_PAUSE_S: Final = 6 * 3600.0
#: A block with more rows than this is sealed before it is over.
_MOST_ROWS: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class SealerStatistics:
    """What was done since the start, and what is due: ``seal_lag_s`` and ``merge_lag_s`` are 0 while nothing is."""

    sealed_samples: int = 0
    merged_samples: int = 0
    last_seal_s: float = 0.0
    last_merge_s: float = 0.0
    seal_lag_s: float = 0.0
    merge_lag_s: float = 0.0


@dataclass(slots=True)
class _Seen:
    """A block with rows, as it was looked at: when its rows began to come, when their number changed last (monotonic seconds)."""

    rows: int
    since: float
    changed: float


class Sealer:
    """A component that seals blocks which are over, and merges days which are. ``lock`` is held by whatever rewrites partitions."""

    name = "storage.sealer"

    def __init__(self, *, pool: ClientPool, blocks: BlockSealer, days: DayMerger, clock: Clock, most_rows: int = _MOST_ROWS) -> None:
        self.lock = threading.RLock()
        self._pool = pool
        self._blocks = blocks
        self._days = days
        self._clock = clock
        self._most_rows = most_rows
        self._seen: dict[int, _Seen] = {}
        #: When the last seal in a day, and the last merge of it, ended (monotonic seconds), of this process.
        self._sealed_at: dict[int, float] = {}
        self._merged_at: dict[int, float] = {}
        #: How often a day was sealed since it was merged, and which blocks were sealed in their middle.
        self._seals = Counter[int]()
        self._halved: set[int] = set()
        self._done = SealerStatistics()

    async def run(self) -> None:
        """Looks several times a minute, until cancelled."""
        while True:
            await asyncio.to_thread(self.seal_due)
            await asyncio.to_thread(self.merge_due)
            await asyncio.sleep(_PAUSE_S)

    def statistics(self) -> SealerStatistics:
        """The figures now. Blocks."""
        with self._pool.handle() as handle:
            blocks, days = self._look(handle), find_days(handle)
        now, wall = self._clock.monotonic(), self._clock.now_ms()
        since = {block: seen.since for block, seen in self._seen.copy().items()}
        seal_lags = [min(now - since.get(one.block, now), (wall - _end_of(one)) / 1000) for one in blocks]
        merge_lags = [(wall - _end_of(one)) / 1000 - _DAY_GRACE_S for one in days if one.sealed]
        return replace(self._done, seal_lag_s=max(0.0, *seal_lags, 0.0), merge_lag_s=max(0.0, *merge_lags, 0.0))

    # Sealing --------------------------------------------------------------------------------------------------------------------

    def seal_due(self) -> int:
        """Seals every block that is due; how many. Blocks.

        Raises:
            ClickHouseError, CorruptChunkError: no sample is lost; the next call goes on.
        """
        with self._pool.handle() as handle:
            due = [one.block for one in self._look(handle) if self._is_due(one)]
        return _each(self.seal_block, due)

    def seal_block(self, block: int) -> int:
        """Seals the rows that a block (hours since the epoch) has now; how many samples they were. Blocks.

        Raises:
            ClickHouseError, CorruptChunkError: no sample is lost.
        """
        with self.lock:
            return self._seal(block, self._blocks.begin([block]))

    def _seal(self, block: int, cut: Cut) -> int:
        started = time.monotonic()
        samples = self._blocks.write(block, cut)
        self._blocks.drop(block, cut)
        seconds = time.monotonic() - started
        self._seen.pop(block, None)
        self._sealed_at[day_of(block)] = self._clock.monotonic()
        self._seals[day_of(block)] += 1
        self._halved = {block, *(one for one in self._halved if one >= block - DAY_HOURS)}
        self._done = replace(self._done, sealed_samples=self._done.sealed_samples + samples, last_seal_s=seconds)
        _log.info("sealed a block of samples", block=block, samples=samples, seconds=round(seconds, 3))
        return samples

    def _look(self, handle: Handle) -> list[BlockRows]:
        """The blocks that have rows."""
        found, now = find_blocks(handle), self._clock.monotonic()
        for one in found:
            seen = self._seen.setdefault(one.block, _Seen(one.rows, now, now))
            if seen.rows != one.rows:
                seen.rows, seen.changed = one.rows, now
        return found

    def _is_due(self, one: BlockRows) -> bool:
        if one.rows >= self._most_rows:
            return True
        now, seen = self._clock.monotonic(), self._seen.get(one.block)
        end = _end_of(one) if one.block in self._halved else _end_of(one) - BLOCK_HOURS * HOUR_MS // 2
        is_over = self._clock.now_ms() >= end + _GRACE_MS
        return is_over and seen is not None and (now - seen.changed >= _QUIET_S or now - seen.since >= _PATIENCE_S)

    # Merging --------------------------------------------------------------------------------------------------------------------

    def merge_due(self) -> int:
        """Merges every day that is due; how many. Blocks.

        Raises:
            ClickHouseError, CorruptChunkError: no sample is lost; the next call goes on.
        """
        with self._pool.handle() as handle:
            due = [one.day for one in find_days(handle) if one.sealed and self._is_mergeable(one)]
        return _each(self.merge_day, due)

    def merge_day(self, day: int) -> int:
        """Seals what rows a day (hours since the epoch) has, and merges its chunks; how many samples there are. Blocks.

        Raises:
            ClickHouseError, CorruptChunkError: no sample is lost.
        """
        with self.lock:
            return self._merge(day)

    def _merge(self, day: int) -> int:
        # All blocks, also those that have no rows yet: none of the day's rows up to the seq of the merge may be left out.
        cut = self._blocks.begin(range(day, day + DAY_HOURS, BLOCK_HOURS))
        with self._pool.handle() as handle:
            blocks = [one.block for one in find_blocks(handle) if one.day == day and min(one.generations) < cut.generations[one.block]]
        for block in blocks:
            self._seal(block, cut)
        started = time.monotonic()
        samples = self._days.merge(day, cut)
        seconds = time.monotonic() - started
        self._merged_at[day] = self._clock.monotonic()
        self._seals.pop(day, None)
        self._done = replace(self._done, merged_samples=self._done.merged_samples + samples, last_merge_s=seconds)
        _log.info("merged a day of samples", day=day, samples=samples, seconds=round(seconds, 3))
        return samples

    def _is_mergeable(self, one: ChunkDay) -> bool:
        now, wall = self._clock.monotonic(), self._clock.now_ms()
        if wall < _end_of(one):
            return self._seals[one.day] >= _SEALS_A_MERGE
        is_over = wall >= _end_of(one) + _DAY_GRACE_S * 1000 and now - self._sealed_at.get(one.day, float("-inf")) >= _DAY_GRACE_S
        return is_over and now - self._merged_at.get(one.day, float("-inf")) >= _MERGE_PAUSE_S


def _each(act: Callable[[int], int], starts: list[int]) -> int:
    """Does all of it, whatever one of them raises; how many there were."""
    problem: StorageError | None = None
    for start in starts:
        try:
            act(start)
        except StorageError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return len(starts)


def _end_of(one: BlockRows | ChunkDay) -> int:
    """The end of a block or a day, ms."""
    end = one.day + DAY_HOURS if isinstance(one, ChunkDay) else one.block + BLOCK_HOURS
    return end * HOUR_MS


def build_sealer(parts: Parts, lifetimes: Lifetimes, clock: Clock) -> Sealer:
    """The sealer of an open store."""
    blocks = BlockSealer(
        pool=parts.pool,
        committer=parts.committer,
        generations=parts.generations,
        graveyard=parts.graveyard,
        span=parts.span,
        recent=parts.follower.recent,
        chunks=parts.chunks,
    )
    return Sealer(pool=parts.pool, blocks=blocks, days=DayMerger(pool=parts.pool, lifetimes=lifetimes, chunks=parts.chunks), clock=clock)
