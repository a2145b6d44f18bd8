"""The keys that a target's pages have shown, as the walk over a page needs them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusewatch.telemetry.exposition.scan import Bytes
from fusewatch.telemetry.exposition.walker import Int32s, insert_entries
from fusewatch.telemetry.samples import Int64s, UInt64s


class EntryTable:
    """Keys, numbered from 0 in the order they came.

    ``text`` holds the keys' bytes, entry i at ``starts[i]``, ``lengths[i]`` long (-1: forgotten). ``slots[i]`` is its series, DROPPED or
    COMMENT; ``successors[i]`` the entry that followed it last, at [-1] the first of the page. ``table`` is the hash index.
    """

    def __init__(self, seed: np.uint64) -> None:
        self.seed = seed
        self.clear()

    def clear(self) -> None:
        """Forgets all."""
        self.count = 0
        self._used = 0
        self.text: Bytes = np.empty(0, np.uint8)
        self.starts: Int64s = np.empty(0, np.int64)
        self.lengths: Int32s = np.empty(0, np.int32)
        self.hashes: UInt64s = np.empty(0, np.uint64)
        self.slots: Int32s = np.empty(0, np.int32)
        self.successors: Int32s = np.full(1, -1, np.int32)
        self.table: Int32s = np.full(8, -1, np.int32)

    def add(self, keys: Sequence[bytes], slots: Sequence[int]) -> None:
        """Enters keys that are not there yet."""
        first, last = self.count, self.count + len(keys)
        joined = np.frombuffer(b"".join(keys), np.uint8)
        lengths = np.fromiter(map(len, keys), np.int32, len(keys))
        self._reserve(last, self._used + len(joined))
        self.text[self._used : self._used + len(joined)] = joined
        ends = self._used + np.cumsum(lengths, dtype=np.int64)
        self.starts[first:last] = ends - lengths
        self.lengths[first:last] = lengths
        self.slots[first:last] = slots
        self._used += len(joined)
        self.count = last
        grown = 2 * last > len(self.table)
        if grown:
            self.table = np.full(1 << (4 * last).bit_length(), -1, np.int32)
        insert_entries(0 if grown else first, last, self.seed, self.text, self.starts, self.lengths, self.hashes, self.table)

    def forget(self, entry: int) -> None:
        """Makes the key unknown again; its number is not used anew."""
        self.lengths[entry] = -1

    def _reserve(self, entries: int, size: int) -> None:
        if size > len(self.text):
            self.text = np.concatenate([self.text[: self._used], np.empty(size + size // 4 - self._used, np.uint8)])
        if entries <= len(self.starts):
            return
        room = entries + entries // 4 - self.count
        for name in ("starts", "lengths", "hashes", "slots"):
            column = getattr(self, name)[: self.count]
            setattr(self, name, np.concatenate([column, np.empty(room, column.dtype)]))
        beginning = self.successors[-1:]
        self.successors = np.concatenate([self.successors[: self.count], np.full(room, -1, np.int32), beginning])
