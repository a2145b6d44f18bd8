"""Finds where the log of a program that was killed ends."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import structlog

from fusewatch.storage.errors import CorruptLogError
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.wal import MAGIC, Position, SegmentFile, find_segments


def cut_log(folder: Path) -> None:
    """Cuts what lies behind the last whole record of the newest segment, before it is read or another one is begun. Blocks.

    That is what an older segment left there, or a write that was never acknowledged. After a power cut the position may be older than what
    was synced: what follows it and is whole stays. Damage before the position stays too, for the reader to tell.

    Raises:
        OSError: the log can't be read or written.
    """
    segments = find_segments(folder)
    if not segments:
        return
    file = segments[-1]
    with closing(Position(folder)) as position:
        known = Position.limit(position.word, file.number)
    if known is not None and file.path.stat().st_size > max(known, len(MAGIC)):
        _cut(file, known)


def _cut(file: SegmentFile, known: int) -> None:
    end = _last_record(file, known)
    size = file.path.stat().st_size
    if len(MAGIC) <= end < size:
        structlog.get_logger(component="storage").info("the log ends here", file=str(file.path), offset=end, cut=size - end)
        descriptor = os.open(file.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, end)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _last_record(file: SegmentFile, known: int) -> int:
    """Where the last whole record ends; 0 where the file is no segment."""
    with closing(SegmentReader(file)) as reader:
        if known > len(MAGIC):
            reader.offset = known
        try:
            while reader.read(reader.size):
                pass
        except CorruptLogError:
            pass  # no record of this segment
        return reader.offset
