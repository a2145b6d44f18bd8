"""A block's chunks: files of at most 512 MB, from which chunks are decoded some thousand samples at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import SLACK
from fusewatch.telemetry.samples import Int64s, UInt64s
from fusewatch.telemetry.tsdb.errors import BlockError, DamagedError
from fusewatch.telemetry.tsdb.files import map_file, number
from fusewatch.telemetry.tsdb.index_kernels import PLACE
from fusewatch.telemetry.tsdb.segment_kernels import (
    BAD_SUM,
    CUT,
    END,
    FOUND_COLUMNS,
    SAMPLES,
    SENSELESS,
    START,
    UNKNOWN,
    WORDS,
    decode_chunks,
    locate_chunks,
    measure_chunks,
)

_MAGIC: Final = 0x85BD40DD
_VERSION: Final = 1
_HEADER_BYTES: Final = 8
_REASONS: Final = {
    CUT: "the file ends before the chunk does",
    BAD_SUM: "the checksum of a chunk does not match",
    UNKNOWN: "the encoding of a chunk is not known",
    SENSELESS: "the data of a chunk makes no sense",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The samples of some chunks.

    Float samples of chunk i: rows ``offsets[i]`` up to ``offsets[i + 1]`` of ``timestamps`` (ms) and ``bits``; histograms of chunk i: rows
    ``histogram_offsets[i]`` … of ``histogram_timestamps``, row k being ``words[ends[k]:ends[k + 1]]``.
    """

    offsets: Int64s
    timestamps: Int64s
    bits: UInt64s
    histogram_offsets: Int64s
    histogram_timestamps: Int64s
    ends: Int64s
    words: UInt64s

    def __len__(self) -> int:
        return len(self.offsets) - 1


class Segments:
    """The segments in a folder ``chunks``.

    Raises:
        BlockError: one can't be read; DamagedError: it is none.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise BlockError(f"{folder} is missing")
        self._paths = sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
        self._data = [map_file(path) for path in self._paths]
        for path, data in zip(self._paths, self._data, strict=True):
            if len(data) < _HEADER_BYTES or number(data, 0, 4) != _MAGIC:
                raise DamagedError(path, 0, "this is not a segment of chunks")
            if data[4] != _VERSION:
                raise DamagedError(path, 4, f"version {data[4]} of the format is not known")

    def decode(self, chunks: Int64s, *, most_samples: int, most_words: int) -> Decoded:
        """The samples of the first few (at least one) of ``chunks`` (n, CHUNK_COLUMNS), all of one segment.

        At most so many samples, and words of histograms, unless the first chunk has more.

        Raises:
            DamagedError: a chunk is damaged.
        """
        segment = int(chunks[0, PLACE]) >> 32
        if segment >= len(self._data):
            raise BlockError(f"{self._paths[0].parent if self._paths else 'chunks'} has no segment number {segment + 1}")
        data = self._data[segment]
        others = np.flatnonzero(chunks[:, PLACE] >> 32 != segment)
        chunks = np.ascontiguousarray(chunks[: others[0]] if len(others) else chunks)
        found = np.empty((len(chunks), FOUND_COLUMNS), np.int64)
        well, state = locate_chunks(data, chunks, found)
        if well == 0:
            raise self._damaged(chunks, 0, state)
        # What is not well further on is told when its turn comes.
        found = found[: _within(found[:well, SAMPLES], most_samples)]
        scratch = np.zeros(int((found[:, END] - found[:, START]).max()) + SLACK, np.uint8)
        well = measure_chunks(data, found, scratch)
        if well < len(found):
            raise self._damaged(chunks, well, SENSELESS)
        found = found[: _within(found[:, SAMPLES] * found[:, WORDS], most_words)]
        is_float = found[:, WORDS] == 0
        offsets, histogram_offsets = (_offsets(np.where(kind, found[:, SAMPLES], 0)) for kind in (is_float, ~is_float))
        rows, histograms, words = int(offsets[-1]), int(histogram_offsets[-1]), int((found[:, SAMPLES] * found[:, WORDS]).sum())
        times, bits = np.empty(rows, np.int64), np.empty(rows, np.uint64)
        histogram_times, ends, out = np.empty(histograms, np.int64), np.zeros(histograms + 1, np.int64), np.empty(words, np.uint64)
        well = decode_chunks(data, found, scratch, (times, bits), (histogram_times, ends, out))
        if well < len(found):
            raise self._damaged(chunks, well, SENSELESS)
        return Decoded(offsets, times, bits, histogram_offsets, histogram_times, ends, out[: ends[-1]])

    def _damaged(self, chunks: Int64s, which: int, state: int) -> DamagedError:
        place = int(chunks[which, PLACE])
        return DamagedError(self._paths[place >> 32], place & 0xFFFFFFFF, _REASONS[state])


def _within(sizes: Int64s, most: int) -> int:
    """How many of ``sizes`` stay within ``most`` together; at least one."""
    return max(1, int(np.searchsorted(np.cumsum(sizes), most, side="right")))


def _offsets(counts: Int64s) -> Int64s:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
