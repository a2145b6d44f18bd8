"""Merging: all chunks of a day become one chunk for each series (several where it has very many samples), without what was deleted.

The rows of the day are sealed first, all under one seq: so the chunks of the day hold everything up to that seq, and may all carry it. The
result is written to a table of its own and takes the place of the day's merged chunks at once; then the chunks that were sealed go. A
crash in between leaves the same samples twice, never a hole: those of the merged chunks have the higher seq.

The day's roll-ups are made of the same samples on the way. What came late, of metrics that keep nothing of the day any more, goes: else it
would take the place of the roll-ups that outlive their samples.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any, Final

import numpy as np

from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.chunk_decoding import Decoder, Recent, Wanted
from fusewatch.storage.chunk_rows import COLUMNS, ChunkRows, read_times
from fusewatch.storage.chunk_writer import ChunkWriter, SortedSamples, Target
from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.expiry import metrics_over
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.partitions import DAY_HOURS, MERGED, SEALED, drop_chunks, find_days, find_rollups
from fusewatch.storage.rollup_day import DayRollups, clear_rollup_staging
from fusewatch.storage.sealing import Cut
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.samples import Int64s, UInt64s

STAGING: Final = "chunks_staging"
#: Samples that are held at a time; 16 bytes each, and some more while they are encoded.
_SLICE_SAMPLES: Final = 1_000_000
_EVER: Final = (-(1 << 63), (1 << 63) - 1)
# In order of the series, so that each is whole before the next begins.
_CHUNKS: Final = f"""
SELECT {COLUMNS}
FROM chunks
WHERE day = {{day:UInt32}}
  AND metric != 0
ORDER BY metric, id, first
SETTINGS max_block_size = 1024, max_read_buffer_size_local_fs = 32768, read_in_order_use_buffering = 0
"""  # noqa: S608  # a constant


class DayMerger:
    """Merges single days. Every method blocks; one call at a time, and no seal beside it."""

    def __init__(self, *, pool: ClientPool, lifetimes: Lifetimes, chunks: ChunkCache, slice_samples: int = _SLICE_SAMPLES) -> None:
        self._pool = pool
        self._chunks = chunks
        self._lifetimes = lifetimes
        self._slice_samples = slice_samples
        self._decoder = Decoder()

    def merge(self, day: int, cut: Cut) -> int:
        """Merges a day (hours since the epoch) whose rows up to ``cut`` are sealed; how many samples there are.

        Raises:
            ClickHouseError, CorruptChunkError: the day is as it was, or has some samples twice.
        """
        writer = ChunkWriter(self._pool, Target(STAGING, day, MERGED, cut.seq))
        tombstones = cut.tombstones.within(day * HOUR_MS if day else _EVER[0], (day + DAY_HOURS) * HOUR_MS)
        with self._pool.handle() as handle:
            clear_staging(handle)
            over = metrics_over(handle, self._lifetimes, day)
            # A day whose samples were merged before, or that has no roll-ups yet, has lost none to a retention.
            whole = any(one.day == day and one.merged for one in find_days(handle)) or day not in find_rollups(handle)
        rollups = DayRollups(self._pool, day, cut.seq, whole=whole)
        with closing(self._slices(day)) as slices:
            for chunks in slices:
                samples = _without(self._merged(chunks, day, tombstones), over)
                writer.add(samples)
                rollups.add(samples)
        writer.flush()
        try:
            with self._pool.handle() as handle:
                if writer.samples:
                    handle.command(f"ALTER TABLE chunks REPLACE PARTITION ID '{day}-{MERGED}' FROM {STAGING}")
                rollups.finish(handle, tombstones)
                drop_chunks(handle, day, (SEALED,) if writer.samples else (SEALED, MERGED))
                clear_staging(handle)
        finally:
            self._chunks.changed(day)
        return writer.samples

    def _merged(self, chunks: ChunkRows, day: int, tombstones: Tombstones) -> SortedSamples:
        starts = _series_starts(chunks)
        ids, metrics = chunks.id[starts], chunks.metric[starts]
        places = np.repeat(np.arange(len(ids)), np.diff(np.append(starts, len(chunks))))
        with self._pool.handle() as handle:
            pool = read_times(handle, chunks, (day, day))
        wanted = Wanted(_EVER, np.arange(len(ids)), Recent.none(len(ids)), tombstones.by_series(ids), lambda _: None)
        samples = self._decoder.decode(chunks, places, pool, wanted)
        sizes = np.diff(samples.offsets)
        return SortedSamples(np.repeat(metrics, sizes), np.repeat(ids, sizes), samples.times, samples.bits)

    def _slices(self, day: int) -> Generator[ChunkRows]:
        """The chunks of the day in order, whole series together."""
        held: list[dict[str, Any]] = []
        count = 0
        with self._pool.handle() as handle, closing(handle.blocks(_CHUNKS, {"day": day})) as found:
            for block in found:
                held.append(block)
                count += int(block["count"].sum())
                if count >= self._slice_samples:
                    *whole, last = self._cut(ChunkRows.of(held))
                    yield from whole
                    held, count = [last.part(slice(None))], int(last.count.sum())
        if held:
            yield from self._cut(ChunkRows.of(held))

    def _cut(self, rows: ChunkRows) -> Iterator[ChunkRows]:
        """Parts of whole series with about as many samples as are to be held; a block of constants can have a thousand times that."""
        starts = _series_starts(rows)
        before = np.cumsum(rows.count)[starts] - rows.count[starts]  # samples before each series
        cuts = starts[np.flatnonzero(np.diff(before // self._slice_samples, prepend=0))].tolist()
        for low, high in pairwise([0, *cuts, len(rows)]):
            yield ChunkRows.of([rows.part(slice(low, high))])


def _without(samples: SortedSamples, metrics: UInt64s) -> SortedSamples:
    if not len(metrics):
        return samples
    kept = ~np.isin(samples.metrics, metrics)
    return SortedSamples(samples.metrics[kept], samples.ids[kept], samples.times[kept], samples.bits[kept])


def _series_starts(rows: ChunkRows) -> Int64s:
    """Where each series begins."""
    return np.flatnonzero(np.concatenate([np.ones(1, np.bool_), rows.id[1:] != rows.id[:-1]]))


def clear_staging(handle: Handle) -> None:
    """Drops what a merge that did not end has left."""
    handle.command(f"TRUNCATE TABLE {STAGING}")
    clear_rollup_staging(handle)
