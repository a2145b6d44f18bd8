"""The roll-ups of one day: made as it is merged, together with those that outlive their samples.

They take their place after the day's merged chunks and before its sealed ones go, or tombstones that were applied: as long as a day has
either, every read takes samples (see :mod:`fusewatch.storage.rollup_spans`). So a crash at any point leaves roll-ups that nobody uses.

Roll-ups are kept for longer than samples, so a day may hold roll-ups of series that have no samples any more. Those stay, without what
was deleted. Where all samples of the day have gone with their retention, and late ones come nevertheless, the earlier roll-ups know more.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.storage.chunk_rows import MOST_IDS
from fusewatch.storage.chunk_writer import SortedSamples
from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.partitions import drop_rollups
from fusewatch.storage.rollup_kernels import hide_windows
from fusewatch.storage.rollup_rows import Encoded, RollupRows, read_blocks
from fusewatch.storage.rollup_writer import STAGING, RolledSeries, RollupWriter
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.rollups import RESOLUTIONS, Aggregate
from fusewatch.telemetry.samples import UInt64s

_IDS: Final = "SELECT DISTINCT id FROM rollups WHERE day = {day:UInt32}"
_THESE: Final = "day = {day:UInt32} AND resolution = {resolution:UInt32}"
_ANY: Final = f"SELECT 1 FROM {STAGING} WHERE {_THESE} LIMIT 1"  # noqa: S608  # a constant
_FRESH: Final = f"SELECT id FROM {STAGING} WHERE {_THESE}"  # noqa: S608  # a constant
_CARRY: Final = f"""
INSERT INTO {STAGING}
SELECT *
FROM rollups
WHERE {_THESE}
  AND id NOT IN ({_FRESH})
  AND id NOT IN {{dead:Array(UInt64)}}
"""  # noqa: S608  # a constant
_DEAD: Final = f"{_THESE} AND id NOT IN ({_FRESH}) AND id IN {{dead:Array(UInt64)}}"


class DayRollups:
    """Makes the roll-ups of a day (hours since the epoch); one thread at a time.

    ``whole``: the day's samples are all there, as far as they were not deleted. Each method raises ClickHouseError and CorruptChunkError:
    the day has the roll-ups that it had.
    """

    def __init__(self, pool: ClientPool, day: int, seq: int, *, whole: bool) -> None:
        self._pool = pool
        self._day = day
        self._writers = [RollupWriter(pool, day, resolution, seq) for resolution in RESOLUTIONS]
        with pool.handle() as handle:
            found = np.array([row[0] for row in handle.rows(_IDS, {"day": day})], np.uint64)
        self._is_new = not len(found)
        self._kept: UInt64s = found[:0] if whole else found

    def add(self, samples: SortedSamples) -> None:
        """Takes whole series."""
        if self._day == 0:
            return  # it holds everything before the epoch, too
        if len(self._kept):
            fresh = ~np.isin(samples.ids, self._kept)
            samples = SortedSamples(samples.metrics[fresh], samples.ids[fresh], samples.times[fresh], samples.bits[fresh])
        for writer in self._writers:
            writer.add(RolledSeries.of(samples, writer.resolution))

    def finish(self, handle: Handle, tombstones: Tombstones) -> None:
        """Puts what was made, and what stays of what there was, in the place of that."""
        for writer in self._writers:
            writer.flush()
            if not self._is_new:
                self._carry(handle, writer, tombstones)
            partition = f"{self._day}-{writer.resolution // 1000}"
            if handle.rows(_ANY, self._named(writer)):
                handle.command(f"ALTER TABLE rollups REPLACE PARTITION ID '{partition}' FROM {STAGING}")
            elif not self._is_new:
                drop_rollups(handle, self._day, writer.resolution)

    def _named(self, writer: RollupWriter) -> dict[str, int]:
        return {"day": self._day, "resolution": writer.resolution // 1000}

    def _carry(self, handle: Handle, writer: RollupWriter, tombstones: Tombstones) -> None:
        dead = np.unique(tombstones.ids)
        handle.command(_CARRY, {**self._named(writer), "dead": dead.tolist()})
        for at in range(0, len(dead), MOST_IDS):
            parameters = {**self._named(writer), "dead": dead[at : at + MOST_IDS].tolist()}
            blocks = list(read_blocks(handle, list(Aggregate), _DEAD, parameters))
            writer.add(_without(Encoded.of(blocks, Aggregate).decoded(writer.resolution), writer.resolution, tombstones))
        writer.flush()


def _without(rows: RollupRows, resolution: int, tombstones: Tombstones) -> RolledSeries:
    """Rows without the windows that were deleted, each once for its series."""
    kept = np.ones(len(rows.ends), np.uint8)
    hide_windows(rows.offsets, rows.ends, resolution, rows.seqs, np.arange(len(rows)), tombstones.by_series(rows.ids), kept)
    left = kept.view(np.bool_)
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)])[rows.offsets]
    filled = np.diff(before) > 0
    offsets = np.concatenate([np.zeros(1, np.int64), before[1:][filled]])
    columns = {name: column[left] for name, column in rows.columns.items()}
    return RolledSeries(rows.metrics[filled], rows.ids[filled], offsets, rows.ends[left], columns)


def clear_rollup_staging(handle: Handle) -> None:
    """Drops what a merge that did not end has left."""
    handle.command(f"TRUNCATE TABLE {STAGING}")
