"""Rows of the table ``chunks``, as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fusewatch.storage.chunk_codec import decode_times
from fusewatch.storage.client import Handle
from fusewatch.storage.errors import CorruptChunkError
from fusewatch.storage.series_kernels import UInt8s
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Ids or keys in one statement.
MOST_IDS: Final = 20_000
COLUMNS: Final = "metric, id, first, last, toInt64(count) AS count, step, times, coding, bits, data, seq"
_NUMBERS: Final = {
    "metric": np.uint64,
    "id": np.uint64,
    "first": np.int64,
    "last": np.int64,
    "count": np.int64,
    "step": np.int64,
    "times": np.uint64,
    "coding": np.uint8,
    "bits": np.uint64,
    "seq": np.uint64,
}
_TIMES: Final = """
SELECT id, toInt64(count) AS count, data
FROM chunks
WHERE metric = 0
  AND id IN {keys:Array(UInt64)}
  AND day BETWEEN {first_day:UInt32} AND {last_day:UInt32}
LIMIT 1 BY id
"""


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """Chunks (n): numbers as arrays, ``data`` as a list of bytes; see the schema for what each means."""

    metric: UInt64s
    id: UInt64s
    first: Int64s
    last: Int64s
    count: Int64s
    step: Int64s
    times: UInt64s
    coding: UInt8s
    bits: UInt64s
    seq: UInt64s
    data: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def of(cls, blocks: Sequence[Mapping[str, Any]]) -> ChunkRows:
        """The rows of blocks (columns by name), one after the other."""
        numbers = {name: np.concatenate([np.empty(0, dtype), *(block[name] for block in blocks)]) for name, dtype in _NUMBERS.items()}
        return cls(**numbers, data=[data for block in blocks for data in block["data"]])

    def chosen(self, rows: Int64s) -> ChunkRows:
        """Those at these positions."""
        return ChunkRows(**{name: getattr(self, name)[rows] for name in _NUMBERS}, data=[self.data[row] for row in rows.tolist()])

    def part(self, rows: slice) -> dict[str, Any]:
        """Some of the rows, as a block."""
        return {"data": self.data[rows], **{name: getattr(self, name)[rows] for name in _NUMBERS}}


@dataclass(frozen=True, slots=True)
class TimePool:
    """Timestamps that chunks share: those of place i are ``times[offsets[i]:offsets[i + 1]]``; ``places``: place by key."""

    keys: UInt64s
    offsets: Int64s
    times: Int64s

    def places(self, chunks: ChunkRows) -> Int64s:
        """The place of each chunk's timestamps; anything where they are regular."""
        return np.searchsorted(self.keys, chunks.times)

    @classmethod
    def of(cls, found: Iterable[tuple[int, int, bytes]]) -> TimePool:
        """From key, count and compressed timestamps.

        Raises:
            CorruptChunkError: they can't be decoded.
        """
        rows = sorted(found, key=lambda row: row[0])
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([count for _, count, _ in rows], out=offsets[1:])
        times = np.empty(int(offsets[-1]), np.int64)
        for k, (_, _, data) in enumerate(rows):
            decode_times(data, times[offsets[k] : offsets[k + 1]])
        return cls(np.array([key for key, _, _ in rows], np.uint64), offsets, times)

    @classmethod
    def joined(cls, pools: Sequence[TimePool]) -> TimePool:
        """The timestamps of all pools; one key means the same in each."""
        pools = [pool for pool in pools if len(pool.keys)] or list(pools[:1])
        if len(pools) == 1:
            return pools[0]
        parts = {key: pool.part(place) for pool in pools for place, key in enumerate(pool.keys.tolist())}
        return cls.of_parts(parts)

    @classmethod
    def of_parts(cls, parts: Mapping[int, Int64s]) -> TimePool:
        """From timestamps by key."""
        keys = sorted(parts)
        offsets = np.zeros(len(keys) + 1, np.int64)
        np.cumsum([len(parts[key]) for key in keys], out=offsets[1:])
        return cls(np.array(keys, np.uint64), offsets, np.concatenate([np.empty(0, np.int64), *(parts[key] for key in keys)]))

    def only(self, chunks: ChunkRows) -> TimePool:
        """The timestamps that these chunks name."""
        named = np.isin(self.keys, chunks.times[chunks.step == 0])
        if named.all():
            return self
        places = np.flatnonzero(named).tolist()
        return TimePool.of_parts({int(self.keys[place]): self.part(place) for place in places})

    def part(self, place: int) -> Int64s:
        """The timestamps of a place."""
        return self.times[self.offsets[place] : self.offsets[place + 1]]


class MissingTimesError(CorruptChunkError):
    """Timestamps that a chunk names are not there: they were rewritten in the meantime, so read again."""


def read_times(handle: Handle, chunks: ChunkRows, days: tuple[int, int]) -> TimePool:
    """The timestamps that irregular chunks of these days (hours since the epoch) name.

    Raises:
        MissingTimesError: some are not there.
    """
    keys = np.unique(chunks.times[chunks.step == 0])
    found: list[tuple[int, int, bytes]] = []
    for start in range(0, len(keys), MOST_IDS):
        parameters = {"keys": keys[start : start + MOST_IDS].tolist(), "first_day": days[0], "last_day": days[1]}
        for block in handle.blocks(_TIMES, parameters):
            found += zip(block["id"].tolist(), block["count"].tolist(), block["data"], strict=True)
    if len(found) != len(keys):
        raise MissingTimesError(f"timestamps of {len(keys) - len(found)} chunks are missing")
    return TimePool.of(found)
