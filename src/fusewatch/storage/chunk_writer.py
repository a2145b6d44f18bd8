"""Makes chunks of sorted samples, and brings them into ClickHouse in few, big inserts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from fusewatch.storage.chunk_codec import CONSTANT, encode_times, encode_values, times_key
from fusewatch.storage.client import ClientPool
from fusewatch.storage.native import Column
from fusewatch.storage.seal_kernels import cut_chunks
from fusewatch.storage.series_kernels import UInt8s
from fusewatch.telemetry.samples import Int64s, UInt64s

#: The most samples of a chunk: a day at 15 s is one, a day at 1 s eleven.
MOST_SAMPLES: Final = 8192
#: An insert has about this many bytes.
_INSERT_BYTES: Final = 16 << 20
#: What a chunk takes beside its data.
_ROW_BYTES: Final = 82


@dataclass(frozen=True, slots=True)
class SortedSamples:
    """Samples (n) ordered by metric, id and timestamp, each timestamp of a series once; ``bits`` are value bits."""

    metrics: UInt64s
    ids: UInt64s
    times: Int64s
    bits: UInt64s

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Target:
    """Where chunks go: a table, and what they have in common."""

    table: str
    day: int
    level: int
    seq: int


@dataclass(slots=True)
class _Waiting:
    """Rows of the table that are not inserted yet: arrays of numbers by column, and their data."""

    numbers: dict[str, list[Any]] = field(default_factory=dict)
    data: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, numbers: dict[str, Any], data: list[bytes]) -> None:
        for name, values in numbers.items():
            self.numbers.setdefault(name, []).append(values)
        self.data += data
        self.size += sum(map(len, data)) + _ROW_BYTES * len(data)


class ChunkWriter:
    """Writes the chunks of one :class:`Target`; one thread at a time. Timestamps that several chunks share are written once.

    ``samples``, ``chunks``: how many so far; ``bounds``: their first and last timestamp, None without any.
    """

    def __init__(self, pool: ClientPool, target: Target) -> None:
        self.samples = 0
        self.chunks = 0
        self.bounds: tuple[int, int] | None = None
        self._pool = pool
        self._target = target
        self._waiting = _Waiting()
        self._written: set[int] = set()

    def add(self, samples: SortedSamples) -> None:
        """Takes whole series, or the next part of one.

        Raises:
            ClickHouseError: what came before may be there or not.
            CorruptChunkError: they can't be encoded.
        """
        if not len(samples):
            return
        size = len(samples)
        starts, steps, alike = np.empty(size + 1, np.int64), np.empty(size, np.int64), np.empty(size, np.uint8)
        count = cut_chunks(samples.ids, samples.times, samples.bits, MOST_SAMPLES, (starts, steps, alike))
        # Copies: what waits must not hold as much again as there are samples.
        starts, steps = starts[: count + 1].copy(), steps[:count].copy()
        self._waiting.add(*_encoded(samples, starts, steps, alike[:count], self._times(samples, starts, steps)))
        self.samples += size
        self.chunks += count
        low, high = self.bounds or (int(samples.times[0]), int(samples.times[0]))
        self.bounds = min(low, int(samples.times.min())), max(high, int(samples.times.max()))
        if self._waiting.size >= _INSERT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Inserts what waits.

        Raises:
            ClickHouseError: it may be there or not.
        """
        waiting, self._waiting = self._waiting, _Waiting()
        if not waiting.data:
            return
        rows, target = len(waiting.data), self._target
        columns = [
            Column("day", "UInt32", np.full(rows, target.day, np.uint32)),
            Column("level", "UInt8", np.full(rows, target.level, np.uint8)),
            *(Column(name, _KINDS[name], np.concatenate(values)) for name, values in waiting.numbers.items()),
            Column("data", "String", waiting.data),
            Column("seq", "UInt64", np.full(rows, target.seq, np.uint64)),
        ]
        with self._pool.handle() as handle:
            handle.insert(target.table, columns)

    def _times(self, samples: SortedSamples, starts: Int64s, steps: Int64s) -> UInt64s:
        """The keys of irregular timestamps by chunk, 0 for regular ones; those that are new wait to be written."""
        keys = np.zeros(len(steps), np.uint64)
        fresh: list[tuple[int, Int64s]] = []
        for chunk in np.flatnonzero(steps == 0).tolist():
            times = samples.times[starts[chunk] : starts[chunk + 1]]
            key = times_key(times)
            keys[chunk] = key
            if key not in self._written:
                self._written.add(key)
                fresh.append((key, times))
        if fresh:
            self._waiting.add(*_times_rows(fresh))
        return keys


_KINDS: Final = {
    "metric": "UInt64",
    "id": "UInt64",
    "first": "Int64",
    "last": "Int64",
    "count": "UInt32",
    "step": "Int64",
    "times": "UInt64",
    "coding": "UInt8",
    "bits": "UInt64",
}


def _encoded(samples: SortedSamples, starts: Int64s, steps: Int64s, alike: UInt8s, times: UInt64s) -> tuple[dict[str, Any], list[bytes]]:
    codings, data = np.full(len(steps), CONSTANT, np.uint8), [b""] * len(steps)
    edges = starts.tolist()
    for chunk in np.flatnonzero(alike == 0).tolist():
        codings[chunk], data[chunk] = encode_values(samples.bits[edges[chunk] : edges[chunk + 1]])
    heads, ends = starts[:-1], starts[1:]
    numbers = {
        "metric": samples.metrics[heads],
        "id": samples.ids[heads],
        "first": samples.times[heads],
        "last": samples.times[ends - 1],
        "count": (ends - heads).astype(np.uint32),
        "step": steps,
        "times": times,
        "coding": codings,
        "bits": np.where(alike, samples.bits[heads], np.uint64(0)),
    }
    return numbers, data


def _times_rows(found: Iterable[tuple[int, Int64s]]) -> tuple[dict[str, Any], list[bytes]]:
    """Rows that hold timestamps: metric 0, the key as id."""
    keys = np.array([key for key, _ in found], np.uint64)
    count = len(keys)
    numbers = {
        "metric": np.zeros(count, np.uint64),
        "id": keys,
        "first": np.array([times[0] for _, times in found], np.int64),
        "last": np.array([times[-1] for _, times in found], np.int64),
        "count": np.array([len(times) for _, times in found], np.uint32),
        "step": np.zeros(count, np.int64),
        "times": np.zeros(count, np.uint64),
        "coding": np.full(count, CONSTANT, np.uint8),
        "bits": np.zeros(count, np.uint64),
    }
    return numbers, [encode_times(times) for _, times in found]
