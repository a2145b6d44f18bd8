"""The write-ahead log: what was acknowledged and is not in ClickHouse yet.

A segment is a file of records, named by its number; a record is a header (kind, length of the body, receive time, checksum) and a body in
columns, the same whatever protocol the data came by. A segment is the unit of a commit: its number is the ``seq`` of its rows, and the
file goes when ClickHouse has them.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

import xxhash

from fusewatch.storage.errors import CorruptLogError

Part = bytes | memoryview

_MAGIC: Final = b"FWLOG\x00\x00\x01"
_SUFFIX: Final = ".log"
#: kind, length of the body, receive time in ms, XXH3-64 of all before it and the body.
_HEADER: Final = struct.Struct("<IIqQ")
_UNSUMMED: Final = _HEADER.size - 8
_MOST_PARTS: Final = 1000


class Kind(IntEnum):
    """What a record holds."""

    SAMPLES = 1
    SERIES = 2
    METADATA = 3
    EVENTS = 4


@dataclass(frozen=True, slots=True)
class Record:
    """A record on its way in, its body in parts, or read back, in one."""

    kind: Kind
    received: int
    body: Sequence[Part]

    def encode(self) -> list[Part]:
        """Header and body."""
        size = sum(len(part) for part in self.body)
        head = _HEADER.pack(self.kind, size, self.received, 0)[:_UNSUMMED]
        digest = xxhash.xxh3_64(head)
        for part in self.body:
            digest.update(part)
        return [head + digest.intdigest().to_bytes(8, "little"), *self.body]


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment on disk."""

    number: int
    path: Path


def find_segments(folder: Path) -> list[SegmentFile]:
    """The segments in a folder, in the order in which they were written."""
    files = [file for file in folder.glob(f"*{_SUFFIX}") if file.stem.isdigit()]
    return sorted((SegmentFile(int(file.stem), file) for file in files), key=lambda segment: segment.number)


@dataclass(slots=True)
class ReadSegment:
    """Reads the records of a segment, once; ``cut`` is how many bytes of an unfinished record there were at its end."""

    segment: SegmentFile
    cut: int = 0

    def __iter__(self) -> Iterator[Record]:
        """Each whole record.

        Raises:
            CorruptLogError: a damaged record with others behind it.
        """
        data = memoryview(self.segment.path.read_bytes())
        size = len(data)
        if bytes(data[: len(_MAGIC)]) != _MAGIC:
            if size <= len(_MAGIC) or not any(data):
                self.cut = size
                return
            raise self._corrupt(0)
        at = len(_MAGIC)
        while at < size:
            start = at + _HEADER.size
            if start > size:
                break
            kind, length, received, checksum = _HEADER.unpack_from(data, at)
            if start + length > size:
                break
            digest = xxhash.xxh3_64(data[at : at + _UNSUMMED])
            digest.update(data[start : start + length])
            if digest.intdigest() != checksum or kind not in Kind.__members__.values():
                # After a power cut the last blocks may be there in length, but not in content.
                if start + length == size or not any(data[at:]):
                    break
                raise self._corrupt(at)
            yield Record(Kind(kind), received, (data[start : start + length],))
            at = start + length
        self.cut = size - at

    def _corrupt(self, offset: int) -> CorruptLogError:
        path = self.segment.path
        return CorruptLogError(
            f"{path} is damaged at byte {offset}: restore it from a backup, or move it away to start without the samples that only it holds"
        )


class LogWriter:
    """Appends to the newest segment; one thread at a time.

    A record is there whole or not at all: what a full disk cut short is taken back.
    """

    def __init__(self, folder: Path, *, sync: bool) -> None:
        self._folder = folder
        self._sync = sync
        self._descriptor: int | None = None
        self.size = 0

    def open_segment(self, number: int) -> SegmentFile:
        """Starts a new segment; further records go there.

        Raises:
            OSError: it can't be made; the old one stays in use.
        """
        path = self._folder / f"{number:020d}{_SUFFIX}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640)
        try:
            os.write(descriptor, _MAGIC)
            if self._sync:
                os.fdatasync(descriptor)
                sync_folder(self._folder)
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        self.close()
        self._descriptor, self.size = descriptor, len(_MAGIC)
        return SegmentFile(number, path)

    def append(self, records: Sequence[Record]) -> None:
        """Writes records; when this returns, a crash of the program (with ``sync``: of the machine) does not lose them.

        Raises:
            OSError: nothing of them was written.
        """
        descriptor = self._open_descriptor()
        parts = [part for record in records for part in record.encode()]
        expected = sum(len(part) for part in parts)
        try:
            for first in range(0, len(parts), _MOST_PARTS):
                _write(descriptor, parts[first : first + _MOST_PARTS])
            if self._sync:
                os.fdatasync(descriptor)
        except OSError:
            os.ftruncate(descriptor, self.size)
            os.lseek(descriptor, self.size, os.SEEK_SET)
            raise
        self.size += expected

    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.EBADF, "the log is closed")
        return self._descriptor

    def close(self) -> None:
        """Ends the segment."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def sync_folder(folder: Path) -> None:
    """Makes new and removed files of a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, parts: list[Part]) -> None:
    written = os.writev(descriptor, parts)
    rest = b"".join(parts)[written:] if written < sum(len(part) for part in parts) else b""
    while rest:
        rest = rest[os.write(descriptor, rest) :]
