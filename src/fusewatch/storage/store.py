"""The metrics store: one door in, one way to read, and the components that keep it in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from fusewatch.storage.catalog import Catalog
from fusewatch.storage.chunk_reader import ChunkReader
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.deletion import Deletion
from fusewatch.storage.errors import ClickHouseError
from fusewatch.storage.events import EventStore, MetadataStore
from fusewatch.storage.group_sync import GroupSync
from fusewatch.storage.head import Columns
from fusewatch.storage.intake import Entry
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.opening import Parts, open_parts
from fusewatch.storage.reader import Reader, Sealed
from fusewatch.storage.remote_writer import RemoteWriter, learn
from fusewatch.storage.retention import Retention
from fusewatch.storage.sealer import build_sealer
from fusewatch.storage.series_kernels import HOUR_MS, outside, plain
from fusewatch.storage.statistics import Cardinality, SampleBounds, StorageStatistics, read_statistics
from fusewatch.storage.warming import warm_kernels
from fusewatch.telemetry.clock import Clock, SystemClock
from fusewatch.telemetry.components import Component
from fusewatch.telemetry.durations import format_duration
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import Budget, ReadOnlyError, SamplesRejectedError
from fusewatch.telemetry.samples import SampleBatch, SeriesSet

#: Larger batches are taken in by a thread, so that the event loop is never held for long.
_INLINE_ROWS: Final = 100_000


class MetricStore:
    """Metrics, metadata and events. Writes are coroutines of one event loop; reads block and are called from worker threads.

    Implements SampleSink, MetadataSink, EventSink, SeriesReader and EventReader of :mod:`fusewatch.telemetry.ports`.
    """

    def __init__(self, *, settings: StorageSettings, data_dir: Path, parts: Parts, clock: Clock) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._parts = parts
        self._clock = clock
        self._table, self._intake = parts.table, parts.intake
        self._sealer = build_sealer(parts, clock)
        lifetimes = Lifetimes(settings.retention, clock)
        self._retention = Retention(
            settings=settings.retention,
            lifetimes=lifetimes,
            pool=parts.pool,
            committer=parts.committer,
            lock=self._sealer.lock,
            table=parts.table,
            clock=clock,
        )
        self._catalog = Catalog(table=parts.table, pool=parts.pool, lifetimes=lifetimes)
        self._chunks = ChunkReader.with_threads()
        sealed = Sealed(chunks=self._chunks, span=parts.span, graveyard=parts.graveyard, lifetimes=lifetimes)
        self._reader = Reader(intake=parts.intake, pool=parts.pool, catalog=self._catalog, sealed=sealed, oldest=self._retention.oldest)
        self._deletion = Deletion(parts=parts, catalog=self._catalog, sealer=self._sealer, clock=clock)
        self._events = EventStore(intake=parts.intake, pool=parts.pool)
        self._metadata = MetadataStore(intake=parts.intake, pool=parts.pool)
        self._remote = RemoteWriter(table=parts.table, max_series=settings.max_series)
        self._group = GroupSync(parts.intake.take) if settings.fsync else None
        self._written = 0
        self._refused = 0
        self._metadata.load()
        with parts.pool.handle() as handle:
            self._bounds = SampleBounds.read(handle, parts.span)

    @classmethod
    def open(cls, settings: StorageSettings, data_dir: Path, *, clock: Clock | None = None) -> MetricStore:
        """The store in ``data_dir``, what its log holds committed. Blocks.

        Raises:
            StoreOpenError: with one line that says what to do.
        """
        clock = clock or SystemClock()
        return cls(settings=settings, data_dir=data_dir, parts=open_parts(settings, data_dir, clock), clock=clock)

    @staticmethod
    def warm() -> None:
        """Compiles the kernels, or loads them from their cache, so that no request waits for that. Blocks; 20 s the first time."""
        warm_kernels()

    def components(self) -> list[Component]:
        """What must run while the store is open."""
        return [self._parts.committer, self._sealer, self._retention, self._deletion]

    def close(self) -> None:
        """Commits what waits, as far as it can, and closes everything. Blocks. What is left is replayed at the next start."""
        if self._group is not None:
            self._group.close()
        try:
            self._parts.committer.commit_all()
        except (ClickHouseError, ReadOnlyError) as error:
            structlog.get_logger(component="storage").warning("the rest stays in the write-ahead log", reason=str(error))
        self.abandon()

    def abandon(self) -> None:
        """Closes everything as it is; the log is replayed at the next start."""
        self._intake.close()
        self._chunks.close()
        self._parts.pool.close()
        self._parts.folder.close()

    # Writing --------------------------------------------------------------------------------------------------------------------

    async def write(self, batch: SampleBatch) -> None:
        """See :meth:`fusewatch.telemetry.ports.SampleSink.write`."""
        epoch = self._table.epoch
        rows, problem = self._rows_of(batch) if len(batch) < _INLINE_ROWS else await asyncio.to_thread(self._rows_of, batch)
        await self._take(Entry(epoch, rows), problem)

    async def write_remote(self, body: bytes) -> None:
        """Stores a Prometheus remote-write 1.0 request (a snappy block), its metadata too.

        Raises:
            RemoteWriteError: not such a request (400).
            OverloadedError, ReadOnlyError, SamplesRejectedError: as for :meth:`write`.
        """
        decoded = await self._remote.decode(body)
        news = self._metadata.news(decoded.metadata)
        if not len(decoded.rows) and not news and decoded.problem is None:
            return
        await self._take(Entry(decoded.epoch, decoded.rows, news), decoded.problem)
        self._metadata.remember(news)

    async def write_metadata(self, entries: Sequence[MetricMetadata]) -> None:
        """See :meth:`fusewatch.telemetry.ports.MetadataSink.write_metadata`."""
        if news := self._metadata.news(entries):
            await self._take(Entry(self._table.epoch, metadata=news), None)
            self._metadata.remember(news)

    async def write_event(self, event: Event) -> None:
        """See :meth:`fusewatch.telemetry.ports.EventSink.write_event`."""
        await self._take(Entry(self._table.epoch, events=(event,)), None)

    def _rows_of(self, batch: SampleBatch) -> tuple[Columns, SamplesRejectedError | None]:
        """The batch with references instead of ids, and the first problem, if any."""
        problem: SamplesRejectedError | None = None
        ids = plain(batch.ids, np.uint64)
        refs, unknown = self._table.find(ids)
        if unknown:
            for series_id, labels in batch.series.items():
                try:
                    learn(self._table, labels, self._settings.max_series, series_id)
                except SamplesRejectedError as error:
                    problem = problem or error
            refs, unknown = self._table.find(ids)
        rows = Columns(
            refs, np.ascontiguousarray(batch.timestamps, np.int64), np.ascontiguousarray(batch.values, np.float64).view(np.uint64)
        )
        if unknown:
            first = int(ids[refs == 0][0])
            problem = problem or SamplesRejectedError(f"no labels were given for series {first:016x}", unknown)
            problem.rejected = unknown
            rows = _only(rows, refs > 0)
        return rows, problem

    async def _take(self, entry: Entry, problem: SamplesRejectedError | None) -> None:
        rows, late = self._within_window(entry.rows)
        if self._group is None and len(rows) < _INLINE_ROWS:
            self._intake.take((Entry(entry.epoch, rows, entry.metadata, entry.events),))
        else:
            # Another thread takes them; the next request decodes into the same memory.
            entry = Entry(entry.epoch, rows.copy(), entry.metadata, entry.events)
            await (self._group.take(entry) if self._group else asyncio.to_thread(self._intake.take, (entry,)))
        self._written += len(rows)
        self._bounds.widen(rows.timestamps)
        if problem is not None or late is not None:
            error = _both(problem, late)
            self._refused += error.rejected
            raise error

    def _within_window(self, rows: Columns) -> tuple[Columns, SamplesRejectedError | None]:
        """The rows that are neither older than the retention nor too far in the future."""
        oldest, newest = self._retention.oldest(), self._clock.now_ms() + self._settings.future
        rejected = outside(rows.timestamps, oldest, newest)
        if not rejected:
            return rows, None
        good = (rows.timestamps >= oldest) & (rows.timestamps <= newest)
        first = int(rows.timestamps[~good][0])
        if first < oldest:
            reason = f"is older than the retention of {format_duration(self._settings.retention.metrics)} (storage.retention.metrics)"
        else:
            reason = f"is more than {format_duration(self._settings.future)} ahead of this machine's clock (storage.future)"
        return _only(rows, good), SamplesRejectedError(f"out of bounds: timestamp {first} {reason}", rejected)

    # Deleting -------------------------------------------------------------------------------------------------------------------

    def delete_series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int) -> None:
        """Deletes the samples that series matching any selector have from ``start`` to ``end`` (ms, both included). Blocks.

        They are hidden at once, and removed from disk within days or by :meth:`clean_tombstones`. What is written later is seen.

        Raises:
            ClickHouseError, ReadOnlyError: nothing was deleted.
        """
        self._deletion.delete(selectors, start, end)

    def clean_tombstones(self) -> None:
        """Removes what was deleted from disk. Blocks, for as long as it takes to write its days anew.

        Raises:
            ClickHouseError, CorruptChunkError: what was deleted is still hidden.
        """
        self._deletion.clean()

    # Reading --------------------------------------------------------------------------------------------------------------------

    def fetch(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget) -> SeriesSet:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.fetch`."""
        return self._reader.fetch(matchers, start, end, budget)

    def series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[Labels]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.series`."""
        return self._reader.series(selectors, start, end, limit)

    def label_names(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.label_names`."""
        return self._reader.label_names(selectors, start, end, limit)

    def label_values(self, name: str, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.label_values`."""
        return self._reader.label_values(name, selectors, start, end, limit)

    def metadata(self, metric: str | None, limit: int) -> list[MetricMetadata]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.metadata`."""
        return self._metadata.metadata(metric, limit)

    def events(self, start: int, end: int, kinds: Sequence[str] = (), limit: int = 1000) -> list[Event]:
        """See :meth:`fusewatch.telemetry.ports.EventReader.events`."""
        return self._events.events(start, end, kinds, limit)

    # Watching -------------------------------------------------------------------------------------------------------------------

    def statistics(self) -> StorageStatistics:
        """The store's figures now. Blocks."""
        bounds = self._bounds.since(self._retention.oldest())
        return read_statistics(
            self._settings,
            self._data_dir,
            self._parts,
            sealer=self._sealer,
            bounds=bounds,
            written=self._written,
            refused=self._refused,
        )

    def cardinality(self, limit: int = 10, start: int | None = None, end: int | None = None) -> Cardinality:
        """Where the series seen between ``start`` and ``end`` (ms; default: the last hour) come from. Blocks."""
        last = self._clock.now_ms() if end is None else end
        first = last - HOUR_MS if start is None else start
        return Cardinality.of(self._reader.series((), first, last, 0), limit)


def _only(rows: Columns, keep: NDArray[np.bool_]) -> Columns:
    return Columns(rows.refs[keep], rows.timestamps[keep], rows.bits[keep])


def _both(problem: SamplesRejectedError | None, late: SamplesRejectedError | None) -> SamplesRejectedError:
    """One error: the message of the first, the samples of both."""
    if problem is None or late is None:
        return problem or late or SamplesRejectedError("nothing was rejected", 0)
    problem.rejected += late.rejected
    return problem
