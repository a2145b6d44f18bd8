"""Deletions that every read honours until no partition holds what they deleted.

A tombstone hides the samples of a series from start to end (ms) whose seq is at most its own. A chunk has one seq for all its samples, so
it must have been made either before the deletion (its seq is not higher, and the tombstone hides what it covers) or with it applied (its
seq is higher, and the tombstone does not concern it). That is why a tombstone gets its seq, and becomes known, under the committer's lock,
under which seals and merges take theirs and learn which tombstones to apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.chunk_kernels import Hides
from fusewatch.storage.client import Handle
from fusewatch.storage.native import Column
from fusewatch.telemetry.samples import Int64s, UInt64s

_SELECT: Final = "SELECT deletion, metric, id, start, `end`, seq FROM tombstones"
_DELETE: Final = "DELETE FROM tombstones WHERE deletion IN {deletions:Array(UInt64)}"


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Tombstones (n) in ascending order of ids; ``deletions`` says which call made each."""

    deletions: UInt64s
    metrics: UInt64s
    ids: UInt64s
    starts: Int64s
    ends: Int64s
    seqs: UInt64s

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def none(cls) -> Tombstones:
        """No tombstones."""
        unsigned, signed = np.empty(0, np.uint64), np.empty(0, np.int64)
        return cls(unsigned, unsigned, unsigned, signed, signed, unsigned)

    def rows(self, rows: NDArray[Any]) -> Tombstones:
        """Those at these positions, or for which this is true."""
        return Tombstones(self.deletions[rows], self.metrics[rows], self.ids[rows], self.starts[rows], self.ends[rows], self.seqs[rows])

    def within(self, start: int, end: int) -> Tombstones:
        """Those that cover any moment from ``start`` to ``end`` (ms)."""
        return self.rows((self.starts <= end) & (self.ends >= start)) if len(self) else self

    def with_others(self, others: Tombstones) -> Tombstones:
        """These and others."""
        both = Tombstones(
            np.concatenate([self.deletions, others.deletions]),
            np.concatenate([self.metrics, others.metrics]),
            np.concatenate([self.ids, others.ids]),
            np.concatenate([self.starts, others.starts]),
            np.concatenate([self.ends, others.ends]),
            np.concatenate([self.seqs, others.seqs]),
        )
        return both.rows(np.argsort(both.ids, kind="stable"))

    def by_series(self, ids: UInt64s) -> Hides:
        """Those of each of these series, as kernels take them."""
        if not len(self):
            return np.zeros(len(ids) + 1, np.int64), self.starts, self.ends, self.seqs
        low, high = np.searchsorted(self.ids, ids, "left"), np.searchsorted(self.ids, ids, "right")
        offsets = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(high - low, out=offsets[1:])
        rows = np.repeat(low - offsets[:-1], high - low) + np.arange(int(offsets[-1]))
        return offsets, self.starts[rows], self.ends[rows], self.seqs[rows]


class Graveyard:
    """The tombstones of the store. ``current`` is read without a lock; changes hold the committer's lock."""

    def __init__(self, current: Tombstones) -> None:
        self.current = current

    @classmethod
    def read(cls, handle: Handle) -> Graveyard:
        """What ClickHouse holds. Blocks."""
        found = Tombstones.none()
        for block in handle.blocks(_SELECT):
            found = found.with_others(
                Tombstones(block["deletion"], block["metric"], block["id"], block["start"], block["end"], block["seq"])
            )
        return cls(found)

    def add(self, handle: Handle, fresh: Tombstones) -> None:
        """Makes tombstones last, then known.

        Raises:
            ClickHouseError: nothing is deleted.
        """
        columns = [
            Column("deletion", "UInt64", fresh.deletions),
            Column("metric", "UInt64", fresh.metrics),
            Column("id", "UInt64", fresh.ids),
            Column("start", "Int64", fresh.starts),
            Column("end", "Int64", fresh.ends),
            Column("seq", "UInt64", fresh.seqs),
        ]
        handle.insert("tombstones", columns)
        self.current = self.current.with_others(fresh)

    def remove(self, handle: Handle, gone: Tombstones) -> None:
        """Forgets tombstones (all of their deletions) that hide nothing any more."""
        deletions = np.unique(gone.deletions)
        handle.command(_DELETE, {"deletions": deletions.tolist()})
        self.current = self.current.rows(~np.isin(self.current.deletions, deletions))
