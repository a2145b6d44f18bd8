"""Remote write into the store: bytes to rows, new series made known on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import SLACK, Bytes, fingerprint_of
from fusewatch.telemetry.known_series import Decoded, KnownSeries
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.remote_write import (
    MALFORMED,
    TOO_MANY,
    UNUSUAL,
    RemoteWriteError,
    decompress,
    decompressed_size,
    parse_labels,
    parse_metadata,
    walk,
)
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Larger bodies are decoded by a thread, so that the event loop is never held for long.
_INLINE_BYTES: Final = 1 << 20
#: So are bodies with more unknown series than this: making one known takes some 10 µs of Python.
_INLINE_MISSES: Final = 50


@dataclass(slots=True)
class Scratch:
    """Space to decode into, kept between requests; grown at need."""

    buffer: Bytes = field(default_factory=lambda: np.empty(1 << 18, np.uint8))
    refs: np.ndarray[tuple[int], np.dtype[np.uint32]] = field(default_factory=lambda: np.empty(1 << 12, np.uint32))
    times: Int64s = field(default_factory=lambda: np.empty(1 << 12, np.int64))
    bits: UInt64s = field(default_factory=lambda: np.empty(1 << 12, np.uint64))
    misses: Int64s = field(default_factory=lambda: np.empty((1 << 12, 4), np.int64))
    metadata: Int64s = field(default_factory=lambda: np.empty((1 << 10, 2), np.int64))

    def fit_body(self, size: int) -> None:
        """Makes room for an unpacked body."""
        if len(self.buffer) < size + SLACK:
            self.buffer = np.empty(size + SLACK + size // 4, np.uint8)

    def widen(self) -> None:
        """Makes room for four times as many rows."""
        rows = len(self.refs) * 4
        self.refs, self.times, self.bits = np.empty(rows, np.uint32), np.empty(rows, np.int64), np.empty(rows, np.uint64)
        self.misses, self.metadata = np.empty((rows, 4), np.int64), np.empty((rows, 2), np.int64)


class RemoteWriter:
    """Decodes remote-write bodies against the series table."""

    def __init__(self, table: KnownSeries) -> None:
        self._table = table
        self._scratch = Scratch()

    async def decode(self, body: bytes) -> Decoded:
        """The request's rows and metadata. What can't be stored is left out and told in ``problem``.

        Raises:
            RemoteWriteError: not a remote-write 1.0 request; nothing of it is used.
        """
        epoch, size = self._table.epoch, decompressed_size(body)
        if size > _INLINE_BYTES:
            return await asyncio.to_thread(self._decode_apart, body, size, epoch)
        scratch = self._scratch
        counts = self._walk(body, size, scratch)
        if counts[1] + counts[2] > _INLINE_MISSES:
            # The scratch belongs to the loop: the next request may use it while the thread works.
            return await asyncio.to_thread(self._decode_apart, body, size, epoch)
        return self._finish(scratch, counts, epoch)

    def _decode_apart(self, body: bytes, size: int, epoch: int) -> Decoded:
        scratch = Scratch()
        return self._finish(scratch, self._walk(body, size, scratch), epoch)

    def _walk(self, body: bytes, size: int, scratch: Scratch) -> tuple[int, int, int, int]:
        scratch.fit_body(size)
        length = decompress(body, scratch.buffer)
        while True:
            table = (*self._table.fingerprints, self._table.key)
            columns = (scratch.refs, scratch.times, scratch.bits)
            counts = walk(scratch.buffer, length, table, columns, scratch.misses, scratch.metadata)
            if counts[0] != TOO_MANY:
                break
            scratch.widen()
        if counts[0] == MALFORMED:
            raise RemoteWriteError("proto: the body is not a remote-write 1.0 WriteRequest")
        if counts[0] == UNUSUAL:
            raise RemoteWriteError("proto: a TimeSeries must list its labels before its samples")
        return counts

    def _finish(self, scratch: Scratch, counts: tuple[int, int, int, int], epoch: int) -> Decoded:
        rows, missed, described, histograms = counts
        problem: SamplesRejectedError | None = None
        rejected = 0
        for start, end, first, count in scratch.misses[:missed].tolist():
            try:
                scratch.refs[first : first + count] = self._learn(scratch, start, end)
            except SamplesRejectedError as error:
                scratch.refs[first : first + count] = 0
                problem, rejected = problem or error, rejected + count
        if problem is not None:
            problem.rejected = rejected
        elif histograms:
            problem = SamplesRejectedError("native histograms are not supported: send classic ones", histograms)
        metadata = [parse_metadata(scratch.buffer[start:end].tobytes()) for start, end in scratch.metadata[:described].tolist()]
        refs, times, bits = scratch.refs[:rows], scratch.times[:rows], scratch.bits[:rows]
        if rejected:
            good = refs > 0
            refs, times, bits = refs[good], times[good], bits[good]
        return Decoded(epoch, refs, times, bits, metadata=metadata, problem=problem)

    def _learn(self, scratch: Scratch, start: int, end: int) -> int:
        """The reference of label bytes that are not known yet.

        Raises:
            SamplesRejectedError: no valid label set.
            SeriesLimitError: no new series are taken.
        """
        try:
            pairs = parse_labels(scratch.buffer[start:end].tobytes())
        except ProtobufError as error:
            raise SamplesRejectedError(str(error), 0) from error
        labels = checked_labels(pairs)
        ref = self._table.learn(labels)
        low, high = fingerprint_of(scratch.buffer, start, end, self._table.key)
        self._table.remember(np.uint64(low), np.uint64(high), ref)
        return ref


def checked_labels(pairs: list[tuple[str, str]]) -> Labels:
    """A label set that may be stored, in any order on the wire, in Prometheus' words where it may not.

    Raises:
        SamplesRejectedError: no metric name, an empty label name, or a label twice.
    """
    names = [name for name, _ in pairs]
    labels = Labels(pairs)
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise SamplesRejectedError(f'invalid labels for series, labels {_show(pairs)}, duplicated label "{twice}"', 1)
    if METRIC_NAME not in labels or "" in names:
        raise SamplesRejectedError(f"invalid metric name or labels, got {_show(pairs)}", 1)
    return labels


def _show(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in pairs)[:500] + "}"
