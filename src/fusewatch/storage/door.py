"""The door of the store: what comes through is in the log when it is acknowledged.

It stands in the receiver process; the engine sends what it collects itself through it too. It knows nothing of ClickHouse: what the engine
has committed shows in the segments that are gone.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

import numpy as np

from fusewatch.storage.book import SeriesBook
from fusewatch.storage.entries import Entry, nothing, only, own
from fusewatch.storage.folder import disk_usage
from fusewatch.storage.group_sync import GroupSync
from fusewatch.storage.ingest_figures import IngestFigures, KnownSender
from fusewatch.storage.limit_fill import SeriesCounts, count_series
from fusewatch.storage.log_end import cut_log
from fusewatch.storage.records import (
    events_record,
    exemplars_record,
    histograms_record,
    metadata_record,
    samples_record,
    series_record,
)
from fusewatch.storage.series_kernels import UInt32s, admit, outside, plain
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.storage.wal import MAGIC, LogWriter, Record, find_segments, segment_path
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.durations import format_duration
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.known_series import Decoded, DecodedExemplars, DecodedHistograms
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, SampleBatch, UInt64s
from fusewatch.telemetry.senders import INTERNAL, Sender

_DISK_CHECK_S: Final = 1.0
_DISK_FULL: Final = "the disk is almost full: free some space, shorten storage.retention, or move the data folder"
#: Larger batches are taken in by a thread, so that the event loop is never held for long.
_INLINE_ROWS: Final = 100_000
_MINUTE_MS: Final = 60_000
_SHOWN_SENDERS: Final = 100
#: Counting goes through all series: two milliseconds for a million of them.
_COUNT_S: Final = 5.0
#: How often a batch is decoded against a book that changes meanwhile, which it does every few minutes at most.
_TRIES: Final = 3
#: What a decoder has against some samples of a request, and the door.
Problems = tuple[SamplesRejectedError | None, SamplesRejectedError | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLimits:
    """What is let in, and when a segment is handed on.

    ``retention`` and ``future`` in ms before and after now (retention 0: any age), ``queue`` bytes of log that may wait for the engine;
    a segment ends after ``segment_rows`` samples or ``segment_age_s``.
    """

    retention: int
    future: int
    queue: int
    segment_rows: int
    segment_age_s: float


class StaleReferencesError(OverloadedError):
    """The book was looked through since the request was decoded: decode it again, or have it sent again."""

    def __init__(self) -> None:
        super().__init__("the series are being looked through: try again")


class Door:
    """Log and book, behind one lock. Thread-safe; the coroutines belong to one event loop.

    Implements SampleSink, MetadataSink and EventSink of :mod:`fusewatch.telemetry.ports`.
    """

    def __init__(self, *, folder: Path, book: SeriesBook, limits: DoorLimits, clock: Clock, sync: bool) -> None:
        self.book = book
        self.limits = limits
        self.figures = IngestFigures(leave=book.disown)
        self._folder = folder
        self._clock = clock
        self._lock = book.lock
        folder.mkdir(exist_ok=True)
        cut_log(folder)
        found = find_segments(folder)
        self._log = LogWriter(folder, sync=sync)
        # By the clock where nothing is left to tell, so that a number never comes twice.
        last = max(found[-1].number if found else 0, self._log.number)
        self._log.open_segment(last + 1 if last else clock.now_ms())
        self._waiting = {file.number: (file.path, file.path.stat().st_size) for file in found}
        self._rows, self._since = 0, 0.0
        self._disk_checked = float("-inf")
        self._disk_full = False
        #: Called with the number of a segment, and the lock held, before the engine may take it over.
        self.before_hand_on: Callable[[int], None] = lambda _number: None
        self._group = GroupSync(self._take_all) if sync else None
        self._series_counts, self._counted_at = count_series(book), clock.monotonic()

    # Sinks ----------------------------------------------------------------------------------------------------------------------

    async def write(self, batch: SampleBatch, sender: Sender = INTERNAL, size: int = 0) -> None:
        """See :meth:`fusewatch.telemetry.ports.SampleSink.write`; ``size`` is that of the request in bytes.

        Ids without labels are those of series that the engine vouches for.
        """
        for _ in range(_TRIES):
            decoded = self._decode(batch) if len(batch) < _INLINE_ROWS else await asyncio.to_thread(self._decode, batch)
            try:
                return await self.write_decoded(decoded, sender, size)
            except StaleReferencesError:
                continue
        raise OverloadedError("the series are being looked through: try again")

    async def write_metadata(self, entries: Sequence[MetricMetadata]) -> None:
        """See :meth:`fusewatch.telemetry.ports.MetadataSink.write_metadata`."""
        if entries:
            await self._taken(Entry(nothing(metadata=entries)))

    async def write_event(self, event: Event) -> None:
        """See :meth:`fusewatch.telemetry.ports.EventSink.write_event`."""
        await self._taken(Entry(nothing(), (event,)))

    async def write_decoded(self, decoded: Decoded, sender: Sender = INTERNAL, size: int = 0) -> None:
        """Logs what a decoder made of a request of ``size`` bytes, less what is too old or too far ahead.

        Raises:
            OverloadedError, ReadOnlyError: nothing was taken.
            SamplesRejectedError: the first reason why samples were left out; all others were taken.
            StaleReferencesError: nothing was taken; decode again.
        """
        await self.append(decoded, sender, size)

    def append(self, decoded: Decoded, sender: Sender = INTERNAL, size: int = 0) -> Awaitable[None]:
        """The same for a decoder that goes on at once: its arrays are done with when this returns; what it returns is to be awaited.

        Raises as :meth:`write_decoded`, at once or when awaited.
        """
        inside, late = self._within_window(decoded)
        entry = Entry.of(inside, sender, size)
        taken = None
        if entry.samples or len(inside.exemplars) or inside.metadata:
            try:
                taken = self._take(entry)
            except StaleReferencesError:
                raise  # decoded again it is welcome, so it is no refusal
            except (OverloadedError, ReadOnlyError) as error:
                self.refuse(sender, error.reason, str(error), entry.samples)
                raise
        return self._finish(taken, entry, (decoded.problem, late))

    async def _finish(self, taken: Awaitable[None] | None, entry: Entry, problems: Problems) -> None:
        if taken is not None:
            try:
                await taken
            except StaleReferencesError:
                raise
            except (OverloadedError, ReadOnlyError) as error:
                self.refuse(entry.sender, error.reason, str(error), entry.samples)
                raise
        if problems != (None, None):
            self._tell(entry.sender, problems)

    def _tell(self, sender: Sender, problems: Problems) -> NoReturn:
        for problem in problems:
            if problem is not None:
                self.refuse(sender, problem.reason, str(problem), problem.rejected)
        told = _both(*problems)
        assert told is not None  # noqa: S101 - one of them is
        raise told

    def refuse(self, sender: Sender, reason: Refusal, message: str, samples: int = 0) -> None:
        """Counts a request that was refused before it came here, or ``samples`` of one."""
        self.figures.refuse(sender, self._clock.now_ms(), reason, message, samples)

    async def _taken(self, entry: Entry) -> None:
        taken = self._take(entry)
        if taken is not None:
            await taken

    def _decode(self, batch: SampleBatch) -> Decoded:
        """The batch with references instead of ids."""
        book = self.book
        with self._lock:
            problem, epoch = None, book.epoch
            if batch.series:
                _, problem = book.learn_all([labels.canonical for labels in batch.series.values()])
            ids = plain(batch.ids, np.uint64)
            refs = self._refs(ids, batch)
            histograms, exemplars = batch.histograms, batch.exemplars
            histogram_refs, exemplar_refs = self._refs(histograms.ids, batch), self._refs(exemplars.ids, batch)
        bits = np.ascontiguousarray(batch.values, np.float64).view(np.uint64)
        decoded = Decoded(
            epoch,
            refs,
            np.ascontiguousarray(batch.timestamps, np.int64),
            bits,
            DecodedHistograms(histogram_refs, histograms.timestamps, histograms.offsets, histograms.bodies),
            DecodedExemplars(exemplar_refs, exemplars.timestamps, exemplars.values, exemplars.offsets, exemplars.labels),
            problem=problem,
        )
        missing = int(np.count_nonzero(refs == 0)) + int(np.count_nonzero(histogram_refs == 0))
        if problem is not None:
            problem.rejected = missing
        return only(decoded, refs > 0, histogram_refs > 0, exemplar_refs > 0)

    def _refs(self, ids: UInt64s, batch: SampleBatch) -> UInt32s:
        """References; what the batch does not name is vouched for, what a limit refused stays 0."""
        refs, unknown = self.book.find(ids)
        if unknown:
            foreign = np.unique(ids[refs == 0])
            known = np.fromiter(batch.series, np.uint64, len(batch.series))
            vouched = foreign[~np.isin(foreign, known)]
            if len(vouched):
                self.book.vouch(vouched)
                refs, _ = self.book.find(ids)
        return refs

    def _within_window(self, decoded: Decoded) -> tuple[Decoded, SamplesRejectedError | None]:
        """What is neither older than the retention nor too far in the future."""
        now, limits = self._clock.now_ms(), self.limits
        oldest, newest = now - limits.retention if limits.retention else -(1 << 62), now + limits.future
        columns = (decoded.timestamps, decoded.histograms.timestamps, decoded.exemplars.timestamps)
        counts = [outside(times, oldest, newest) if len(times) else 0 for times in columns]
        if not any(counts):
            return decoded, None
        good = [(times >= oldest) & (times <= newest) for times in columns]
        bad = [times[~keep] for times, keep in zip(columns[:2], good[:2], strict=True)]
        inside = only(decoded, *good)
        rejected = counts[0] + counts[1]
        if not rejected:
            return inside, None
        first = int(np.concatenate(bad)[0])
        if first < oldest:
            reason = f"is older than the retention of {format_duration(limits.retention)} (storage.retention.metrics)"
        else:
            reason = f"is more than {format_duration(limits.future)} ahead of this machine's clock (storage.future)"
        problem = SamplesRejectedError(f"out of bounds: timestamp {first} {reason}", rejected)
        problem.reason = Refusal.TOO_OLD if first < oldest else Refusal.TOO_FAR_AHEAD
        return inside, problem

    # Logging --------------------------------------------------------------------------------------------------------------------

    def _take(self, entry: Entry) -> Awaitable[None] | None:
        """Takes the entry, now (None) or by another thread, which gets rows of its own."""
        if self._group is None and len(entry.decoded.refs) < _INLINE_ROWS:
            self._take_all((entry,))
            return None
        # The next request decodes into the same memory.
        entry = replace(entry, decoded=own(entry.decoded))
        return asyncio.ensure_future(self._group.take(entry) if self._group else asyncio.to_thread(self._take_all, (entry,)))

    def _take_all(self, entries: Sequence[Entry]) -> None:
        """Logs all entries with one write; returns when they are safe."""
        with self._lock:
            now = self._clock.now_ms()
            self._check_queue()
            self._check_disk()
            self.book.look_through(now // _MINUTE_MS, late=True)
            if any(entry.has_references and entry.decoded.epoch != self.book.epoch for entry in entries):
                raise StaleReferencesError
            self._log_all(entries, now)

    def _log_all(self, entries: Sequence[Entry], now: int) -> None:
        records: list[Record] = []
        named: list[UInt32s] = []
        counted = [self._describe(entry, now, records, named) for entry in entries]
        try:
            self._log.append(records)
        except OSError as error:
            for refs in named:
                self.book.named(refs, written=False)
            self._disk_checked = float("-inf")
            raise _read_only(error) from error
        for refs in named:
            self.book.named(refs, written=True)
        if not self._rows:
            self._since = self._clock.monotonic()
        for entry, (known, new) in zip(entries, counted, strict=True):
            if known is not None:
                self.figures.took(known, now, entry.samples, entry.size, new)
        self._rows += max(sum(entry.samples for entry in entries), 1)
        if self._rows >= self.limits.segment_rows:
            self._next_segment()

    def _describe(self, entry: Entry, now: int, records: list[Record], named: list[UInt32s]) -> tuple[KnownSender | None, int]:
        """Adds the records of an entry, and the references that they name for the first time; how many these are, and who sent them."""
        decoded, before = entry.decoded, len(named)
        known = self.figures.known(entry.sender, now) if entry.samples or len(decoded.exemplars) else None
        moment = now // _MINUTE_MS, known.number if known is not None else 0
        ids = self._admit(decoded.refs, moment, now, records, named)
        if len(ids):
            records.append(samples_record(now, ids, decoded.timestamps, decoded.bits))
        if len(decoded.histograms):
            part = decoded.histograms
            ids = self._admit(part.refs, moment, now, records, named)
            records.append(histograms_record(now, HistogramRows(ids, part.timestamps, part.offsets, part.bodies)))
        if len(decoded.exemplars):
            rows = decoded.exemplars
            ids = self._admit(rows.refs, moment, now, records, named)
            records.append(exemplars_record(now, ExemplarRows(ids, rows.timestamps, rows.values, rows.offsets, rows.labels)))
        if decoded.metadata:
            records.append(metadata_record(now, decoded.metadata))
        if entry.events:
            records.append(events_record(now, entry.events))
        return known, sum(len(refs) for refs in named[before:]) if len(named) > before else 0

    def _admit(self, refs: UInt32s, moment: tuple[int, int], now: int, records: list[Record], named: list[UInt32s]) -> UInt64s:
        book = self.book
        ids, new = np.empty(len(refs), np.uint64), np.empty(len(refs), np.uint32)
        if len(refs) and (count := admit(refs, (book.ids, book.states, book.seen, book.senders), moment, ids, new)):
            fresh = new[:count].copy()
            naming = book.take_named(fresh)
            records.append(series_record(now, naming.ids, naming.metrics, naming.labels))
            named.append(fresh)
        return ids

    # Handing on -----------------------------------------------------------------------------------------------------------------

    def hand_on(self, *, force: bool = False) -> bool:
        """Ends the newest segment when it is old enough (``force``: if it has anything), so that the engine commits it; whether it did."""
        with self._lock:
            if not self._rows or not (force or self._clock.monotonic() - self._since >= self.limits.segment_age_s):
                return False
            return self._next_segment()

    def rest(self) -> None:
        """What is due from time to time: forgets series without samples."""
        self.book.look_through(self._clock.now_ms() // _MINUTE_MS)

    def _next_segment(self) -> bool:
        old, size = self._log.number, self._log.size
        try:
            self.before_hand_on(old)
            self._log.open_segment(old + 1)
        except OSError:
            return False  # the old segment goes on; there will be another try
        self._waiting[old] = (segment_path(self._folder, old), size)
        self._rows = 0
        return True

    def _check_queue(self) -> None:
        if self.waiting_bytes < self.limits.queue:
            return
        self._forget_taken()
        if self.waiting_bytes >= self.limits.queue:
            raise OverloadedError("the store is behind: too many samples wait to be written to disk", retry_after_s=2)

    def _forget_taken(self) -> None:
        """Looks which segments the engine has taken over."""
        self._waiting = {number: (path, size) for number, (path, size) in self._waiting.items() if path.exists()}

    def _check_disk(self) -> None:
        now = self._clock.monotonic()
        if now - self._disk_checked >= _DISK_CHECK_S:
            self._disk_full = disk_usage(self._folder).is_full
            self._disk_checked = now
        if self._disk_full:
            raise ReadOnlyError(_DISK_FULL)

    # Watching -------------------------------------------------------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """Bytes of log that the engine has not committed, as far as was looked."""
        return sum(size for _, size in self._waiting.values()) + self._log.size - len(MAGIC)

    def statistics(self) -> DoorStatistics:
        """The figures now; those that go through all series are some seconds old."""
        now, figures = self._clock.now_ms(), self.figures
        with self._lock:
            self._forget_taken()
            waiting = self.waiting_bytes
        counts = self._counts()
        return DoorStatistics(
            written=figures.written,
            refused=figures.refused,
            active_series=self.book.count,
            refusing=_DISK_FULL if self._disk_full else None,
            queue_bytes=waiting,
            queue_limit=self.limits.queue,
            fsync=self._group is not None,
            senders=figures.senders(now, counts.by_sender, _SHOWN_SENDERS),
            sender_count=figures.sender_count,
            protocols=figures.protocols(),
            refusals=figures.refusals(now),
            limits=counts.limits,
        )

    def _counts(self) -> SeriesCounts:
        now = self._clock.monotonic()
        if now - self._counted_at >= _COUNT_S:
            self._series_counts, self._counted_at = count_series(self.book), now
        return self._series_counts

    def close(self) -> None:
        """Closes the log; an empty segment stays, its number tells the next start where to go on."""
        if self._group is not None:
            self._group.close()
        with self._lock:
            self._log.close()


def _both(problem: SamplesRejectedError | None, late: SamplesRejectedError | None) -> SamplesRejectedError | None:
    """One error: the message of the first, the samples of both."""
    if problem is None or late is None:
        return problem or late
    problem.rejected += late.rejected
    return problem


def _read_only(error: OSError) -> ReadOnlyError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ReadOnlyError("no space left on the disk of the write-ahead log: free some space, or shorten storage.retention")
    return ReadOnlyError(f"can't write the write-ahead log: {error.strerror}")
