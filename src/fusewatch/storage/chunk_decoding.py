"""From compressed chunks to the samples of a read or of a merge."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fusewatch.storage.chunk_codec import CONSTANT, decode_parts
from fusewatch.storage.chunk_kernels import Hides, append_recent, crop, fill, find_unordered, lay_out, settle
from fusewatch.storage.chunk_rows import ChunkRows, TimePool
from fusewatch.storage.series_kernels import UInt8s
from fusewatch.storage.spare_memory import SpareMemory
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Fewer chunks than this are decoded by one thread: handing them out costs more than it brings.
_CHUNKS_PER_THREAD: Final = 250
#: Chunks with fewer samples than this on average, too: threads would take turns at each.
_LONG: Final = 2000
_WORTH_A_THREAD: Final = 200_000


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of some series, flat: those of series i are ``times[offsets[i]:offsets[i + 1]]``, their value bits likewise."""

    offsets: Int64s
    times: Int64s
    bits: UInt64s

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Recent:
    """Samples that are not in chunks, with their seqs: flat, by series, one a timestamp, ascending."""

    samples: Samples
    seqs: UInt64s

    @classmethod
    def none(cls, series: int) -> Recent:
        """No samples of so many series."""
        empty = Samples(np.zeros(series + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64))
        return cls(empty, np.empty(0, np.uint64))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of some series: samples within ``limits`` (ms, both ends), without what ``hides`` covers.

    ``which``: the place of each series in the recent samples. ``taken`` is told how many samples of chunks there are, before they are
    decoded; it may raise.
    """

    limits: tuple[int, int]
    which: Int64s
    recent: Recent
    hides: Hides
    taken: Callable[[int], None]


class Decoder:
    """Decodes chunks straight into their place; ``threads`` share large reads, ``memory`` is where they go."""

    def __init__(self, threads: Executor | None = None, workers: int = 1, memory: SpareMemory | None = None) -> None:
        self._threads = threads
        self._memory = memory or SpareMemory(0)
        self._workers = workers if threads is not None else 1

    def decode(self, chunks: ChunkRows, places: Int64s, pool: TimePool, wanted: Wanted) -> Samples:
        """The samples of all series; ``places`` (n): the series of each chunk.

        Raises:
            CorruptChunkError: a chunk can't be decoded.
        """
        order = np.lexsort((chunks.seq, chunks.first, places))
        time_places = pool.places(chunks)
        shared = time_places, pool.offsets, pool.times
        lows, highs = np.empty(len(chunks), np.int64), np.empty(len(chunks), np.int64)
        crop((chunks.first, chunks.last, chunks.count), chunks.step, shared, wanted.limits, lows, highs)
        sizes = highs - lows
        wanted.taken(int(sizes.sum()))
        which, recent = wanted.which, wanted.recent
        offsets, positions = np.empty(len(which) + 1, np.int64), np.empty(len(chunks), np.int64)
        lay_out(order, places, sizes, (which, recent.samples.offsets), offsets, positions)
        count = int(offsets[-1])
        out = Samples(offsets, self._memory.empty(count, np.int64), self._memory.empty(count, np.uint64))
        alike = (chunks.coding == CONSTANT).view(np.uint8)
        filled = self._beside(
            len(out), fill, (chunks.first, chunks.step, chunks.bits, alike), shared, (positions, lows, highs), out.times, out.bits
        )
        self._values(chunks, np.flatnonzero((alike == 0) & (sizes > 0)), (positions, lows, highs), out.bits)
        filled()
        append_recent((which, recent.samples.offsets, recent.samples.times, recent.samples.bits), offsets, out.times, out.bits)
        return _settled(order, (places, positions, sizes, chunks.seq), wanted, out)

    def _beside(self, samples: int, work: Callable[..., None], *arguments: Any) -> Callable[[], None]:
        """Begins ``work`` in a thread where so many samples are worth it, else does it; what it returns waits for the end."""
        if self._threads is None or samples < _WORTH_A_THREAD:
            work(*arguments)
            return lambda: None
        return self._threads.submit(work, *arguments).result

    def _values(self, chunks: ChunkRows, rows: Int64s, spans: tuple[Int64s, Int64s, Int64s], out: UInt64s) -> None:
        parts = min(self._workers, len(rows) // _CHUNKS_PER_THREAD)
        if self._threads is None or parts < 2 or chunks.count[rows].sum() < _LONG * len(rows):
            _decode_rows(chunks, rows, spans, out)
            return
        for done in [self._threads.submit(_decode_rows, chunks, part, spans, out) for part in np.array_split(rows, parts)]:
            done.result()


def _decode_rows(chunks: ChunkRows, rows: Int64s, spans: tuple[Int64s, Int64s, Int64s], out: UInt64s) -> None:
    codings, data = chunks.coding[rows].tolist(), [chunks.data[row] for row in rows.tolist()]
    decode_parts(codings, data, [span[rows].tolist() for span in spans], out)


def _settled(order: Int64s, chunks: tuple[Int64s, Int64s, Int64s, UInt64s], wanted: Wanted, out: Samples) -> Samples:
    which, recent = wanted.which, wanted.recent
    flags: UInt8s = (np.diff(wanted.hides[0]) > 0).view(np.uint8)
    places, positions, sizes, _ = chunks
    if not find_unordered(order, (places, positions, sizes), (which, recent.samples.offsets), out.offsets, out.times, flags):
        return out
    left = settle(flags, order, chunks, (which, recent.samples.offsets, recent.seqs), wanted.hides, (out.offsets, out.times, out.bits))
    return Samples(out.offsets, out.times[:left], out.bits[:left])
