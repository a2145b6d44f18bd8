"""Follows the log: what the receiver has acknowledged comes into the head, and from there to every read and every commit.

The log is the only hand-over between receiver and engine. A follower reads each segment up to where the log's position allows, so it
never sees what may still be taken back; a segment that the receiver has left is read to its end, cut off where the last record is torn.
After a crash of either side the other goes on, and what the follower needs to know is in the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import structlog

from fusewatch.storage.bounds import SampleBounds
from fusewatch.storage.head import Columns, HeadSegment, HeadView, views
from fusewatch.storage.log_reader import ReadRecord, SegmentReader
from fusewatch.storage.recent import RecentSamples, RecentView
from fusewatch.storage.records import (
    SeriesRows,
    read_events,
    read_exemplars,
    read_histograms,
    read_metadata,
    read_samples,
    read_series,
)
from fusewatch.storage.series_kernels import COMMITTED
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.versions import Versions
from fusewatch.storage.wal import Kind, Position, SegmentFile, find_segments
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows


class LogFollower:
    """The head of the store. Thread-safe: every method takes the series table's lock for as long as it works.

    ``learn`` gets the metadata of each record, in the order of the log; ``hand_over`` gets each segment that ClickHouse has, ``recent`` its
    samples.
    """

    def __init__(
        self,
        *,
        folder: Path,
        table: SeriesTable,
        learn: Callable[[Sequence[MetricMetadata]], None],
        bounds: SampleBounds,
        hand_over: Callable[[SegmentFile], None],
        recent: RecentSamples,
    ) -> None:
        self.table = table
        self.recent = recent
        self.versions = Versions()
        self.bounds = bounds
        #: Samples followed so far, and those whose series no record had named (a damaged log).
        self.followed = 0
        self.nameless = 0
        #: Hashes of the names of metrics that have native histograms.
        self.histogram_metrics: set[int] = set()
        self._folder = folder
        self._learn = learn
        self._hand_over = hand_over
        self._lock = table.lock
        self._position = Position(folder)
        self._seen = -1
        self._reader: SegmentReader | None = None
        self._last = -1
        self._active: HeadSegment | None = None
        self._sealed: list[HeadSegment] = []

    # Following ------------------------------------------------------------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        """Whether the log has grown since the last look; costs next to nothing."""
        return self._position.word != self._seen

    def catch_up(self) -> None:
        """Takes in everything that was acknowledged before this call.

        Raises:
            CorruptLogError: a segment is damaged.
        """
        if self.is_behind:
            with self._lock:
                while self.advance():
                    pass

    def advance(self) -> bool:
        """Takes in the next part of the log, a few megabytes or the change to another segment; whether there may be more.

        Raises:
            CorruptLogError: a segment is damaged.
        """
        with self._lock:
            word = self._position.word
            if self._reader is None and not self._open_next():
                self._seen = word
                return False
            reader = self._reader
            assert reader is not None  # noqa: S101 - opened above
            limit = Position.limit(word, reader.file.number)
            records = reader.read(reader.size if limit is None else limit)
            for record in records:
                self._apply(record)
            if records:
                return True
            if limit is None and self._leave(reader):
                return True
            self._seen = word
            return False

    def _open_next(self) -> bool:
        following = [file for file in find_segments(self._folder) if file.number > self._last]
        if not following:
            return False
        self._reader, self._last = SegmentReader(following[0]), following[0].number
        self._active = HeadSegment(following[0])
        return True

    def _leave(self, reader: SegmentReader) -> bool:
        """Goes on to the next segment; False while there is none."""
        if not any(file.number > self._last for file in find_segments(self._folder)):
            return False
        if reader.cut:
            structlog.get_logger(component="storage").warning(
                "the write-ahead log ends in an unfinished record, which was never acknowledged: cut off",
                file=str(reader.file.path),
                bytes=reader.cut,
            )
        reader.close()
        active, self._reader, self._active = self._active, None, None
        if active is not None and not active.is_empty:
            self._sealed.append(active)
        else:
            reader.file.path.unlink(missing_ok=True)
        return True

    def _apply(self, record: ReadRecord) -> None:
        segment = self._active
        assert segment is not None  # noqa: S101 - there is one while its reader is open
        if segment.is_empty:
            segment.since = record.received
        match record.kind:
            case Kind.SAMPLES:
                self._apply_samples(segment, record)
            case Kind.SERIES:
                self._apply_series(segment, read_series(record.body))
            case Kind.HISTOGRAMS:
                self._apply_histograms(segment, record)
            case Kind.EXEMPLARS:
                self._apply_exemplars(segment, record)
            case Kind.METADATA:
                entries = read_metadata(record.body)
                self._learn(entries)
                segment.metadata.extend(entries)
                segment.other_bytes += 500 * len(entries)
            case Kind.EVENTS:
                events = read_events(record.body)
                segment.events.extend(events)
                segment.other_bytes += 500 * len(events)

    def _apply_samples(self, segment: HeadSegment, record: ReadRecord) -> None:
        ids, timestamps, bits = read_samples(record.body)
        refs, unknown = self.table.find(ids)
        rows = Columns(refs, timestamps, bits)
        if unknown:
            self._report_nameless(unknown)
            named = refs > 0
            rows = Columns(refs[named], timestamps[named], bits[named])
        self.table.touch(rows.refs, rows.timestamps, record.received)
        self.bounds.widen(rows.timestamps)
        self.versions.note(record.received, rows.timestamps, rows.refs, self.table.metrics)
        segment.columns.append(rows)
        self.followed += len(rows)

    def _apply_series(self, segment: HeadSegment, rows: SeriesRows) -> None:
        fresh = self.table.add_new(rows.ids, rows.metrics)
        if fresh.all():
            news = SeriesRows(rows.ids.copy(), rows.metrics.copy(), rows.offsets, rows.labels.copy())
        elif fresh.any():
            texts = [text for text, new in zip(rows.canonical, fresh.tolist(), strict=True) if new]
            news = SeriesRows.of(rows.ids[fresh], rows.metrics[fresh], texts)
        else:
            return
        segment.series.append(news)
        segment.other_bytes += len(news.labels) + 32 * len(news)

    def _apply_histograms(self, segment: HeadSegment, record: ReadRecord) -> None:
        rows = read_histograms(record.body)
        refs, unknown = self.table.find(rows.ids)
        if unknown:
            self._report_nameless(unknown)
        named = refs[refs > 0]
        self.histogram_metrics.update(np.unique(self.table.metrics[named]).tolist())
        self.table.touch(named, rows.timestamps[refs > 0], record.received)
        self.bounds.widen(rows.timestamps)
        self.versions.note(record.received, rows.timestamps[refs > 0], named, self.table.metrics)
        segment.histograms.append(HistogramRows(rows.ids.copy(), rows.timestamps.copy(), rows.offsets, rows.bodies.copy()))
        segment.other_bytes += len(record.body)
        self.followed += len(rows)

    def _apply_exemplars(self, segment: HeadSegment, record: ReadRecord) -> None:
        rows = read_exemplars(record.body)
        refs, _ = self.table.find(rows.ids)
        self.table.touch(refs[refs > 0], rows.timestamps[refs > 0], record.received)
        segment.exemplars.append(
            ExemplarRows(rows.ids.copy(), rows.timestamps.copy(), rows.values.copy(), rows.offsets, rows.labels.copy())
        )
        segment.other_bytes += len(record.body)

    def _report_nameless(self, count: int) -> None:
        self.nameless += count
        structlog.get_logger(component="storage").error(
            "the log holds samples of series that it never named; they are left out", samples=count
        )

    @property
    def newest(self) -> int:
        """The number of the segment that grows."""
        return self._position.newest

    def is_past(self, number: int) -> bool:
        """Whether everything up to this segment is taken in and committed."""
        with self._lock:
            return self._last > number and not any(segment.file.number <= number for segment in self._sealed)

    # Handing on -----------------------------------------------------------------------------------------------------------------

    def oldest_sealed(self) -> HeadSegment | None:
        """What to commit next."""
        with self._lock:
            return self._sealed[0] if self._sealed else None

    def finished(self, segment: HeadSegment, blocks: Iterable[int] = ()) -> None:
        """ClickHouse has the segment, with samples in these blocks: readers find it there, and its file is handed over."""
        run = self.recent.run_of(segment.file.number, segment.columns.view())  # nobody appends to it any more
        with self._lock:
            self.recent.add(segment.file.number, run, blocks)
            for rows in segment.series:
                refs, _ = self.table.find(rows.ids)
                self.table.mark(refs, COMMITTED)
            self._sealed.remove(segment)
        self.recent.tidy()
        self._hand_over(segment.file)

    # Seeing ---------------------------------------------------------------------------------------------------------------------

    def view(self) -> list[HeadView]:
        """The samples that wait, the oldest segment first; everything acknowledged before the call is there."""
        self.catch_up()
        with self._lock:
            return views(self._segments)

    def look(self) -> tuple[list[HeadView], RecentView]:
        """The samples that wait, as :meth:`view` has them, and of the same moment those that are held although they are committed."""
        self.catch_up()
        with self._lock:
            return views(self._segments), self.recent.view()

    def waiting_series(self) -> list[SeriesRows]:
        """The series that ClickHouse may not have yet."""
        with self._lock:
            return [rows for segment in self._segments for rows in segment.series]

    def waiting_events(self) -> list[Event]:
        """Events that wait, the oldest first."""
        self.catch_up()
        with self._lock:
            return [event for segment in self._segments for event in segment.events]

    @property
    def _segments(self) -> list[HeadSegment]:
        return [*self._sealed, self._active] if self._active is not None else list(self._sealed)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of memory that wait for ClickHouse."""
        with self._lock:
            return sum(segment.size for segment in self._segments)

    @property
    def waiting_rows(self) -> int:
        """Samples that wait for ClickHouse."""
        with self._lock:
            return sum(segment.columns.count for segment in self._segments)

    @property
    def waiting_since(self) -> int | None:
        """When the oldest waiting record was received (ms UTC), None while nothing waits."""
        with self._lock:
            return next((segment.since for segment in self._segments if not segment.is_empty), None)

    @property
    def log_sizes(self) -> list[int]:
        """Bytes of each segment of the log on disk."""
        sizes = []
        for file in find_segments(self._folder):
            try:
                sizes.append(file.path.stat().st_size)
            except FileNotFoundError:
                continue  # committed this moment
        return sizes

    def close(self) -> None:
        """Ends the following."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            self._position.close()
