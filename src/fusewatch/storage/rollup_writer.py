"""Makes the roll-ups of a day, and brings them into ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.chunk_writer import SortedSamples
from fusewatch.storage.client import ClientPool
from fusewatch.storage.native import Column
from fusewatch.storage.rollup_codec import encode_column
from fusewatch.storage.rollup_kernels import Columns, roll
from fusewatch.storage.series_kernels import HOUR_MS, UInt32s
from fusewatch.telemetry.rollups import WHOLE, Aggregate
from fusewatch.telemetry.samples import Int64s, UInt64s

STAGING: Final = "rollups_staging"
#: An insert has about this many bytes.
_INSERT_BYTES: Final = 16 << 20
#: What a row takes beside its columns.
_ROW_BYTES: Final = 36
#: The column that another one is often the same as.
_LIKE: Final = {Aggregate.MIN: Aggregate.FIRST, Aggregate.MAX: Aggregate.LAST}


@dataclass(frozen=True, slots=True)
class RolledSeries:
    """Windows of a day by series: those of series i are rows ``offsets[i]`` up to ``offsets[i + 1]`` of ``ends`` and of every column."""

    metrics: UInt64s
    ids: UInt64s
    offsets: Int64s
    ends: Int64s
    columns: Mapping[Aggregate, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, samples: SortedSamples, resolution: int) -> RolledSeries:
        """The windows of samples, ``resolution`` ms each."""
        size = len(samples)
        heads, offsets, ends = np.empty(size, np.int64), np.empty(size + 1, np.int64), np.empty(size, np.int64)
        columns = {name: np.empty(size, np.int64 if name in WHOLE else np.float64) for name in Aggregate}
        out = cast("Columns", (ends, *columns.values()))
        count = roll(samples.ids, samples.times, samples.bits, resolution, heads, offsets, out)
        heads, offsets = heads[:count], offsets[: count + 1]
        windows = int(offsets[-1])
        found = {name: column[:windows] for name, column in columns.items()}
        return cls(samples.metrics[heads], samples.ids[heads], offsets, ends[:windows], found)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Rows that are not inserted yet, with nothing of the samples that they were made of: those are hundreds of times as large."""

    metrics: UInt64s
    ids: UInt64s
    counts: UInt32s
    data: Mapping[str, list[bytes]]

    def __len__(self) -> int:
        return len(self.ids)


class RollupWriter:
    """Writes the roll-ups of a day (hours since the epoch) in one resolution (ms) to the staging table; one thread at a time.

    ``rows``: how many so far.
    """

    def __init__(self, pool: ClientPool, day: int, resolution: int, seq: int) -> None:
        self.rows = 0
        self.day = day
        self.resolution = resolution
        self._pool = pool
        self._seq = seq
        self._waiting: list[_Waiting] = []
        self._size = 0

    def add(self, rolled: RolledSeries) -> None:
        """Takes whole series.

        Raises:
            ClickHouseError: what came before may be there or not.
            CorruptChunkError: they can't be encoded.
        """
        if not len(rolled):
            return
        data = self._encoded(rolled)
        self._waiting.append(_Waiting(rolled.metrics.copy(), rolled.ids.copy(), np.diff(rolled.offsets).astype(np.uint32), data))
        self._size += _ROW_BYTES * len(rolled) + sum(len(blob) for blobs in data.values() for blob in blobs)
        self.rows += len(rolled)
        if self._size >= _INSERT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Inserts what waits.

        Raises:
            ClickHouseError: it may be there or not.
        """
        waiting, self._waiting, self._size = self._waiting, [], 0
        if not waiting:
            return
        rows = sum(map(len, waiting))
        columns = [
            Column("day", "UInt32", np.full(rows, self.day, np.uint32)),
            Column("resolution", "UInt32", np.full(rows, self.resolution // 1000, np.uint32)),
            Column("metric", "UInt64", np.concatenate([part.metrics for part in waiting])),
            Column("id", "UInt64", np.concatenate([part.ids for part in waiting])),
            Column("count", "UInt32", np.concatenate([part.counts for part in waiting])),
            *(Column(name, "String", [blob for part in waiting for blob in part.data[name]]) for name in waiting[0].data),
            Column("seq", "UInt64", np.full(rows, self._seq, np.uint64)),
        ]
        with self._pool.handle() as handle:
            handle.insert(STAGING, columns)

    def _encoded(self, rolled: RolledSeries) -> dict[str, list[bytes]]:
        """Each column as bytes by series; ends and times as numbers that are alike where scrapes are regular."""
        offsets, ends, columns = rolled.offsets, rolled.ends, rolled.columns
        places = np.arange(len(ends)) - np.repeat(offsets[:-1], np.diff(offsets))
        out = {"windows": encode_column(offsets, (ends - self.day * HOUR_MS) // self.resolution - places)}
        for name, column in columns.items():
            match name:
                case Aggregate.FIRST_TIME:
                    out[name] = encode_column(offsets, column - (ends - self.resolution))
                case Aggregate.LAST_TIME:
                    out[name] = encode_column(offsets, ends - column)
                case _:
                    like = _LIKE.get(name)
                    out[name] = encode_column(offsets, column, None if like is None else columns[like])
        return out
