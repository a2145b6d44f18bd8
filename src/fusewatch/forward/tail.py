"""Reads the log record by record, from where a target is: first what is kept for it, then what grows."""

from __future__ import annotations

from collections import deque

import structlog

from fusewatch.forward.backlog import Backlog
from fusewatch.forward.place import LogPosition
from fusewatch.storage.errors import CorruptLogError
from fusewatch.storage.log_reader import ReadRecord, SegmentReader
from fusewatch.storage.wal import HEADER, MAGIC, Position, SegmentFile

_log = structlog.get_logger(component="remote write")


class LogTail:
    """Begins at ``position``, which steps on with each record; one thread at a time. ``log`` says how far the log may be read."""

    def __init__(self, *, backlog: Backlog, log: Position, position: LogPosition) -> None:
        self.position = position
        self._backlog = backlog
        self._log = log
        self._seen = -1
        self._reader: SegmentReader | None = None
        self._records: deque[ReadRecord] = deque()

    @property
    def is_behind(self) -> bool:
        """Whether there may be more to read; costs next to nothing."""
        return bool(self._records) or self._log.word != self._seen

    def next(self, end: LogPosition | None = None) -> ReadRecord | None:
        """The next record that begins before ``end``, good until the next call; None while there is none."""
        while True:
            if end is not None and self.position >= end:
                return None
            if self._records:
                break
            if not self._read():
                return None
        record = self._records.popleft()
        self.position = LogPosition(self.position.segment, self.position.offset + HEADER.size + len(record.body))
        return record

    def close(self) -> None:
        """Ends the reading."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._records.clear()

    def _read(self) -> bool:
        """Reads some records, or goes on to another segment; False where there is nothing more now."""
        word = self._log.word
        if self._reader is not None and self._reader.file.number < self._backlog.floor:
            self.close()
        if self._reader is None and not self._open():
            self._seen = word
            return False
        reader = self._reader
        assert reader is not None  # noqa: S101 - opened above
        limit = Position.limit(word, reader.file.number)
        try:
            self._records.extend(reader.read(reader.size if limit is None else limit))
        except CorruptLogError as error:
            _log.error("a damaged segment is left out", reason=str(error))
            limit = None
        if self._records:
            return True
        if limit is None and self._leave(reader.file.number):
            return True
        self._seen = word
        return False

    def _open(self) -> bool:
        file = self._following(self.position.segment)
        if file is None:
            return False
        try:
            self._reader = SegmentReader(file)
        except FileNotFoundError:
            return self._open()  # moved since it was looked for, or dropped
        if file.number > self.position.segment:
            self.position = LogPosition(file.number, 0)
        if self.position.offset < len(MAGIC):
            self.position = LogPosition(file.number, len(MAGIC))
        else:
            self._reader.offset = self.position.offset
        return True

    def _leave(self, number: int) -> bool:
        """Goes on to the next segment; False while there is none."""
        following = self._following(number + 1)
        if following is None:
            return False
        self.close()
        self.position = LogPosition(following.number, 0)
        return True

    def _following(self, number: int) -> SegmentFile | None:
        """The first segment from this number on."""
        return next((file for file in self._backlog.segments() if file.number >= number), None)
