"""The series that a target's pages have shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.walker import Int32s
from fusewatch.telemetry.samples import UInt64s


class Slots:
    """The series of a target, numbered; ``seen`` and ``timed`` are the walk's, ``marks`` tell the exemplars that were stored last."""

    def __init__(self) -> None:
        self._of: dict[int, int] = {}
        self._ids: UInt64s = np.empty(64, np.uint64)
        self.seen: Int32s = np.zeros(64, np.int32)
        self.timed: NDArray[np.bool_] = np.zeros(64, np.bool_)
        self.marks: UInt64s = np.zeros(64, np.uint64)

    @property
    def ids(self) -> UInt64s:
        """Ids of the series by slot."""
        return self._ids[: len(self._of)]

    def of(self, series: int) -> int | None:
        """The slot of the series, if it has one."""
        return self._of.get(series)

    def add(self, series: int) -> int:
        """A slot for a series that has none."""
        slot = self._of[series] = len(self._of)
        if slot == len(self._ids):
            self._ids = np.concatenate([self._ids, np.empty_like(self._ids)])
            self.seen = np.concatenate([self.seen, np.zeros_like(self.seen)])
            self.timed = np.concatenate([self.timed, np.zeros_like(self.timed)])
            self.marks = np.concatenate([self.marks, np.zeros_like(self.marks)])
        self._ids[slot] = series
        return slot
