"""Sealing: the rows of a block become compressed chunks, and then go.

What makes it right, whatever happens in between:

- Commits are made one after another, in order of their segments, under the committer's lock. A seal begins under the same lock: the block
  gets a new generation, and the seal a seq S, the last segment that is committed with all before it. From then on nothing is added to
  the older generations, and every later row of the block has a seq above S.
- The seal reads all of the older generations, keeps the last write of each series and timestamp, and gives its chunks the seq S. So a
  chunk holds the newest of everything up to S. A read that sees a row and a chunk with one timestamp takes the row only where its seq is
  above the chunk's: the row was written later. A row with a lower or equal seq was read by that seal, or belongs to a segment that a
  crash made be committed twice. Of two chunks the one with the higher seq was made later, from rows that the first did not have.
- The rows go last. A crash before that leaves them beside some or all of the chunks; the next seal reads them again, together with
  what has come since, and its chunks say the same with a higher seq.
- A row whose segment was being committed at a crash has a seq above S until the segment is committed again, although a seal may have
  read it already: then it wins over the chunk, with the same value.
- Tombstones that are known when S is taken are applied; see :mod:`fusewatch.storage.tombstones`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.chunk_span import ChunkSpan
from fusewatch.storage.chunk_writer import ChunkWriter, SortedSamples, Target
from fusewatch.storage.client import ClientPool
from fusewatch.storage.committer import Committer
from fusewatch.storage.generations import Generations
from fusewatch.storage.partitions import BLOCK_HOURS, SEALED, day_of, drop_rows, find_blocks
from fusewatch.storage.recent import RecentSamples
from fusewatch.storage.seal_kernels import hide_rows, last_of_each
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.tombstones import Graveyard, Tombstones
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Rows that are held at a time; 40 bytes each, and as much again while they are cut.
SLICE_ROWS: Final = 500_000
# Small blocks and no reading ahead, since both take memory for every part, and there may be hundreds (20 of them: 490 MB read ahead,
# 70 MB like this). The cutting is slower anyway.
_ROWS: Final = """
SELECT metric, id, timestamp, value, seq
FROM samples
WHERE block = {block:UInt32}
  AND generation < {generation:UInt32}
ORDER BY metric, id, timestamp, seq
SETTINGS max_block_size = 2048, max_read_buffer_size_local_fs = 32768, read_in_order_use_buffering = 0
"""

#: Metric, id, timestamp, value bits and seq of rows (n each).
Rows = tuple[UInt64s, UInt64s, Int64s, UInt64s, UInt64s]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a seal begins: generations below this one (by block) are read, as of ``seq``, with ``tombstones`` applied."""

    generations: dict[int, int]
    seq: int
    tombstones: Tombstones


class BlockSealer:
    """Seals single blocks. Every method blocks; one call at a time."""

    def __init__(
        self,
        *,
        pool: ClientPool,
        committer: Committer,
        generations: Generations,
        graveyard: Graveyard,
        span: ChunkSpan,
        recent: RecentSamples,
        chunks: ChunkCache,
        slice_rows: int = SLICE_ROWS,
    ) -> None:
        self._pool = pool
        self._committer = committer
        self._generations = generations
        self._graveyard = graveyard
        self._span = span
        self._recent = recent
        self._chunks = chunks
        self._slice_rows = slice_rows

    def begin(self, blocks: Iterable[int]) -> Cut:
        """Begins a seal of blocks (hours since the epoch): what is committed from now on is not part of it."""
        with self._committer.lock:
            generations = {block: self._generations.step(block) for block in blocks}
            return Cut(generations, self._committer.cut(), self._graveyard.current)

    def write(self, block: int, cut: Cut) -> int:
        """Writes the chunks of a block; how many samples they hold.

        Raises:
            ClickHouseError, CorruptChunkError: the rows are still there.
        """
        writer = ChunkWriter(self._pool, Target("chunks", day_of(block), SEALED, cut.seq))
        # Rows before the epoch are in the first block, too.
        start = block * HOUR_MS if block else -(1 << 63)
        tombstones = cut.tombstones.within(start, (block + BLOCK_HOURS) * HOUR_MS)
        try:
            with closing(self._slices(block, cut.generations[block])) as slices:
                for rows in slices:
                    writer.add(last_writes(rows, tombstones))
            writer.flush()
        finally:
            self._chunks.changed(day_of(block))
        if writer.bounds is not None:
            self._span.widen(*writer.bounds)
        return writer.samples

    def drop(self, block: int, cut: Cut) -> None:
        """Drops the rows of a block whose chunks are written.

        Raises:
            ClickHouseError: some are left; they are sealed again.
        """
        with self._pool.handle() as handle:
            for found in find_blocks(handle):
                if found.block == block:
                    drop_rows(handle, found, before=cut.generations[block])
        self._recent.gone(block, cut.seq)

    def _slices(self, block: int, generation: int) -> Generator[Rows]:
        """The rows of a block, in order, cut between series where that is possible, always between timestamps."""
        held: list[Rows] = []
        count = 0
        wanted = {"block": block, "generation": generation}
        with self._pool.handle() as handle, closing(handle.blocks(_ROWS, wanted)) as found:
            for columns in found:
                held.append(_rows_of(columns))
                count += len(held[-1][0])
                if count >= self._slice_rows:
                    whole, rest = _split(_joined(held))
                    held, count = [rest], len(rest[0])
                    yield whole
        if held:
            yield _joined(held)


def last_writes(rows: Rows, tombstones: Tombstones) -> SortedSamples:
    """The last write of each series and timestamp among ordered rows, without deleted ones."""
    size = len(rows[0])
    hidden = np.zeros(size if len(tombstones) else 0, np.uint8)
    if len(tombstones):
        hide_rows(rows, (tombstones.ids, tombstones.starts, tombstones.ends, tombstones.seqs), hidden)
    out = np.empty(size, np.uint64), np.empty(size, np.uint64), np.empty(size, np.int64), np.empty(size, np.uint64)
    count = last_of_each(rows, hidden, out)
    return SortedSamples(out[0][:count], out[1][:count], out[2][:count], out[3][:count])


def _rows_of(columns: dict[str, Any]) -> Rows:
    return columns["metric"], columns["id"], columns["timestamp"], columns["value"].view(np.uint64), columns["seq"]


def _joined(parts: list[Rows]) -> Rows:
    metrics, ids, times, bits, seqs = (np.concatenate([part[k] for part in parts]) for k in range(5))
    return metrics, ids, times, bits, seqs


def _split(rows: Rows) -> tuple[Rows, Rows]:
    """Everything up to the last series, and that one; of a single series, up to its last timestamp."""
    _, ids, times, _, _ = rows
    at = _start_of_last(ids) or _start_of_last(times)
    return _part(rows, slice(at)), _part(rows, slice(at, None))


def _start_of_last(values: UInt64s | Int64s) -> int:
    """Where the last run of equal values begins."""
    other = np.flatnonzero(values != values[-1])
    return int(other[-1]) + 1 if len(other) else 0


def _part(rows: Rows, part: slice) -> Rows:
    metrics, ids, times, bits, seqs = rows
    return metrics[part], ids[part], times[part], bits[part], seqs[part]
