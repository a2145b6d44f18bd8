"""Brings segments of the log into ClickHouse: series first, then the samples that name them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.commit_kernels import blocks_of, last_writes, scatter
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.generations import Generations
from fusewatch.storage.head import Columns, HeadSegment
from fusewatch.storage.native import Column
from fusewatch.storage.partitions import BLOCK_HOURS
from fusewatch.storage.records import SeriesRows
from fusewatch.storage.series_columns import series_columns
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.strings import Strings, gather, offsets_of
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, Int64s, UInt64s

_LABELS: Final = "Map(String, String)"


#: How often the log is looked at: what comes in between is visible to reads all the same.
_LOOK_S: Final = 0.25


class Committer:
    """A component that follows the log and commits each segment that the receiver has left. No commit runs while another has ``lock``.

    ``hand_on`` makes the receiver end its newest segment; it blocks until that is done. ``committed`` is the last segment that is in
    ClickHouse with all before it.
    """

    name = "storage.committer"

    def __init__(
        self, *, follower: LogFollower, pool: ClientPool, generations: Generations, committed: int, hand_on: Callable[[], object]
    ) -> None:
        self.last_commit_s = 0.0
        self.commits = 0
        self.committed = committed
        self._generations = generations
        self._follower = follower
        self._pool = pool
        self._hand_on = hand_on
        self.lock = threading.Lock()
        self._ranks = Ranks(follower.table)

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            if self._follower.is_behind or self._follower.oldest_sealed() is not None:
                await asyncio.to_thread(self.commit_sealed)
            await asyncio.sleep(_LOOK_S)

    def commit_sealed(self, *, up_to: int | None = None) -> None:
        """Takes in what the log has and commits all segments that are complete; those up to a number, where one is given. Blocks.

        Raises:
            ClickHouseError: the rest stays in line.
            CorruptLogError: a segment is damaged.
        """
        more = True
        while more and not (up_to is not None and self._follower.is_past(up_to)):
            more = self._follower.advance()
            more = self.commit_oldest() or more

    def commit_oldest(self) -> bool:
        """Commits the oldest sealed segment; whether there was one. Blocks.

        Raises:
            ClickHouseError: the segment stays in line.
        """
        with self.lock:
            segment = self._follower.oldest_sealed()
            if segment is None:
                return False
            started = time.monotonic()
            with self._pool.handle() as handle:
                blocks = self._commit(handle, segment)
            self._follower.finished(segment, blocks)
            self.committed = segment.file.number
            self.last_commit_s = time.monotonic() - started
            self.commits += 1
            return True

    def commit_all(self) -> None:
        """Commits everything that was acknowledged before this call. Blocks.

        Raises:
            OverloadedError: the receiver is away, so its newest segment can't be ended.
            ClickHouseError, ReadOnlyError: the rest stays in the log.
        """
        self.hand_on()
        # What comes meanwhile is not waited for: under steady writes that would never end.
        self.commit_sealed(up_to=self._follower.newest - 1)

    def cut(self) -> int:
        """The last segment that is committed with all before it; what is held of later ones stays apart. The lock is held."""
        self._follower.recent.cut(self.committed)
        return self.committed

    def hand_on(self) -> None:
        """Makes the receiver end its newest segment, where that has anything. Blocks.

        Raises:
            OverloadedError: the receiver is away.
        """
        self._hand_on()

    def _commit(self, handle: Handle, segment: HeadSegment) -> list[int]:
        """Inserts all of it; the blocks of its samples."""
        seq, table = segment.file.number, self._follower.table
        if segment.series:
            handle.insert("series", series_columns(SeriesRows.concatenated(segment.series), seq))
        refs, first, last = table.take_moved_hours()
        if len(refs):
            handle.insert(
                "series_hours", [Column("id", "UInt64", table.ids[refs]), Column("first", "UInt32", first), Column("last", "UInt32", last)]
            )
        if segment.metadata:
            handle.insert("metadata", metadata_columns(segment.metadata, seq))
        if segment.events:
            handle.insert("events", event_columns(segment.events, seq))
        if segment.histograms:
            handle.insert("histograms", histogram_columns(last_histograms(segment.histograms), table, seq))
        for exemplars in segment.exemplars:
            handle.insert("exemplars", exemplar_columns(exemplars, table, seq))
        rows, blocks = segment.columns.view(), np.empty(0, np.uint32)
        if len(rows):
            columns = sample_columns(rows, table, self._ranks.current(), seq)
            blocks = np.asarray(columns[0].values)
            handle.insert("samples", [*columns, Column("generation", "UInt32", self._generations.of(blocks))])
        table.save_hours(refs, first, last)
        return [int(block) for block in np.unique(blocks)]


class Ranks:
    """The position of each reference in the order of the table, kept until there are new series."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._rank: Int64s = np.zeros(1, np.int64)

    def current(self) -> Int64s:
        """The positions (references + 1)."""
        size = self._table.count + 1
        if len(self._rank) < size:
            with self._table.lock:
                size = self._table.count + 1
                ids, metrics = self._table.ids[:size].copy(), self._table.metrics[:size].copy()
            order = np.lexsort((ids, metrics))
            self._rank = np.empty(size, np.int64)
            self._rank[order] = np.arange(size)
        return self._rank


