"""Reads a segment of the log while it grows, or after its writer is gone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

import numpy as np
import xxhash

from fusewatch.storage.errors import CorruptLogError
from fusewatch.storage.wal import HEADER, KINDS, MAGIC, UNSUMMED, Kind, SegmentFile
from fusewatch.telemetry.samples import Bytes

#: Bytes read at a time; a longer record is read whole.
_SLICE: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record as it lies in the log; ``received`` in ms UTC, ``body`` uint8, good until the next read."""

    kind: Kind
    received: int
    body: Bytes


class SegmentReader:
    """Reads on from where the last call ended. ``cut`` is how many bytes at the end belong to no whole record."""

    def __init__(self, file: SegmentFile) -> None:
        self.file = file
        self.cut = 0
        self.offset = 0
        self._descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
        self._buffer: Bytes = np.empty(1 << 16, np.uint8)

    @property
    def size(self) -> int:
        """Bytes of the segment now."""
        return os.fstat(self._descriptor).st_size

    def read(self, limit: int) -> list[ReadRecord]:
        """Some whole records that end before ``limit`` (bytes from the start of the file); none when there are no more.

        Raises:
            CorruptLogError: a damaged record with others behind it.
        """
        limit = min(limit, self.size)
        if self.offset == 0 and not self._skip_magic(limit):
            return []
        while self.offset < limit and not self.cut:
            wanted = min(limit - self.offset, max(_SLICE, self._record_size(limit)))
            data = self._load(wanted)
            records = self._parse(data, last=self.offset + len(data) >= limit)
            if records:
                return records
        return []

    def close(self) -> None:
        """Ends the reading."""
        os.close(self._descriptor)

    def _skip_magic(self, limit: int) -> bool:
        head = self._load(min(len(MAGIC), limit)).tobytes()
        if head == MAGIC:
            self.offset = len(MAGIC)
            return True
        if len(head) < len(MAGIC) or not self._load(limit).any():
            self.cut = limit
            return False
        raise self._corrupt()

    def _record_size(self, limit: int) -> int:
        """Bytes of the record at the offset, as far as its header is there."""
        head = os.pread(self._descriptor, min(HEADER.size, limit - self.offset), self.offset)
        return HEADER.size + HEADER.unpack(head)[1] if len(head) == HEADER.size else len(head)

    def _load(self, size: int) -> Bytes:
        if len(self._buffer) < size:
            self._buffer = np.empty(size + size // 4, np.uint8)
        view = self._buffer[:size].data
        got = 0
        while got < size and (count := os.preadv(self._descriptor, [view[got:]], self.offset + got)):
            got += count
        return self._buffer[:got]

    def _parse(self, data: Bytes, *, last: bool) -> list[ReadRecord]:
        """The whole records in ``data``; ``last`` says that nothing may be read behind it."""
        records, at, size, view = [], 0, len(data), data.data
        while at + HEADER.size <= size:
            kind, length, received, checksum = HEADER.unpack_from(view, at)
            start, stop = at + HEADER.size, at + HEADER.size + length
            if stop > size:
                break
            digest = xxhash.xxh3_64(view[at : at + UNSUMMED], self.file.number)
            digest.update(view[start:stop])
            if digest.intdigest() != checksum or kind not in KINDS:
                # After a power cut the last blocks may be there in length, but not in content.
                if last and (stop == size or not data[at:].any()):
                    break
                self.offset += at
                raise self._corrupt()
            records.append(ReadRecord(Kind(kind), received, data[start:stop]))
            at = stop
        self.offset += at
        if last and at < size and not records:
            self.cut = size - at
        return records

    def _corrupt(self) -> CorruptLogError:
        return CorruptLogError(
            f"{self.file.path} is damaged at byte {self.offset}: "
            "restore it from a backup, or move it away to start without the samples that only it holds"
        )
