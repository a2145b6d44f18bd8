"""Reads the chunks of many series, a slice of them at a time, so that compressed bytes never pile up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any, Final

import numpy as np

from fusewatch.storage.cached_read import CachedRead
from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.chunk_decoding import Decoder, Recent, Samples, Wanted
from fusewatch.storage.chunk_kernels import copy_parts
from fusewatch.storage.chunk_query import ChunkQuery
from fusewatch.storage.chunk_rows import COLUMNS, MOST_IDS, ChunkRows, MissingTimesError, TimePool, read_times
from fusewatch.storage.client import Handle
from fusewatch.storage.spare_memory import SpareMemory
from fusewatch.telemetry.samples import Int64s

#: Compressed bytes of one slice; a slice that has more than twice that is cut and read again.
_SLICE_BYTES: Final = 64 << 20
#: What a series and day takes at most, usually: a guess for the first slice.
_GUESS_BYTES: Final = 10_000
#: How often timestamps may be rewritten while they are read.
_ATTEMPTS: Final = 5
# Not ordered: ClickHouse would take twice as long, and sorting the few numbers here costs nothing.
_CHUNKS: Final = f"""
SELECT {COLUMNS}
FROM chunks
WHERE metric IN {{metrics:Array(UInt64)}}
  AND id IN {{ids:Array(UInt64)}}
  AND day BETWEEN {{first_day:UInt32}} AND {{last_day:UInt32}}
  AND first <= {{end:Int64}}
  AND last >= {{start:Int64}}
"""  # noqa: S608  # a constant


#: What is decoded takes so many times the memory of what is kept compressed, for as long as it is used.
_DECODED: Final = 2
#: Bytes of the times and of the values that a server has room for when it starts: 4 million samples.
_FIRST: Final = 32 << 20


class ChunkReader:
    """Reads chunks; thread-safe, every method blocks. ``slice_bytes``: how many compressed bytes are held at a time, beside the cache."""

    def __init__(
        self,
        *,
        threads: Executor | None = None,
        workers: int = 1,
        slice_bytes: int = _SLICE_BYTES,
        cache: ChunkCache | None = None,
        memory: SpareMemory | None = None,
    ) -> None:
        self._cache = cache or ChunkCache(0)
        self._threads = threads
        self._memory = memory or SpareMemory(0)
        self._decoder = Decoder(threads, workers, self._memory)
        self._slice_bytes = slice_bytes

    @classmethod
    def with_threads(cls, cache: ChunkCache) -> ChunkReader:
        """A reader that shares large reads among as many threads as the machine has processors, at most four."""
        workers = min(4, os.cpu_count() or 1)
        threads = ThreadPoolExecutor(workers, thread_name_prefix="chunks")
        return cls(threads=threads, workers=workers, cache=cache, memory=SpareMemory(_DECODED * cache.limit))

    def prepare(self) -> None:
        """Has memory at hand for the first query; blocks for as long as the system needs to find it."""
        for _ in range(2):
            self._memory.prepare(_FIRST)

    def give_back(self) -> None:
        """Returns memory that no read has used for a while."""
        self._memory.tidy()

    def close(self) -> None:
        """Ends its threads once they are done."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    def read(self, handle: Handle, query: ChunkQuery, recent: Recent) -> Samples:
        """The samples of all series in the order of the query, ``recent`` ones (read before) among them.

        Raises:
            LimitExceededError: more samples than the budget allows, cancelled, or out of time.
            CorruptChunkError: a chunk can't be decoded.
        """
        parts = list(self._parts(handle, query, recent))
        if len(parts) == 1:
            return parts[0][1]
        return _joined(len(query.ids), parts)

    def _parts(self, handle: Handle, query: ChunkQuery, recent: Recent) -> Iterator[tuple[Int64s, Samples]]:
        """Slices of series that lie together on disk: their places (ascending), and their samples."""
        by_disk = np.lexsort((query.ids, query.metrics))
        first, last = query.days
        at, size = 0, max(1, min(MOST_IDS, self._slice_bytes // (_GUESS_BYTES * ((last - first) // 24 + 1))))
        while at < len(by_disk):
            places = np.sort(by_disk[at : at + size])
            try:
                samples, held = self._slice(handle, query, recent, places)
            except _TooManyBytesError:
                size = max(1, size // 4)
                continue
            yield places, samples
            at += size
            size = max(1, min(MOST_IDS, size * 4, size * self._slice_bytes // max(held, 1)))

    def _slice(self, handle: Handle, query: ChunkQuery, recent: Recent, places: Int64s) -> tuple[Samples, int]:
        ids = query.ids[places]
        wanted = Wanted((query.start, query.end), places, recent, query.tombstones.by_series(ids), query.budget.take)
        series = replace(query, ids=ids, metrics=query.metrics[places])
        cached = CachedRead.of(series, self._cache)
        chunks, pool = self._read(handle, series) if cached is None else cached.read(lambda missing: self._read(handle, missing))
        by_id = np.argsort(ids)
        rows = by_id[np.searchsorted(ids[by_id], chunks.id)]
        return self._decoder.decode(chunks, rows, pool, wanted), sum(map(len, chunks.data))

    def _read(self, handle: Handle, query: ChunkQuery) -> tuple[ChunkRows, TimePool]:
        """The chunks of the query and the timestamps that they name, as ClickHouse has them."""
        for _ in range(_ATTEMPTS - 1):
            chunks = self._chunks(handle, query)
            with suppress(MissingTimesError):
                return chunks, read_times(handle, chunks, query.days)
        chunks = self._chunks(handle, query)
        return chunks, read_times(handle, chunks, query.days)

    def _chunks(self, handle: Handle, query: ChunkQuery) -> ChunkRows:
        first_day, last_day = query.days
        parameters = {
            "metrics": np.unique(query.metrics).tolist(),
            "ids": query.ids.tolist(),
            "start": query.start,
            "end": query.end,
            "first_day": first_day,
            "last_day": last_day,
        }
        blocks: list[dict[str, Any]] = []
        held = 0
        with closing(handle.blocks(_CHUNKS, parameters)) as found:
            for block in found:
                query.budget.check()
                blocks.append(block)
                held += block["data"].size
                if held > 2 * self._slice_bytes and len(query.ids) > 1:
                    raise _TooManyBytesError
        return ChunkRows.of(blocks)


class _TooManyBytesError(Exception):
    """The slice has more bytes than are to be held at a time."""


def _joined(series: int, parts: list[tuple[Int64s, Samples]]) -> Samples:
    """The samples of all slices in the order of the series."""
    offsets = np.zeros(series + 1, np.int64)
    for places, samples in parts:
        offsets[places + 1] = np.diff(samples.offsets)
    np.cumsum(offsets, out=offsets)
    out = Samples(offsets, np.empty(int(offsets[-1]), np.int64), np.empty(int(offsets[-1]), np.uint64))
    while parts:
        places, samples = parts.pop()  # its memory goes as that of the whole fills
        copy_parts((places, samples.offsets, samples.times, samples.bits), offsets, out.times, out.bits)
        del samples
    return out