def sample_columns(rows: Columns, table: SeriesTable, rank: Int64s, seq: int) -> list[Column]:
    """Rows of ``samples`` in its order (``rank``: of each reference), the last write of each series and timestamp."""
    size = len(rows)
    order = np.empty(size, np.int64)
    scatter(rows.refs, rank, np.zeros(len(rank) + 1, np.int64), order)
    metric, series_id, bits = (np.empty(size, np.uint64) for _ in range(3))
    timestamp, block = np.empty(size, np.int64), np.empty(size, np.uint32)
    series = (table.metrics, table.ids)
    count = last_writes(rows.refs, rows.timestamps, rows.bits, order, series, (metric, series_id, timestamp, bits))
    blocks_of(timestamp[:count], BLOCK_HOURS, block)
    return [
        Column("block", "UInt32", block[:count]),
        Column("metric", "UInt64", metric[:count]),
        Column("id", "UInt64", series_id[:count]),
        Column("timestamp", "Int64", timestamp[:count]),
        Column("value", "Float64", bits[:count].view(np.float64)),
        Column("seq", "UInt64", np.full(count, seq, np.uint64)),
    ]


def histogram_columns(rows: HistogramRows, table: SeriesTable, seq: int) -> list[Column]:
    """Rows of ``histograms``."""
    return [*_place(rows.ids, rows.timestamps, table), Column("body", "String", Strings(rows.offsets, rows.bodies)), _seq(len(rows), seq)]


def last_histograms(parts: Sequence[HistogramRows]) -> HistogramRows:
    """The last write of each series and timestamp, in their order: the rows of a segment have one seq, which can't tell them apart."""
    ids, times = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "timestamps"))
    sizes, blob = np.concatenate([np.diff(part.offsets) for part in parts]), np.concatenate([part.bodies for part in parts])
    order = np.lexsort((times, ids))
    same = (ids[order][:-1] == ids[order][1:]) & (times[order][:-1] == times[order][1:])
    order = order[np.append(~same, True)] if len(order) else order
    offsets = offsets_of(sizes[order])
    bodies = np.empty(int(offsets[-1]), np.uint8)
    gather(blob, (np.cumsum(sizes) - sizes)[order], offsets, bodies)
    return HistogramRows(ids[order], times[order], offsets, bodies)


def exemplar_columns(rows: ExemplarRows, table: SeriesTable, seq: int) -> list[Column]:
    """Rows of ``exemplars``."""
    value = Column("value", "Float64", rows.values)
    return [
        *_place(rows.ids, rows.timestamps, table),
        value,
        Column("labels", "String", Strings(rows.offsets, rows.labels)),
        _seq(len(rows), seq),
    ]


def _place(ids: UInt64s, timestamps: Int64s, table: SeriesTable) -> list[Column]:
    """Where rows of some series lie: day, metric, id and timestamp."""
    refs, _ = table.find(ids)
    days = np.empty(len(ids), np.uint32)
    blocks_of(timestamps, 24, days)
    return [
        Column("day", "UInt32", days),
        Column("metric", "UInt64", table.metrics[refs]),
        Column("id", "UInt64", ids),
        Column("timestamp", "Int64", timestamps),
    ]


def metadata_columns(entries: Sequence[MetricMetadata], seq: int) -> list[Column]:
    """Rows of ``metadata``; of several entries of one metric and job the last."""
    latest = list({(entry.metric, entry.job): asdict(entry) for entry in entries}.values())
    texts = [Column(name, "String", [entry[name] for entry in latest]) for name in ("metric", "job", "type", "help", "unit")]
    return [*texts, _seq(len(latest), seq)]


def event_columns(events: Sequence[Event], seq: int) -> list[Column]:
    """Rows of ``events``; of several events with one id the last."""
    latest = list({event.id: event for event in events}.values())
    texts = [Column(name, "String", [getattr(event, name) for event in latest]) for name in ("id", "kind", "title", "text", "source")]
    times = [Column(name, "Int64", np.array([getattr(event, name) for event in latest], np.int64)) for name in ("timestamp", "end")]
    labels: list[Any] = [event.labels for event in latest]
    return [*texts, *times, Column("labels", _LABELS, labels), _seq(len(latest), seq)]


def _seq(rows: int, seq: int) -> Column:
    return Column("seq", "UInt64", np.full(rows, seq, np.uint64))
