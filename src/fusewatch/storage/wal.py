"""The write-ahead log: what was acknowledged and is not in ClickHouse yet.

A segment is a file of records, named by its number; a record is a header (kind, length of the body, receive time, checksum) and a body in
columns, the same whatever protocol the data came by. A segment is the unit of a commit: its number is the ``seq`` of its rows, and the
file goes when ClickHouse has them.

The log is also how the receiver hands over to the engine, which follows it while it grows. Up to where it may read stands in one number
of a mapped file, the :class:`Position`: what is behind it may still be taken back. Every part of a segment starts at a multiple of eight
bytes, so that columns can be used where they lie.

A segment that is synced may be written over an old one (:mod:`fusewatch.storage.spare_segments`), whose records can lie behind its own.
Checksums are seeded with the segment's number, so that they are no records of this one.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

import xxhash

from fusewatch.storage.spare_segments import SpareSegments

Part = bytes | memoryview

MAGIC: Final = b"FWLOG\x00\x00\x03"
_SUFFIX: Final = ".log"
_POSITION: Final = "position"
_POSITION_BYTES: Final = 16
#: kind, length of the body, receive time in ms, XXH3-64 of all before it and the body, seeded with the number of the segment.
HEADER: Final = struct.Struct("<IIqQ")
UNSUMMED: Final = HEADER.size - 8
_MOST_PARTS: Final = 1000
_PADDING: Final = tuple(bytes(size) for size in range(8))
#: Bits of a :class:`Position` that hold the size; the others are the low end of the segment's number.
_SIZE_BITS: Final = 36
_SIZE_MASK: Final = (1 << _SIZE_BITS) - 1
_NUMBER_MASK: Final = (1 << (64 - _SIZE_BITS)) - 1
#: Half of the numbers that can be told apart are before one, half are after it.
_AHEAD: Final = 1 << (63 - _SIZE_BITS)


class Kind(IntEnum):
    """What a record holds."""

    SAMPLES = 1
    SERIES = 2
    METADATA = 3
    EVENTS = 4
    HISTOGRAMS = 5
    EXEMPLARS = 6


KINDS: Final = frozenset(int(kind) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Record:
    """A record on its way in, its body in parts, or read back, in one."""

    kind: Kind
    received: int
    body: Sequence[Part]

    def encode(self, seed: int) -> list[Part]:
        """Header and body, the body filled up to a multiple of eight bytes; ``seed`` of the checksum: the segment's number."""
        size = sum(len(part) for part in self.body)
        rest = -size % 8
        body = [*self.body, _PADDING[rest]] if rest else self.body
        head = HEADER.pack(self.kind, size + rest, self.received, 0)[:UNSUMMED]
        digest = xxhash.xxh3_64(head, seed)
        for part in body:
            digest.update(part)
        return [head + digest.intdigest().to_bytes(8, "little"), *body]


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment on disk."""

    number: int
    path: Path


def find_segments(folder: Path) -> list[SegmentFile]:
    """The segments in a folder, in the order in which they were written."""
    files = [file for file in folder.glob(f"*{_SUFFIX}") if file.stem.isdigit()]
    return sorted((SegmentFile(int(file.stem), file) for file in files), key=lambda segment: segment.number)


def segment_path(folder: Path, number: int) -> Path:
    """Where the segment of this number lies."""
    return folder / f"{number:020d}{_SUFFIX}"


class Position:
    """How much of which segment may be read: one number in a mapped file, so that a reader never sees half a change.

    A second one is the number of the newest segment, so that none comes twice even where all segments are lost.
    """

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / _POSITION, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(descriptor).st_size < _POSITION_BYTES:
                os.ftruncate(descriptor, _POSITION_BYTES)
            self._map = mmap.mmap(descriptor, _POSITION_BYTES)
        finally:
            os.close(descriptor)
        self._word = memoryview(self._map).cast("Q")

    @property
    def newest(self) -> int:
        """The number of the newest segment that there ever was."""
        return self._word[1]

    def publish(self, number: int, size: int) -> None:
        """Everything in the segments up to ``number``, and of that one ``size`` bytes, may be read."""
        self._word[1] = number
        self._word[0] = (number & _NUMBER_MASK) << _SIZE_BITS | size

    @property
    def word(self) -> int:
        """The number itself: it changes whenever there is more to read."""
        return self._word[0]

    @staticmethod
    def limit(word: int, number: int) -> int | None:
        """How many bytes of segment ``number`` may be read, None where it is complete; one that is ahead of the position is not begun."""
        ahead = (number - (word >> _SIZE_BITS)) & _NUMBER_MASK
        if ahead == 0:
            return word & _SIZE_MASK
        return 0 if ahead < _AHEAD or word == 0 else None

    def close(self) -> None:
        """Ends the mapping."""
        self._word.release()
        self._map.close()


class LogWriter:
    """Appends to the newest segment; one thread at a time.

    A record is there whole or not at all: what a full disk cut short is taken back.
    """

    def __init__(self, folder: Path, *, sync: bool) -> None:
        self._folder = folder
        self._sync = sync
        self._spares = SpareSegments(folder, sync=sync)
        self._descriptor: int | None = None
        self._position = Position(folder)
        #: Of the newest segment, also of an earlier writer.
        self.number = self._position.newest
        self.size = 0

    def open_segment(self, number: int) -> SegmentFile:
        """Starts a new segment; further records go there.

        Raises:
            OSError: it can't be made; the old one stays in use.
        """
        self._end_segment()
        path, spare = segment_path(self._folder, number), self._spares.oldest()
        descriptor = os.open(spare or path, os.O_WRONLY | os.O_CLOEXEC | (0 if spare else os.O_CREAT | os.O_EXCL), 0o640)
        try:
            os.write(descriptor, MAGIC)
            if spare is not None:
                spare.rename(path)
            if self._sync:
                os.fsync(descriptor)
                sync_folder(self._folder)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self.number, self.size = descriptor, number, len(MAGIC)
        self._position.publish(number, self.size)
        return SegmentFile(number, path)

    def _end_segment(self) -> None:
        """Cuts off what an older segment left behind the last record, before there can be a newer segment."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, self.size)
            if self._sync:
                os.fsync(self._descriptor)

    def append(self, records: Sequence[Record]) -> None:
        """Writes records and lets readers see them.

        When this returns, a crash of the program (with ``sync``: of the machine) does not lose them.

        Raises:
            OSError: nothing of them was written.
        """
        descriptor = self._open_descriptor()
        parts = [part for record in records for part in record.encode(self.number)]
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
        self._position.publish(self.number, self.size)

    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.EBADF, "the log is closed")
        return self._descriptor

    def close(self) -> None:
        """Ends the segment."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._position.close()


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
