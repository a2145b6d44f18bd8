"""Ids of series to references: numbers from 1 on that index columns, which grow with them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from fusewatch.storage.series_kernels import UInt32s, find_ids, plain, put_ids
from fusewatch.telemetry.samples import UInt64s

#: The hash table has at least so many places for each id.
_PLACES: Final = 2


class IdTable:
    """What is known of series, in columns. ``count`` is the highest reference; reference 0 is nobody's, id 0 stands where one has ended.

    ``lock`` guards every change; lookups need none: they see one of the states before or after.
    """

    #: The columns, and what stands in them where nothing was entered.
    COLUMNS: ClassVar[Mapping[str, int]] = {"ids": 0}

    def __init__(self, capacity: int) -> None:
        self.lock = threading.RLock()
        self.count = 0
        self.ids: UInt64s = np.zeros(capacity, np.uint64)
        self._slots: UInt32s = np.zeros(capacity * _PLACES, np.uint32)

    def find(self, ids: UInt64s) -> tuple[UInt32s, int]:
        """The references (n) uint32 of ids (n), 0 for unknown ones, and how many are unknown."""
        ids, out = plain(ids, np.uint64), np.empty(len(ids), np.uint32)
        return out, find_ids(self._slots, self.ids, ids, out)

    def _extend(self, ids: UInt64s) -> slice:
        """Enters new ids; the rows that are theirs."""
        first, stop = self.count + 1, self.count + 1 + len(ids)
        if stop > len(self.ids):
            self._grow(max(stop, len(self.ids) * 2))
        self.ids[first:stop] = ids
        if stop * _PLACES > len(self._slots):
            self._hash_again(stop, max(stop * _PLACES, len(self._slots) * 2))
        else:
            put_ids(self._slots, self.ids, first, stop)
        self.count = stop - 1
        return slice(first, stop)

    def _hash_again(self, stop: int, places: int) -> None:
        """A new hash table of the references below ``stop``."""
        slots = np.zeros(1 << (places - 1).bit_length(), np.uint32)
        put_ids(slots, self.ids, 1, stop)
        self._slots = slots

    def _grow(self, capacity: int) -> None:
        for name, empty in self.COLUMNS.items():
            old = getattr(self, name)
            wider = np.full(capacity, empty, old.dtype)
            wider[: len(old)] = old
            setattr(self, name, wider)
