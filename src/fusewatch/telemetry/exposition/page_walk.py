"""The room that a walk over a page of lines fills."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusewatch.telemetry.exposition import walker
from fusewatch.telemetry.exposition.lines import Exemplar
from fusewatch.telemetry.exposition.page_rows import PageRows
from fusewatch.telemetry.samples import Int64s, UInt64s


@dataclass(slots=True)
class PageWalk:
    """What one walk over a page of ``lines`` lines filled in."""

    lines: int
    places: Int64s = field(init=False)
    slots: walker.Int32s = field(init=False)
    timestamps: Int64s = field(init=False)
    bits: UInt64s = field(init=False)
    exemplar_rows: Int64s = field(init=False)
    unread_rows: Int64s = field(init=False)
    counts: Int64s = field(init=False)
    #: Slot, mark and exemplar of the lines that were read slowly.
    slow_exemplars: list[tuple[int, int, Exemplar]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = np.empty(self.lines, np.int64)
        self.slots = np.empty(self.lines, np.int32)
        self.timestamps = np.empty(self.lines, np.int64)
        self.bits = np.empty(self.lines, np.uint64)
        self.exemplar_rows = np.empty((self.lines, walker.EXEMPLAR_COLUMNS), np.int64)
        self.unread_rows = np.empty((self.lines, walker.UNREAD_COLUMNS), np.int64)
        self.counts = np.zeros(walker.COUNTS, np.int64)

    @property
    def unread(self) -> Int64s:
        """Lines that the walk could not read."""
        return self.unread_rows[: self.counts[walker.UNREAD]]

    @property
    def exemplars(self) -> Int64s:
        """Where new exemplars are."""
        return self.exemplar_rows[: self.counts[walker.EXEMPLARS]]

    def add(self, place: int, slot: int, timestamp: int, value: float) -> None:
        """Adds a row."""
        row = self.counts[walker.ROWS]
        self.places[row] = place
        self.slots[row], self.timestamps[row] = slot, timestamp
        self.bits[row : row + 1].view(np.float64)[0] = value
        self.counts[walker.ROWS] += 1

    @property
    def page_rows(self) -> PageRows:
        """The rows."""
        rows = int(self.counts[walker.ROWS])
        return PageRows(
            self.places[:rows],
            self.slots[:rows],
            self.timestamps[:rows],
            self.bits[:rows].view(np.float64),
            np.zeros(rows, np.int64),
            scraped=int(self.counts[walker.SCRAPED]),
            kept=int(self.counts[walker.KEPT]),
            is_repeated=bool(self.counts[walker.REPEATED]),
        )
