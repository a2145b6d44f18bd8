"""The series that a target's pages have shown, and parts of such."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.walker import Int32s
from fusewatch.telemetry.samples import Float64s, UInt64s

#: What a slot is: a series, a part of a classic histogram that is stored as a native one, or the line that says when a metric began.
SERIES, COUNT, SUM, BUCKET, CREATED = range(5)


class Slots:
    """The series of a target, numbered; ``seen`` and ``timed`` are the walk's, ``marks`` tell the exemplars that were stored last.

    ``owners`` says to which metric a slot belongs (-1: not known), as several lines may. A part of a histogram has a slot as well:
    ``roles`` says which one it is, ``links`` the slot of the classic series where it is kept (else -1), ``bounds`` the upper bound of a
    bucket. Its id is that of the histogram's series.
    """

    def __init__(self) -> None:
        self._of: dict[int, int] = {}
        self._ids: UInt64s = np.empty(64, np.uint64)
        self.seen: Int32s = np.zeros(64, np.int32)
        self.timed: NDArray[np.bool_] = np.zeros(64, np.bool_)
        self.marks: UInt64s = np.zeros(64, np.uint64)
        #: Most targets have series alone, and need none of these columns.
        self.has_members = False
        self.roles: NDArray[np.int8] = np.empty(0, np.int8)
        self.owners: Int32s = np.empty(0, np.int32)
        self.links: Int32s = np.empty(0, np.int32)
        self.bounds: Float64s = np.empty(0, np.float64)

    @property
    def ids(self) -> UInt64s:
        """Ids of the series by slot."""
        return self._ids[: len(self._of)]

    def of(self, series: int) -> int | None:
        """The slot of the series, if it has one."""
        return self._of.get(series)

    def of_part(self, line: int) -> int | None:
        """The slot of the part whose labels have this id, if it has one."""
        return self._of.get(~line)

    def add(self, series: int) -> int:
        """A slot for a series that has none."""
        return self._add(series, series)

    def add_part(self, line: int, role: int, owner: int, series: int = 0, *, link: int = -1, bound: float = 0.0) -> int:
        """A slot for what is no series and whose labels have the id ``line``; ``series`` is the id of the histogram's."""
        slot = self._add(~line, series)
        self.own(slot, owner)
        self.roles[slot], self.links[slot], self.bounds[slot] = role, link, bound
        return slot

    def own(self, slot: int, owner: int) -> None:
        """Says to which metric the slot belongs."""
        if not self.has_members:
            size, self.has_members = len(self._ids), True
            self.roles, self.owners = np.zeros(size, np.int8), np.full(size, -1, np.int32)
            self.links, self.bounds = np.zeros(size, np.int32), np.zeros(size, np.float64)
        self.owners[slot] = owner

    def is_series(self, slot: int) -> bool:
        """Whether it is the slot of a series."""
        return not self.has_members or bool(self.roles[slot] == SERIES)

    def _add(self, key: int, series: int) -> int:
        slot = self._of[key] = len(self._of)
        if slot == len(self._ids):
            for name in ("_ids", "seen", "timed", "marks", *(("roles", "owners", "links", "bounds") if self.has_members else ())):
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
        self._ids[slot] = series
        if self.has_members:
            self.owners[slot] = -1
        return slot
