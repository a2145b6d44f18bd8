"""Which metadata was handed on already: senders of remote write 2.0 repeat it with every series of every request."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.remote_write_v2 import MetadataTable

#: More entries than this, and all are forgotten and told anew.
_MOST: Final = 1 << 17


class ToldMetadata:
    """Fingerprints of what was told, 20 bytes each in a table at most half full."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Everything is news again."""
        self._count = 0
        self._table: MetadataTable = (np.zeros((1 << 10, 2), np.uint64), np.zeros(1 << 10, np.uint32))

    def table(self, room: int) -> MetadataTable:
        """The table for a walk that enters at most ``room`` entries."""
        if self._count > _MOST:
            self.forget()
        keys, taken = self._table
        slots = len(taken)
        while 2 * (self._count + room) > slots:
            slots *= 2
        if slots > len(taken):
            self._table = _wider(keys[taken > 0], slots)
        return self._table

    def add(self, entries: int) -> None:
        """A walk entered so many."""
        self._count += entries


def _wider(prints: np.ndarray[tuple[int, ...], np.dtype[np.uint64]], slots: int) -> MetadataTable:
    keys, taken = np.zeros((slots, 2), np.uint64), np.zeros(slots, np.uint32)
    for pair in prints:
        slot = int(pair[0]) & (slots - 1)
        while taken[slot]:
            slot = (slot + 1) & (slots - 1)
        keys[slot], taken[slot] = pair, 1
    return keys, taken
