"""The newest committed samples, held in memory as well, so that reads of the last hours ask ClickHouse for nothing.

A run holds the samples of some segments in a row, by series and time; runs of one size are merged, so that there are never many. Two
numbers tell a read what it needs of them. ``since`` is the first segment that is held: all committed later are, too. The *floor* of a block
is the first segment whose rows of it are not in chunks; a block without such rows has none. So a read takes of each block the runs from its
floor on, and ClickHouse has rows that are not held only in blocks whose floor is before ``since``.

A seal ends the runs (:meth:`RecentSamples.cut`): none has rows that it reads and rows that it does not. A run counts as written by its last
segment, and has of one timestamp what was written last. Only a tombstone could tell the difference: a deletion lets go of all that is held.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fusewatch.storage.head import Columns
from fusewatch.storage.partitions import BLOCK_HOURS, BlockRows
from fusewatch.storage.read_kernels import group
from fusewatch.storage.run_kernels import build, find_rows, take_rows
from fusewatch.storage.series_kernels import HOUR_MS, UInt32s
from fusewatch.telemetry.samples import Int64s, UInt64s

#: So many runs of one level become one of the next.
_FAN: Final = 8
_NOTHING_HELD: Final = 1 << 63
_BLOCK_MS: Final = BLOCK_HOURS * HOUR_MS

#: Place, timestamp, value bits and seq of some rows.
Rows = tuple[Int64s, Int64s, UInt64s, UInt64s]


@dataclass(frozen=True, slots=True)
class Run:
    """The samples of the segments ``first`` to ``last``: those of series ``keys[k]`` lie at ``offsets[k]`` to ``offsets[k + 1]``.

    ``keys`` (k) are references, ascending; ``times`` (n) ms ascend within a series; ``bits`` (n) are the values'.
    """

    first: int
    last: int
    keys: UInt32s
    offsets: Int64s
    times: Int64s
    bits: UInt64s
    level: int = 0

    @classmethod
    def of(cls, number: int, rows: Columns) -> Run:
        """The samples of one segment, which has some."""
        return cls._built((number, number), rows.refs, rows.timestamps, rows.bits, 0)

    @classmethod
    def spanning(cls, first: int, last: int, rows: Columns, level: int) -> Run:
        """The samples of some segments in a row, in their order."""
        return cls._built((first, last), rows.refs, rows.timestamps, rows.bits, level)

    @classmethod
    def merged(cls, runs: Sequence[Run]) -> Run:
        """The samples of several runs in a row, the oldest first."""
        refs = np.concatenate([np.repeat(run.keys, np.diff(run.offsets)) for run in runs])
        times, bits = np.concatenate([run.times for run in runs]), np.concatenate([run.bits for run in runs])
        return cls._built((runs[0].first, runs[-1].last), refs, times, bits, runs[-1].level + 1)

    @classmethod
    def _built(cls, segments: tuple[int, int], refs: UInt32s, times: Int64s, bits: UInt64s, level: int) -> Run:
        size = len(refs)
        starts, order = np.zeros(int(refs.max()) + 2, np.int64), np.empty(size, np.int64)
        group(refs.astype(np.int64), starts, order)
        keys, offsets = np.empty(size, np.uint32), np.zeros(size + 1, np.int64)
        out = np.empty(size, np.int64), np.empty(size, np.uint64)
        series = build(order, (refs, times, bits), keys, offsets, out)
        count = int(offsets[series])
        first, last = segments
        return cls(first, last, keys[:series].copy(), offsets[: series + 1].copy(), out[0][:count].copy(), out[1][:count].copy(), level)

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return self.keys.nbytes + self.offsets.nbytes + self.times.nbytes + self.bits.nbytes


@dataclass(frozen=True, slots=True)
class RecentView:
    """What is held at one moment."""

    runs: Sequence[Run] = ()
    since: int = _NOTHING_HELD
    floors: Mapping[int, int] = field(default_factory=dict)

    def rows(self, refs: UInt32s, start: int, end: int) -> list[Rows]:
        """The rows of the series ``refs`` (n) from ``start`` to ``end`` (ms) that no chunk has; their places are those in ``refs``."""
        places = np.argsort(refs)
        wanted, found = refs[places], []
        for low, high, floor in self._parts(start, end):
            for run in self.runs:
                if run.last < floor:
                    continue
                lows, highs = np.empty(len(wanted), np.int64), np.empty(len(wanted), np.int64)
                count = find_rows(run.keys, run.offsets, run.times, wanted, (low, high), lows, highs)
                if count:
                    out = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.uint64)
                    take_rows(places, lows, highs, (run.times, run.bits), out)
                    found.append((*out, np.full(count, run.last, np.uint64)))
        return found

    def stored_blocks(self, start: int, end: int) -> tuple[int, int] | None:
        """The first and the last block from ``start`` to ``end`` (ms) of which ClickHouse alone has rows, None where it has none."""
        blocks = [block for block, floor in self.floors.items() if floor < self.since and _overlap(block, start, end)]
        return (min(blocks), max(blocks)) if blocks else None

    def _parts(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """The parts of ``start`` to ``end`` (ms, both included) whose blocks have a floor, and the floor; neighbours alike are one."""
        parts: list[tuple[int, int, int]] = []
        for block in sorted(block for block in self.floors if _overlap(block, start, end)) if self.runs else ():
            low, high = _limits(block)
            floor = max(self.floors[block], self.since)
            if parts and parts[-1][1:] == (low - 1, floor):
                low = parts.pop()[0]
            parts.append((low, high, floor))
        return [(max(low, start), min(high, end), floor) for low, high, floor in parts]


def _limits(block: int) -> tuple[int, int]:
    """The first and the last ms of a block; the first block has all before the epoch, too."""
    return block * HOUR_MS if block else -(1 << 63), block * HOUR_MS + _BLOCK_MS - 1


def _overlap(block: int, start: int, end: int) -> bool:
    low, high = _limits(block)
    return low <= end and high >= start


class RecentSamples:
    """Holds runs up to ``limit`` bytes; the oldest go first, and those of which chunks have everything. Thread-safe.

    ``found`` are the blocks that have rows at the start; ``held`` has all of them, or nothing is held.
    """

    def __init__(self, limit: int, found: Iterable[BlockRows] = (), held: tuple[Run, ...] = ()) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._runs = held
        #: Segments behind which runs end, ascending.
        self._cuts: tuple[int, ...] = ()
        #: By block, the first and the last segment with rows that no chunk has.
        self._segments: dict[int, tuple[int, int]] = {one.block: (0, 0) for one in found}

    def view(self) -> RecentView:
        """What is held now."""
        with self._lock:
            since = self._runs[0].first if self._runs else _NOTHING_HELD
            return RecentView(self._runs, since, {block: first for block, (first, _) in self._segments.items()})

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(run.size for run in self._runs)

    @property
    def count(self) -> int:
        """Samples that are held."""
        return sum(len(run.times) for run in self._runs)

    def run_of(self, number: int, rows: Columns) -> Run | None:
        """The run of a segment, None where nothing is to be held. Takes some 50 ns a sample."""
        return Run.of(number, rows) if self._limit and len(rows) else None

    def add(self, number: int, run: Run | None, blocks: Iterable[int]) -> None:
        """Takes in a segment that was committed after all others; ``blocks`` are those of its rows (hours since the epoch)."""
        with self._lock:
            for block in blocks:
                self._segments[block] = self._segments.get(block, (number, number))[0], number
            if run is not None:
                self._runs = (*self._runs, run)
                self._evict()

    def tidy(self) -> None:
        """Merges runs where there are many of one size. Blocks; reads go on."""
        while len(tail := self._mergeable()) == _FAN:
            merged = Run.merged(tail)
            with self._lock:
                if self._runs[-_FAN:] != tail:
                    return  # let go meanwhile
                self._runs = (*self._runs[:-_FAN], merged)

    def _mergeable(self) -> tuple[Run, ...]:
        tail = self._runs[-_FAN:]
        alike = len({run.level for run in tail}) == 1 and sum(run.size for run in tail) <= self._limit // _FAN
        return tail if alike and not any(tail[0].first <= seq < tail[-1].last for seq in self._cuts) else ()

    def cut(self, seq: int) -> None:
        """Ends the runs behind ``seq``, the last segment that was added."""
        with self._lock:
            self._cuts = (*self._cuts, seq)

    def gone(self, block: int, seq: int) -> None:
        """ClickHouse has no rows of a block up to segment ``seq`` any more, behind which there is a cut."""
        with self._lock:
            first, last = self._segments.get(block, (0, 0))
            if last <= seq:
                self._segments.pop(block, None)
            else:
                self._segments[block] = max(first, seq + 1), last
            self._evict()

    def let_go(self) -> None:
        """Holds nothing of what was committed until now."""
        with self._lock:
            self._runs = ()

    def _evict(self) -> None:
        needed = min((first for first, _ in self._segments.values()), default=_NOTHING_HELD)
        while self._runs and (self._runs[0].last < needed or self.size > self._limit):
            self._runs = self._runs[1:]
        self._cuts = tuple(seq for seq in self._cuts if self._runs and seq >= self._runs[0].first)
