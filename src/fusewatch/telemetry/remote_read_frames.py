"""The streamed answer of remote read: series after series as chunks, in frames of bounded size.

A frame is the size of a ChunkedReadResponse (:mod:`fusewatch.telemetry.remote_read`) as a varint, its CRC-32C in four bytes, the highest
first, and the message itself
(https://github.com/prometheus/prometheus/blob/main/storage/remote/chunked.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from fusewatch.telemetry.checksums import crc32c_of
from fusewatch.telemetry.chunks import histogram_encode
from fusewatch.telemetry.chunks.bits import U64
from fusewatch.telemetry.chunks.encodings import USUAL_SAMPLES, Encoding
from fusewatch.telemetry.chunks.xor import BYTES_PER_CHUNK, BYTES_PER_SAMPLE, encode_xor
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.protobuf_write import message, put_bytes, put_varint, varint, varint_size
from fusewatch.telemetry.remote_write_encode import HistogramColumns, SeriesColumns
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

#: Tags, lengths, two timestamps and the encoding of a Chunk.
_CHUNK_HEAD_BYTES: Final = 48
_CHUNK_BYTES: Final = USUAL_SAMPLES * BYTES_PER_SAMPLE + BYTES_PER_CHUNK
_XOR: Final = int(Encoding.XOR)


@kernel
def write_chunks(runs: Int64s, times: Int64s, bits: UInt64s, scratch: Bytes, out: Bytes, ends: Int64s, chunk_offsets: Int64s) -> int:
    """Writes the rows ``runs[i]`` up to ``runs[i + 1]`` as Chunk fields of a ChunkedSeries, for every i; where they end.

    Chunk k is ``out[ends[k]:ends[k + 1]]``, and those of run i are ``chunk_offsets[i]`` up to ``chunk_offsets[i + 1]``. ``scratch`` holds
    one chunk.
    """
    at, chunk = 0, 0
    ends[0], chunk_offsets[0] = 0, 0
    for run in range(len(runs) - 1):
        first = runs[run]
        while first < runs[run + 1]:
            last = min(first + USUAL_SAMPLES, runs[run + 1])
            scratch[:] = 0
            size = encode_xor(times, bits, first, last, scratch, 0)
            low, high = U64(times[first]), U64(times[last - 1])
            inner = 5 + varint_size(low) + varint_size(high) + varint_size(U64(size)) + size
            out[at] = 0x12
            at = put_varint(out, at + 1, U64(inner))
            out[at] = 0x08
            at = put_varint(out, at + 1, low)
            out[at] = 0x10
            at = put_varint(out, at + 1, high)
            out[at], out[at + 1], out[at + 2] = 0x18, _XOR, 0x22
            at = put_varint(out, at + 3, U64(size))
            at = put_bytes(out, at, scratch, 0, size)
            chunk += 1
            ends[chunk] = at
            first = last
        chunk_offsets[run + 1] = chunk
    return at


def frames(columns: SeriesColumns, *, query: int, most_bytes: int) -> Iterator[bytes]:
    """The frames of some series, each of one series, of hardly more than ``most_bytes`` (by less than a chunk).

    ``query`` is the number of the query that they answer.
    """
    found = columns.histograms
    plain = len(found.timestamps) == 0
    chunks = _float_chunks(columns.offsets, columns) if plain else []
    labels, ends = columns.labels.tobytes(), columns.label_offsets.tolist()
    for series, (start, end) in enumerate(pairwise(ends)):
        parts = chunks[series] if plain else _mixed_chunks(columns, found, series)
        yield from _series_frames(labels[start:end], parts, query, most_bytes)


def _series_frames(labels: bytes, chunks: Sequence[bytes], query: int, most_bytes: int) -> Iterator[bytes]:
    tail = b"" if query == 0 else b"\x10" + varint(query)
    parts: list[bytes] = []
    room = most_bytes - len(labels)
    for k, chunk in enumerate(chunks):
        parts.append(chunk)
        room -= len(chunk)
        if room <= 0 or k == len(chunks) - 1:
            yield _frame(message(1, labels + b"".join(parts)) + tail)
            parts, room = [], most_bytes - len(labels)


def _frame(data: bytes) -> bytes:
    checksum = crc32c_of(np.frombuffer(data, np.uint8), 0, len(data))
    return varint(len(data)) + int(checksum).to_bytes(4, "big") + data


def _float_chunks(runs: Int64s, columns: SeriesColumns) -> list[list[bytes]]:
    """Chunk fields of the rows between each two of ``runs``."""
    counts = -(-np.diff(runs) // USUAL_SAMPLES)
    chunks, rows = int(counts.sum()), int(runs[-1] - runs[0])
    out = np.empty(chunks * (_CHUNK_HEAD_BYTES + BYTES_PER_CHUNK) + rows * BYTES_PER_SAMPLE, np.uint8)
    ends, chunk_offsets = np.empty(chunks + 1, np.int64), np.empty(len(runs), np.int64)
    times, bits = np.require(columns.timestamps, np.int64, ["C", "W"]), np.require(columns.bits, np.uint64, ["C", "W"])
    scratch = np.empty(_CHUNK_BYTES, np.uint8)
    used = write_chunks(np.ascontiguousarray(runs, np.int64), times, bits, scratch, out, ends, chunk_offsets)
    data = out[:used].tobytes()
    fields = [data[start:end] for start, end in pairwise(ends.tolist())]
    return [fields[start:end] for start, end in pairwise(chunk_offsets.tolist())]


def _mixed_chunks(columns: SeriesColumns, found: HistogramColumns, series: int) -> list[bytes]:
    """Chunk fields of a series that may have histograms, in order of time: where the kind changes, the chunk ends."""
    rows = np.arange(columns.offsets[series], columns.offsets[series + 1])
    others = np.arange(found.offsets[series], found.offsets[series + 1])
    floats, histograms = columns.timestamps[rows], found.timestamps[others]
    cuts = np.unique(np.concatenate((np.searchsorted(floats, histograms), np.array([0, len(floats)])))) + columns.offsets[series]
    starts = np.unique(np.concatenate((np.searchsorted(histograms, floats), np.array([0, len(histograms)])))) + found.offsets[series]
    timed = [(int(columns.timestamps[first]), fields) for first, fields in zip(cuts, _float_chunks(cuts, columns), strict=False)]
    for first, last in pairwise(starts.tolist()):
        ends = found.ends[first : last + 1]
        encoded = histogram_encode.encode(found.timestamps[first:last], ends, found.words)
        timed += [(low, [_chunk(kind, low, high, data)]) for kind, low, high, data in encoded]
    return [field for _, fields in sorted(timed, key=lambda run: run[0]) for field in fields]


def _chunk(kind: Encoding, first: int, last: int, data: bytes) -> bytes:
    head = b"\x08" + varint(first) + b"\x10" + varint(last) + b"\x18" + varint(kind)
    return message(2, head + message(4, data))
