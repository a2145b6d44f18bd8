"""The door of the store: what is taken in goes to the log, then into the head, in one order."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fusewatch.storage.folder import disk_usage
from fusewatch.storage.head import Columns, HeadSegment, HeadView, views
from fusewatch.storage.records import events_record, metadata_record, samples_record, series_record
from fusewatch.storage.series_kernels import COMMITTED, KNOWN, UInt32s, admit
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.wal import LogWriter, Record
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError

_DISK_CHECK_S: Final = 1.0
_DISK_FULL: Final = "the disk is almost full: free some space, shorten storage.retention, or move the data folder"
_NO_ROWS: Final = Columns(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.uint64))


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to take in; ``epoch`` is that of the series table when the rows got their references."""

    epoch: int
    rows: Columns = _NO_ROWS
    metadata: Sequence[MetricMetadata] = ()
    events: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """When a segment is full (rows, seconds) and how many bytes may wait in all."""

    segment_rows: int
    segment_age_s: float
    queue_bytes: int


class Intake:
    """Log and head, behind one lock. Thread-safe.

    ``changed`` is called (from any thread, with the lock held) when a segment gets its first row or is full.
    """

    def __init__(self, *, folder: Path, table: SeriesTable, log: LogWriter, limits: IntakeLimits, clock: Clock, next_segment: int) -> None:
        self.table = table
        self.changed: Callable[[], None] = ignore_change
        self._folder = folder
        self._log = log
        self._limits = limits
        self._clock = clock
        self._lock = table.lock
        self._active = HeadSegment(log.open_segment(next_segment))
        self._sealed: list[HeadSegment] = []
        self._disk_checked = float("-inf")
        self._disk_full = False

    # Taking in ------------------------------------------------------------------------------------------------------------------

    def take(self, entries: Sequence[Entry]) -> None:
        """Logs all entries with one write, then shows them to readers. Returns when they are safe.

        Raises:
            OverloadedError: too much waits already; nothing was taken.
            ReadOnlyError: the disk is full; nothing was taken.
        """
        with self._lock:
            self._check_queue()
            self._check_disk()
            if any(entry.epoch != self.table.epoch for entry in entries):
                raise OverloadedError("old series are being dropped: try again")
            self._log_and_show(entries)

    def _check_queue(self) -> None:
        if self.queue_bytes >= self._limits.queue_bytes:
            raise OverloadedError("the store is behind: too many samples wait to be written to disk", retry_after_s=2)

    def _check_disk(self) -> None:
        now = self._clock.monotonic()
        if now - self._disk_checked >= _DISK_CHECK_S:
            self._disk_full = disk_usage(self._folder).is_full
            self._disk_checked = now
        if self._disk_full:
            raise ReadOnlyError(_DISK_FULL)

    def _log_and_show(self, entries: Sequence[Entry]) -> None:
        received = self._clock.now_ms()
        records: list[Record] = []
        named: list[UInt32s] = []
        for entry in entries:
            new = self._describe(entry, received, records)
            if len(new):
                named.append(new)
        try:
            self._log.append(records)
        except OSError as error:
            for new in named:
                self.table.states[new] = KNOWN
            self._disk_checked = float("-inf")
            raise _read_only(error) from error
        was_empty = self._active.is_empty
        for entry in entries:
            self._show(entry)
        for new in named:
            self._active.series.append(new)
            self._active.other_bytes += sum(len(self.table.labels[ref]) for ref in new.tolist())
            self.table.version += 1
        if was_empty:
            self._active.since = self._clock.monotonic()
            self.changed()
        if self._active.columns.count >= self._limits.segment_rows:
            self._seal()

    def _describe(self, entry: Entry, received: int, records: list[Record]) -> UInt32s:
        """Adds the records of an entry; the references that these records name for the first time."""
        rows, table = entry.rows, self.table
        ids, new = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint32)
        count = admit(rows.refs, rows.timestamps, (table.ids, table.states, table.first, table.last), ids, new) if len(rows) else 0
        new = new[:count].copy()
        if count:
            records.append(series_record(received, [table.labels[ref] for ref in new.tolist()]))
        if len(rows):
            records.append(samples_record(received, ids, rows.timestamps, rows.bits))
        if entry.metadata:
            records.append(metadata_record(received, entry.metadata))
        if entry.events:
            records.append(events_record(received, entry.events))
        return new

    def _show(self, entry: Entry) -> None:
        active = self._active
        if len(entry.rows):
            active.columns.append(entry.rows)
        active.metadata.extend(entry.metadata)
        active.events.extend(entry.events)
        active.other_bytes += 500 * (len(entry.metadata) + len(entry.events))

    # Handing on -----------------------------------------------------------------------------------------------------------------

    def seal(self) -> None:
        """Closes the newest segment, if it has anything, so that it can be committed.

        Raises:
            ReadOnlyError: there is no space for the next one.
        """
        with self._lock:
            if not self._active.is_empty:
                full = self._active
                self._seal()
                if self._active is full:
                    raise ReadOnlyError("no space left for a new segment of the write-ahead log")

    def _seal(self) -> None:
        try:
            file = self._log.open_segment(self._active.file.number + 1)
        except OSError:
            return  # the old segment goes on; the committer tries again
        self._sealed.append(self._active)
        self._active = HeadSegment(file)
        self.changed()

    def seal_in_s(self) -> float | None:
        """Seconds until the newest segment is due, None while it is empty."""
        with self._lock:
            if self._active.is_empty:
                return None
            return max(0.0, self._active.since + self._limits.segment_age_s - self._clock.monotonic())

    def oldest_sealed(self) -> HeadSegment | None:
        """What to commit next."""
        with self._lock:
            return self._sealed[0] if self._sealed else None

    def restore(self, segment: HeadSegment) -> None:
        """Puts a segment that was read back from the log in line."""
        with self._lock:
            self._sealed.append(segment)

    def finished(self, segment: HeadSegment) -> None:
        """ClickHouse has the segment: readers find it there, and its file goes."""
        with self._lock:
            if segment.series:
                self.table.mark(np.concatenate(segment.series), COMMITTED)
            self._sealed.remove(segment)
        segment.file.path.unlink(missing_ok=True)

    # Seeing ---------------------------------------------------------------------------------------------------------------------

    def view(self) -> list[HeadView]:
        """The samples that wait, the oldest segment first."""
        with self._lock:
            return views([*self._sealed, self._active])

    def waiting_metadata(self) -> list[MetricMetadata]:
        """Metadata that waits, the oldest first."""
        with self._lock:
            return [entry for segment in (*self._sealed, self._active) for entry in segment.metadata]

    def waiting_events(self) -> list[Event]:
        """Events that wait, the oldest first."""
        with self._lock:
            return [event for segment in (*self._sealed, self._active) for event in segment.events]

    @property
    def queue_bytes(self) -> int:
        """Bytes that wait for ClickHouse."""
        return sum(segment.size for segment in self._sealed) + self._active.size

    @property
    def waiting_rows(self) -> int:
        """Samples that wait for ClickHouse."""
        return sum(segment.columns.count for segment in self._sealed) + self._active.columns.count

    @property
    def log_sizes(self) -> list[int]:
        """Bytes of each segment of the log on disk."""
        return [file.stat().st_size for file in self._folder.glob("*.log")]

    @property
    def refusing(self) -> str | None:
        """Why nothing is taken in, as of the last attempt; None while it is."""
        return _DISK_FULL if self._disk_full else None

    @property
    def limits(self) -> IntakeLimits:
        """The limits in force."""
        return self._limits

    def close(self) -> None:
        """Closes the log; an empty segment stays, its number tells the next start where to go on."""
        with self._lock:
            self._log.close()


def _read_only(error: OSError) -> ReadOnlyError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ReadOnlyError("no space left on the disk of the write-ahead log: free some space, or shorten storage.retention")
    return ReadOnlyError(f"can't write the write-ahead log: {error.strerror}")


def ignore_change() -> None:
    """What :attr:`Intake.changed` is while nobody listens."""
