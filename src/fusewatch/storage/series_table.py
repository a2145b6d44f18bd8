"""All series of the store, as numbers: which id has which reference, and what is known of each.

References are small numbers from 1 on, valid in this process only. Labels are kept by the head until ClickHouse has them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from fusewatch.storage.id_table import IdTable
from fusewatch.storage.series_kernels import (
    COMMITTED,
    HOUR_MS,
    LOGGED,
    UInt8s,
    UInt32s,
    moved_hours,
    plain,
    touch,
)
from fusewatch.telemetry.labels import METRIC_NAME, SEPARATOR
from fusewatch.telemetry.samples import Int64s, UInt64s

_NEVER: Final = np.iinfo(np.uint32).max
_NAME_KEY: Final = METRIC_NAME.encode()
#: A receiver takes a series for known, and names it no more, while it has seen it within BOOK_HOURS; the table forgets none that it saw
#: within one hour more than that.
BOOK_HOURS: Final = 3


def metric_of(canonical: bytes) -> bytes:
    """The metric's name in a canonical label set, b"" without one."""
    parts = canonical.split(SEPARATOR)
    names = parts[::2]
    return parts[names.index(_NAME_KEY) * 2 + 1] if _NAME_KEY in names else b""


def metric_hash(name: bytes) -> int:
    """XXH3-64 of a metric's name: the first part of the samples' order."""
    return xxhash.xxh3_64_intdigest(name)


class SeriesTable(IdTable):
    """Ids to references, in arrays: about 54 bytes a series.

    ``version`` grows whenever the set of visible series changes. ``samples`` counts what came for each since the start, modulo 2**32.
    """

    COLUMNS = dict.fromkeys(("ids", "metrics", "last", "samples", "_touched", "_saved_last"), 0) | {
        "states": LOGGED,
        "first": _NEVER,
        "_saved_first": _NEVER,
    }

    def __init__(self, capacity: int = 1 << 12) -> None:
        super().__init__(capacity)
        self.gone = 0
        self.version = 0
        self.metrics: UInt64s = np.zeros(capacity, np.uint64)
        self.states: UInt8s = np.zeros(capacity, np.uint8)
        self.first: UInt32s = np.full(capacity, _NEVER, np.uint32)
        self.last: UInt32s = np.zeros(capacity, np.uint32)
        self.samples: UInt32s = np.zeros(capacity, np.uint32)
        self._touched: UInt32s = np.zeros(capacity, np.uint32)
        self._saved_first: UInt32s = np.full(capacity, _NEVER, np.uint32)
        self._saved_last: UInt32s = np.zeros(capacity, np.uint32)

    @property
    def alive(self) -> int:
        """How many series there are."""
        return self.count - self.gone

    def add_new(self, ids: UInt64s, metrics: UInt64s) -> NDArray[np.bool_]:
        """Enters those of ``ids`` (n, each once) that are unknown, with the hashes (n) of their metrics' names; which they were (n)."""
        with self.lock:
            refs, unknown = self.find(ids)
            fresh: NDArray[np.bool_] = refs == 0
            if unknown:
                rows = self._extend(plain(ids[fresh], np.uint64))
                self.metrics[rows], self.states[rows] = metrics[fresh], LOGGED
                self.version += 1
            return fresh

    def load(self, ids: UInt64s, metrics: UInt64s, first: UInt32s, last: UInt32s, now_hour: int) -> None:
        """Enters series that ClickHouse has (each id once, none known yet), with their hours; any may be known to the receiver."""
        with self.lock:
            rows = self._extend(ids)
            self.metrics[rows], self.states[rows], self._touched[rows] = metrics, COMMITTED, now_hour
            self.first[rows] = self._saved_first[rows] = first
            self.last[rows] = self._saved_last[rows] = last
            self.version += 1

    def touch(self, refs: UInt32s, timestamps: Int64s, received: int) -> None:
        """Widens the hours of each row's series; ``received`` is when the samples came (ms UTC)."""
        with self.lock:
            touch(refs, timestamps, received // HOUR_MS, (self.first, self.last, self._touched), self.samples)

    def mark(self, refs: UInt32s, state: int) -> None:
        """Sets the state of series."""
        with self.lock:
            self.states[refs] = state
            self.version += 1

    def take_moved_hours(self) -> tuple[UInt32s, UInt32s, UInt32s]:
        """References, first and last hours of the series whose hours are wider than :meth:`save_hours` was told."""
        with self.lock:
            size = self.count + 1
            out = np.empty(size, np.uint32)
            moved = out[: moved_hours(self.first[:size], self.last[:size], self._saved_first[:size], self._saved_last[:size], out)]
            return moved, self.first[moved], self.last[moved]

    def save_hours(self, refs: UInt32s, first: UInt32s, last: UInt32s) -> None:
        """Notes which hours are in ClickHouse."""
        with self.lock:
            self._saved_first[refs], self._saved_last[refs] = first, last

    def forget(self, before_hour: int, now_hour: int) -> UInt64s:
        """Drops the committed series whose last hour is before ``before_hour``; their ids (n) uint64. Their references end here.

        A series that the receiver may still take for known stays. The references are used again after the next start.
        """
        with self.lock:
            size = self.count + 1
            untouched = self._touched[:size] + BOOK_HOURS + 1 < now_hour
            gone = (self.states[:size] == COMMITTED) & (self.last[:size] < before_hour) & (self.ids[:size] != 0) & untouched
            dropped: UInt64s = self.ids[:size][gone]
            if len(dropped):
                self.ids[:size][gone] = 0
                self._hash_again(size, len(self._slots))
                self.first[:size][gone], self.last[:size][gone] = _NEVER, 0
                self._saved_first[:size][gone], self._saved_last[:size][gone] = _NEVER, 0
                self.gone += len(dropped)
                self.version += 1
            return dropped
