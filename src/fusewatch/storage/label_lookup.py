"""Labels of series of which only the ids are known, as records of the log have them."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from fusewatch.storage.client import ClientPool
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.records import SeriesRows
from fusewatch.storage.series_kernels import HOUR_MS, UInt32s
from fusewatch.telemetry.samples import UInt64s

_COLUMNS: Final = r"""
SELECT id, metric_hash, arrayStringConcat(arrayMap((k, v) -> concat(k, '\xff', v, '\xff'), mapKeys(labels), mapValues(labels))) AS canonical
FROM series
"""
_SOME: Final = _COLUMNS + "WHERE id IN {ids:Array(UInt64)}"
#: Ids in one statement; where more are wanted, reading the whole table once is cheaper than looking for them again and again.
_MOST_IDS: Final = 10_000


class LabelLookup:
    """Thread-safe; blocks."""

    def __init__(self, *, follower: LogFollower, pool: ClientPool) -> None:
        self._follower = follower
        self._pool = pool

    def find(self, ids: UInt64s) -> SeriesRows:
        """Ids and canonical labels of those of ``ids`` (n, each once) that have any; one may come twice.

        Raises:
            ClickHouseError: they can't be read now.
        """
        self._follower.catch_up()
        wanted = np.sort(ids)
        # Those that wait come first: one that is committed in between is found twice, never missed.
        parts = [only(rows, wanted) for rows in self._follower.waiting_series()]
        waiting = np.concatenate([part.ids for part in parts]) if parts else ids[:0]
        rest = np.setdiff1d(wanted, waiting)
        if len(rest):
            parts += self._stored(rest)
        return SeriesRows.concatenated(parts) if parts else SeriesRows.of(ids[:0], ids[:0], ())

    def active(self, since_ms: int) -> UInt64s:
        """The ids (n) of all series with a sample since then, judged by the hour."""
        table = self._follower.table
        with table.lock:
            size = table.count + 1
            last: UInt32s = table.last[:size]
            active: UInt64s = table.ids[:size][(last >= max(since_ms, 0) // HOUR_MS) & (table.ids[:size] != 0)]
            return active

    def _stored(self, wanted: UInt64s) -> list[SeriesRows]:
        many = len(wanted) > _MOST_IDS
        query, parameters = (_COLUMNS, {}) if many else (_SOME, {"ids": wanted.tolist()})
        with self._pool.handle() as handle:
            blocks = [
                SeriesRows(block["id"], block["metric_hash"], block["canonical"].offsets, block["canonical"].blob)
                for block in handle.blocks(query, parameters)
            ]
        return [only(rows, wanted) for rows in blocks] if many else blocks


def only(rows: SeriesRows, wanted: UInt64s) -> SeriesRows:
    """The rows whose ids are among ``wanted`` (n, sorted)."""
    keep = wanted[np.minimum(np.searchsorted(wanted, rows.ids), len(wanted) - 1)] == rows.ids if len(wanted) else np.zeros(len(rows), bool)
    if keep.all():
        return rows
    bounds = [bound for bound, kept in zip(pairwise(rows.offsets.tolist()), keep.tolist(), strict=True) if kept]
    return SeriesRows.of(rows.ids[keep], rows.metrics[keep], [rows.labels[start:stop].tobytes() for start, stop in bounds])
