"""A block's index: its series, with their labels and where their chunks are.

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/index.md, versions 1 to 3. Postings are not needed: all is
read in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fusewatch.telemetry.samples import Bytes, Int64s
from fusewatch.telemetry.tsdb.errors import DamagedError
from fusewatch.telemetry.tsdb.files import check_sum, map_file, number
from fusewatch.telemetry.tsdb.index_kernels import (
    BAD_SUM,
    CHUNK_COLUMNS,
    CHUNKS,
    LABEL_BYTES,
    NEXT,
    SERIES,
    STATE,
    find_symbols,
    read_series,
)

_MAGIC: Final = 0xBAAAD700
_HEADER_BYTES: Final = 5
#: Six places of eight bytes, and their checksum.
_CONTENTS_BYTES: Final = 48
_FIRST_VERSION: Final = 1
_VERSIONS: Final = (1, 2, 3)
_MOST_SERIES: Final = 1024
_MOST_CHUNKS: Final = 1 << 14
_MOST_LABEL_BYTES: Final = 1 << 20
#: No entry may need more room than this: a label set of 64 MB is no label set.
_LARGEST_ROOM: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Some series in the index's order.

    ``positions`` (n) of their entries, ``behind`` (n) of what follows; Label fields as in
    :class:`fusewatch.telemetry.remote_write_encode.SeriesColumns`; the chunks of series i are rows ``chunk_offsets[i]`` up to
    ``chunk_offsets[i + 1]`` of ``chunks`` (first and last timestamp in ms, place).
    """

    positions: Int64s
    behind: Int64s
    labels: Bytes
    label_offsets: Int64s
    chunks: Int64s
    chunk_offsets: Int64s

    def __len__(self) -> int:
        return len(self.positions)


class Index:
    """The index file at ``path``.

    Raises:
        BlockError: it can't be read; DamagedError: it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data = map_file(path)
        if len(self._data) < _HEADER_BYTES + _CONTENTS_BYTES + 4 or number(self._data, 0, 4) != _MAGIC:
            raise DamagedError(path, 0, "this is not the index of a block")
        self.version = int(self._data[4])
        if self.version not in _VERSIONS:
            raise DamagedError(path, 4, f"version {self.version} of the format is not known")
        contents = len(self._data) - _CONTENTS_BYTES - 4
        check_sum(path, self._data, contents, contents + _CONTENTS_BYTES)
        symbols, self._start, *others = (number(self._data, contents + 8 * k, 8) for k in range(6))
        self._end = min((place for place in (*others, contents) if place > self._start), default=contents)
        self._symbols = self._find_symbols(symbols)
        self._align = 1 if self.version == _FIRST_VERSION else 16

    @property
    def start(self) -> int:
        """Where the first series is."""
        return self._start

    @property
    def end(self) -> int:
        """Where the last series has ended."""
        return self._end

    def reference(self, position: int) -> int:
        """How other files name the series whose entry is at this position."""
        return position // self._align

    def _find_symbols(self, start: int) -> Int64s:
        """Where each symbol begins; nothing in version 1, whose references are places."""
        size, count = number(self._data, start, 4), number(self._data, start + 4, 4)
        check_sum(self.path, self._data, start + 4, start + 4 + size)
        if count > size:
            raise DamagedError(self.path, start + 4, f"{count} symbols can't be in {size} bytes")
        places = np.empty(count, np.int64)
        found = find_symbols(self._data, start + 8, start + 4 + size, places)
        if found < count:
            raise DamagedError(self.path, int(places[found]), f"symbol {found} of {count} is cut off")
        return places[:0] if self.version == _FIRST_VERSION else places

    def series(self, position: int | None = None) -> Iterator[SeriesBatch]:
        """All series from a position on (that of an entry, or ``start``), some at a time.

        Raises:
            DamagedError: an entry is damaged.
        """
        at = self._start if position is None else position
        room = 1
        while at < self._end and self._start:
            batch, at, state = self._read(at, room)
            if state == 1 and room < _LARGEST_ROOM // _MOST_LABEL_BYTES:
                room *= 4
                continue
            if len(batch):
                yield batch
            if state:
                raise DamagedError(self.path, at, _reason(state))
            room = 1

    def _read(self, at: int, room: int) -> tuple[SeriesBatch, int, int]:
        series, counts = np.empty((_MOST_SERIES, 4), np.int64), np.zeros(5, np.int64)
        labels, chunks = np.empty(room * _MOST_LABEL_BYTES, np.uint8), np.empty((room * _MOST_CHUNKS, CHUNK_COLUMNS), np.int64)
        read_series(self._data, self._end, self._align, self._symbols, at, series, labels, chunks, counts)
        found = series[: counts[SERIES]]
        batch = SeriesBatch(
            positions=found[:, 0].copy(),
            behind=found[:, 3].copy(),
            labels=labels[: counts[LABEL_BYTES]],
            label_offsets=np.concatenate((np.zeros(1, np.int64), found[:, 1])),
            chunks=chunks[: counts[CHUNKS]],
            chunk_offsets=np.concatenate((np.zeros(1, np.int64), found[:, 2])),
        )
        return batch, int(counts[NEXT]), int(counts[STATE])


def _reason(state: int) -> str:
    if state == BAD_SUM:
        return "the checksum of a series does not match"
    return "the entry of a series makes no sense"
