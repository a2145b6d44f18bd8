"""A block: the samples of some hours or days, read series by series in columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.remote_write import parse_labels
from fusewatch.telemetry.remote_write_encode import HistogramColumns, SeriesColumns
from fusewatch.telemetry.samples import Int64s
from fusewatch.telemetry.tsdb.errors import BlockError, NotABlockError
from fusewatch.telemetry.tsdb.index import Index, SeriesBatch
from fusewatch.telemetry.tsdb.index_kernels import FIRST, LAST
from fusewatch.telemetry.tsdb.segments import Decoded, Segments
from fusewatch.telemetry.tsdb.tombstones import read_tombstones

#: What is decoded at a time: with 18 bytes a sample a request stays below a megabyte.
_MOST_SAMPLES: Final = 48_000
_MOST_WORDS: Final = 200_000
_MOST_CHUNKS: Final = 512
#: No sample is outside of these (ms).
LEAST_TIME: Final = -(1 << 63)
MOST_TIME: Final = (1 << 63) - 1

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockMeta:
    """What ``meta.json`` says of the block in ``folder``; times in ms, ``max_time`` excluded."""

    folder: Path
    ulid: str
    min_time: int
    max_time: int
    series: int
    samples: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which samples to read: those with ``min_time <= timestamp <= max_time`` (ms) of the series that ``keep`` says yes to (None: all)."""

    min_time: int = LEAST_TIME
    max_time: int = MOST_TIME
    keep: Callable[[Labels], bool] | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Some samples; all series before ``position`` have been read whole once this is used, ``series`` of them since the last slice."""

    columns: SeriesColumns
    position: int
    series: int


def find_blocks(folder: Path) -> list[BlockMeta]:
    """The blocks of a TSDB directory, the oldest first; or the one block that ``folder`` is.

    Raises:
        NotABlockError: there is none.
        BlockError: a ``meta.json`` can't be read.
    """
    if (folder / "meta.json").exists():
        return [read_meta(folder)]
    inside = folder.iterdir() if folder.is_dir() else iter(())
    # Prometheus' own temporary folders have a dot in their names.
    found = [read_meta(path) for path in inside if "." not in path.name and (path / "meta.json").exists()]
    if not found:
        raise NotABlockError(f"{folder} is neither a Prometheus data directory with blocks nor a block")
    return sorted(found, key=lambda meta: (meta.min_time, meta.ulid))


def read_meta(folder: Path) -> BlockMeta:
    """What ``meta.json`` says.

    Raises:
        BlockError: it can't be read.
    """
    path = folder / "meta.json"
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        stats = found.get("stats", {})
        return BlockMeta(
            folder=folder,
            ulid=str(found["ulid"]),
            min_time=int(found["minTime"]),
            max_time=int(found["maxTime"]),
            series=int(stats.get("numSeries", 0)),
            samples=int(stats.get("numSamples", 0)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BlockError(f"{path} can't be read: {error!r}") from error


class Block:
    """A block that is open.

    Raises:
        BlockError: a file of it can't be read; DamagedError: it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._index = Index(folder / "index")
        self._segments = Segments(folder / "chunks")
        self._tombstones = read_tombstones(folder / "tombstones")

    def read(self, selection: Selection, position: int | None = None) -> Iterator[Slice]:
        """The samples, series by series; ``position`` is that of an earlier slice, to go on behind it.

        Raises:
            DamagedError: a file is damaged; names it and where.
        """
        for batch in self._index.series(position):
            yield from self._slices(batch, selection)

    def _slices(self, batch: SeriesBatch, selection: Selection) -> Iterator[Slice]:
        owners = np.repeat(np.arange(len(batch)), np.diff(batch.chunk_offsets))
        wanted = (batch.chunks[:, FIRST] <= selection.max_time) & (batch.chunks[:, LAST] >= selection.min_time)
        if selection.keep is not None:
            wanted &= _kept(batch, selection.keep)[owners]
        rows = np.flatnonzero(wanted)
        done = 0
        while len(rows):
            some = rows[:_MOST_CHUNKS]
            decoded = self._segments.decode(batch.chunks[some], most_samples=_MOST_SAMPLES, most_words=_MOST_WORDS)
            read, rows = rows[: len(decoded)], rows[len(decoded) :]
            columns = self._columns(batch, owners[read], decoded, selection)
            passed = int(owners[rows[0]]) if len(rows) else len(batch)
            yield Slice(columns, _position(batch, passed), passed - done)
            done = passed
        if done < len(batch):
            nothing = SeriesColumns(batch.labels[:0], np.zeros(1, np.int64), np.zeros(1, np.int64), _NO_TIMES, _NO_BITS)
            yield Slice(nothing, _position(batch, len(batch)), len(batch) - done)

    def _columns(self, batch: SeriesBatch, owners: Int64s, decoded: Decoded, selection: Selection) -> SeriesColumns:
        """The samples of chunks, put together by series."""
        first, last = int(owners[0]), int(owners[-1]) + 1
        starts = np.searchsorted(owners, np.arange(first, last + 1))
        label_offsets = batch.label_offsets[first : last + 1]
        columns = SeriesColumns(
            batch.labels[label_offsets[0] : label_offsets[-1]],
            label_offsets - label_offsets[0],
            decoded.offsets[starts],
            decoded.timestamps,
            decoded.bits,
            HistogramColumns(decoded.histogram_offsets[starts], decoded.histogram_timestamps, decoded.ends, decoded.words),
        )
        return self._without(columns, batch.positions[first:last], selection)

    def _without(self, columns: SeriesColumns, positions: Int64s, selection: Selection) -> SeriesColumns:
        """The columns less what is outside of the selection or was deleted."""
        found = columns.histograms
        floats = _inside(columns.timestamps, selection)
        histograms = _inside(found.timestamps, selection)
        if self._tombstones:
            for series, position in enumerate(positions.tolist()):
                for low, high in self._tombstones.get(self._index.reference(position), ()):
                    _delete(floats, columns.offsets, columns.timestamps, series, (low, high))
                    _delete(histograms, found.offsets, found.timestamps, series, (low, high))
        if not floats.all():
            bits = columns.bits[floats]
            columns = replace(columns, offsets=_remaining(columns.offsets, floats), timestamps=columns.timestamps[floats], bits=bits)
        if not histograms.all():
            sizes = np.diff(found.ends)
            ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes[histograms])))
            words = found.words[np.repeat(histograms, sizes)]
            offsets = _remaining(found.offsets, histograms)
            columns = replace(columns, histograms=HistogramColumns(offsets, found.timestamps[histograms], ends, words))
        return columns


_NO_TIMES: Final = np.empty(0, np.int64)
_NO_BITS: Final = np.empty(0, np.uint64)


def _position(batch: SeriesBatch, series: int) -> int:
    return int(batch.positions[series] if series < len(batch) else batch.behind[-1])


def _kept(batch: SeriesBatch, keep: Callable[[Labels], bool]) -> Mask:
    data, ends = batch.labels.tobytes(), batch.label_offsets.tolist()
    return np.array([keep(Labels(parse_labels(data[start:end]))) for start, end in pairwise(ends)], np.bool_)


def _inside(timestamps: Int64s, selection: Selection) -> Mask:
    return (timestamps >= selection.min_time) & (timestamps <= selection.max_time)


def _delete(mask: Mask, offsets: Int64s, timestamps: Int64s, series: int, interval: tuple[int, int]) -> None:
    start, end = offsets[series], offsets[series + 1]
    mask[start:end] &= (timestamps[start:end] < interval[0]) | (timestamps[start:end] > interval[1])


def _remaining(offsets: Int64s, mask: Mask) -> Int64s:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(mask, dtype=np.int64)))[offsets]
