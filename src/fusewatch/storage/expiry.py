"""Removes metrics that are kept for a shorter time than others from days that stay."""

from __future__ import annotations

from typing import Final

import numpy as np
import structlog

from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.client import Handle
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.partitions import DAY_HOURS, MERGED, SEALED, find_days, find_rollups
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.rollups import RESOLUTIONS
from fusewatch.telemetry.samples import UInt64s

_METRICS: Final = """
SELECT DISTINCT metric
FROM (
    SELECT metric
    FROM chunks
    WHERE day = {day:UInt32}
    UNION ALL
    SELECT metric
    FROM rollups
    WHERE day = {day:UInt32}
)
WHERE metric != 0
"""
_NAMES: Final = "SELECT DISTINCT metric_hash, metric FROM series"
_DELETE: Final = (
    "ALTER TABLE {table} DELETE IN PARTITION ID '{partition}' WHERE metric IN {{metrics:Array(UInt64)}} SETTINGS mutations_sync = 1"
)
#: Resolutions as partitions name them.
_SECONDS: Final = tuple(resolution // 1000 for resolution in RESOLUTIONS)
_log = structlog.get_logger(component="storage")


def metrics_over(handle: Handle, lifetimes: Lifetimes, day: int) -> UInt64s:
    """The hashes of the names of metrics that keep no sample of a day (hours since the epoch) any more, where others do. Blocks.

    Their late samples come in as long as any metric keeps such old ones.
    """
    end = (day + DAY_HOURS) * HOUR_MS
    over = {lifetime for lifetime in lifetimes.all if end <= lifetimes.oldest_of(lifetime)}
    names = handle.rows(_NAMES) if lifetimes.is_varied and over else []
    return np.array([int(key) for key, name in names if lifetimes.of(str(name)) in over], np.uint64)


class Expiry:
    """Looks at each day once for each lifetime that ends in it."""

    def __init__(self, lifetimes: Lifetimes, chunks: ChunkCache) -> None:
        self._lifetimes = lifetimes
        self._chunks = chunks
        #: By day, the lifetimes that were over when it was looked at last.
        self._done: dict[int, set[int]] = {}

    def apply(self, handle: Handle) -> None:
        """Removes what is over. Blocks; nothing else may rewrite partitions meanwhile.

        Raises:
            ClickHouseError: something is left; the next call goes on.
        """
        names: dict[int, str] = {}
        for day in sorted({one.day for one in find_days(handle)} | find_rollups(handle).keys()):
            end = (day + DAY_HOURS) * HOUR_MS
            over = {lifetime for lifetime in self._lifetimes.all if end <= self._lifetimes.oldest_of(lifetime)}
            if over - self._done.get(day, set()):
                names = names or {int(key): str(name) for key, name in handle.rows(_NAMES)}
                self._remove(handle, day, over, names)
                self._done[day] = over

    def _remove(self, handle: Handle, day: int, over: set[int], names: dict[int, str]) -> None:
        found = [int(row[0]) for row in handle.rows(_METRICS, {"day": day})]
        gone = [metric for metric in found if metric in names and self._lifetimes.of(names[metric]) in over]
        own = [metric for metric in gone if self._lifetimes.own(names[metric]) is not None]
        for table, levels, metrics in (("chunks", (SEALED, MERGED), gone), ("rollups", _SECONDS, own)):
            for level in levels if metrics else ():
                handle.command(_DELETE.format(table=table, partition=f"{day}-{level}"), {"metrics": metrics})
        if gone:
            self._chunks.changed(day)
            _log.info("removed metrics whose retention is over", day=day, metrics=len(gone))
