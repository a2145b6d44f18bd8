"""The labels of series as they go over the wire to one target, by id: relabelled once, then only copied."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from fusewatch.storage.records import SeriesRows
from fusewatch.storage.series_kernels import UInt8s, UInt32s, find_ids, plain, put_ids
from fusewatch.storage.strings import gather, offsets_of
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

_CAPACITY: Final = 1 << 10


class LabelEncoder(Protocol):
    """From canonical labels to what goes over the wire."""

    def encode(self, rows: SeriesRows) -> tuple[Int64s, Bytes]:
        """For each series (n) its bytes, ``blob[offsets[i]:offsets[i + 1]]``; none where it is dropped. ``offsets`` (n + 1)."""
        ...


class LabelBook:
    """Ids to slots, slots to bytes: ``blob[starts[slot]:ends[slot]]``, none of them for a series that is dropped. Slot 0 is nobody's.

    Over ``limit`` bytes what was not asked for lately is forgotten; what is in use never is, so it holds at most twice that.
    One thread at a time. Slots are good until the next :meth:`learn`.
    """

    def __init__(self, encoder: LabelEncoder, *, limit: int) -> None:
        self.count = 0
        self.ids: UInt64s = np.zeros(_CAPACITY, np.uint64)
        self.starts: Int64s = np.zeros(_CAPACITY, np.int64)
        self.ends: Int64s = np.zeros(_CAPACITY, np.int64)
        self.blob: Bytes = np.empty(1 << 16, np.uint8)
        self._encoder = encoder
        self._limit = limit
        self._used = 0
        self._asked: UInt8s = np.zeros(_CAPACITY, np.uint8)
        self._table: UInt32s = np.zeros(2 * _CAPACITY, np.uint32)

    @property
    def size(self) -> int:
        """Bytes of labels."""
        return self._used

    def find(self, ids: UInt64s) -> tuple[UInt32s, int]:
        """The slots (n) uint32 of ids (n), 0 for unknown ones, and how many are unknown."""
        ids, slots = plain(ids, np.uint64), np.empty(len(ids), np.uint32)
        unknown = find_ids(self._table, self.ids, ids, slots)
        self._asked[slots] = 1
        return slots, unknown

    def learn(self, rows: SeriesRows) -> None:
        """Enters those series that are unknown; naming one twice does no harm."""
        ids = plain(rows.ids, np.uint64)
        slots = np.empty(len(ids), np.uint32)
        if not find_ids(self._table, self.ids, ids, slots):
            return
        news = _unknown(rows, slots)
        offsets, blob = self._encoder.encode(news)
        if self._used + len(blob) > self._limit:
            self._forget()
        self._enter(plain(news.ids, np.uint64), offsets, blob)

    def clear(self) -> None:
        """Forgets everything."""
        self.count = self._used = 0
        self._asked[:] = 0
        self._table[:] = 0

    def _enter(self, ids: UInt64s, offsets: Int64s, blob: Bytes) -> None:
        first, stop, used = self.count + 1, self.count + 1 + len(ids), self._used + int(offsets[-1])
        self._grow(stop, used)
        self.ids[first:stop] = ids
        self.starts[first:stop], self.ends[first:stop] = offsets[:-1] + self._used, offsets[1:] + self._used
        self.blob[self._used : used] = blob[: int(offsets[-1])]
        put_ids(self._table, self.ids, first, stop)
        self.count, self._used = stop - 1, used

    def _forget(self) -> None:
        """Keeps what was asked for since the last time."""
        kept = np.flatnonzero(self._asked[: self.count + 1])
        kept = kept[kept > 0]
        ids, sizes = self.ids[kept], self.ends[kept] - self.starts[kept]
        offsets = offsets_of(sizes)
        blob = np.empty(int(offsets[-1]), np.uint8)
        gather(self.blob, self.starts[kept], offsets, blob)
        self.clear()
        self._enter(ids, offsets, blob)
        self._limit = max(self._limit, 2 * self._used)

    def _grow(self, slots: int, size: int) -> None:
        if slots > len(self.ids):
            capacity = max(slots, 2 * len(self.ids))
            self.ids = np.resize(self.ids, capacity)
            self.starts, self.ends = np.resize(self.starts, capacity), np.resize(self.ends, capacity)
            self._asked = np.concatenate([self._asked, np.zeros(capacity - len(self._asked), np.uint8)])
        if 2 * slots > len(self._table):
            self._table = np.zeros(1 << (4 * slots - 1).bit_length(), np.uint32)
            put_ids(self._table, self.ids, 1, self.count + 1)
        if size > len(self.blob):
            self.blob = np.resize(self.blob, max(size, 2 * len(self.blob)))


def _unknown(rows: SeriesRows, slots: UInt32s) -> SeriesRows:
    """The rows without a slot, each series once."""
    _, places = np.unique(rows.ids, return_index=True)
    fresh = np.zeros(len(slots), np.bool_)
    fresh[places] = True
    fresh &= slots == 0
    if fresh.all():
        return rows
    texts = [text for text, new in zip(rows.canonical, fresh.tolist(), strict=True) if new]
    return SeriesRows.of(rows.ids[fresh], rows.metrics[fresh], texts)
