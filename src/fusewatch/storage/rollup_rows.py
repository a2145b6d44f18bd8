"""Reads the rows of the table ``rollups``, and brings their windows back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.client import Handle
from fusewatch.storage.rollup_codec import decode_column
from fusewatch.storage.rollup_kernels import SAME, restore
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.rollups import WHOLE, Aggregate
from fusewatch.telemetry.samples import Int64s, UInt64s

_NUMBERS: Final = {"day": np.int64, "metric": np.uint64, "id": np.uint64, "count": np.int64, "seq": np.uint64}
# What is the same as another column is taken from that by ClickHouse.
_COLUMNS: Final = {
    **{name: str(name) for name in Aggregate},
    Aggregate.MIN: f"if(mins = char({SAME}), firsts, mins) AS mins",
    Aggregate.MAX: f"if(maxs = char({SAME}), lasts, maxs) AS maxs",
}
_SELECT: Final = "SELECT toInt64(day) AS day, metric, id, toInt64(count) AS count, seq, windows, {columns}\nFROM rollups\nWHERE {condition}"


@dataclass(frozen=True, slots=True)
class RollupRows:
    """Rows (r), each the windows of a series on a day (``days`` in ms): those of row i are ``offsets[i]`` up to ``offsets[i + 1]``.

    ``ends`` (n) int64 ms, and the ``columns`` that were asked for (n).
    """

    days: Int64s
    metrics: UInt64s
    ids: UInt64s
    seqs: UInt64s
    offsets: Int64s
    ends: Int64s
    columns: Mapping[Aggregate, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as they lie in the table: numbers as arrays, columns as lists of bytes."""

    numbers: Mapping[str, NDArray[Any]]
    data: Mapping[str, Sequence[bytes]]

    @classmethod
    def of(cls, blocks: Sequence[Mapping[str, Any]], wanted: Iterable[str]) -> Encoded:
        """The rows of blocks (columns by name), one after the other."""
        numbers = {name: np.concatenate([np.empty(0, dtype), *(block[name] for block in blocks)]) for name, dtype in _NUMBERS.items()}
        return cls(numbers, {name: [blob for block in blocks for blob in block[name]] for name in ("windows", *wanted)})

    def ordered(self, order: Int64s) -> Encoded:
        """The rows in another order."""
        places = order.tolist()
        data = {name: [blobs[place] for place in places] for name, blobs in self.data.items()}
        return Encoded({name: numbers[order] for name, numbers in self.numbers.items()}, data)

    def decoded(self, resolution: int) -> RollupRows:
        """The windows, ``resolution`` ms each.

        Raises:
            CorruptChunkError: these are not such bytes.
        """
        numbers = self.numbers
        offsets = np.zeros(len(numbers["id"]) + 1, np.int64)
        np.cumsum(numbers["count"], out=offsets[1:])
        columns: dict[str, NDArray[Any]] = {}
        for name, blobs in self.data.items():
            columns[name] = np.empty(int(offsets[-1]), np.int64 if name == "windows" or Aggregate(name) in WHOLE else np.float64)
            decode_column(blobs, offsets, columns[name].view(np.uint64))
        days, ends, none = numbers["day"] * HOUR_MS, columns.pop("windows"), np.empty(0, np.int64)
        restore(days, offsets, resolution, ends, columns.get(Aggregate.FIRST_TIME, none), columns.get(Aggregate.LAST_TIME, none))
        found = {Aggregate(name): column for name, column in columns.items()}
        return RollupRows(days, numbers["metric"], numbers["id"], numbers["seq"], offsets, ends, found)


def read_blocks(handle: Handle, wanted: Sequence[Aggregate], condition: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that fulfil a condition, undecoded, as ClickHouse sends them."""
    sql = _SELECT.format(columns=", ".join(_COLUMNS[name] for name in wanted), condition=condition)
    with closing(handle.blocks(sql, parameters)) as found:
        yield from found
