"""The metrics store: one door in, one way to read, and the components that keep it in order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import structlog

from fusewatch.storage.backup.freezing import Freezer
from fusewatch.storage.cardinality import Cardinality, CardinalityQuestion
from fusewatch.storage.cardinality_reader import CardinalityReader
from fusewatch.storage.catalog import Catalog
from fusewatch.storage.chunk_reader import ChunkReader
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.deletion import Deletion
from fusewatch.storage.door import Door
from fusewatch.storage.door_client import DoorClient
from fusewatch.storage.door_keeper import DoorKeeper
from fusewatch.storage.entries import without
from fusewatch.storage.events import EventStore
from fusewatch.storage.exemplars import ExemplarStore
from fusewatch.storage.folder import DataFolder, as_open_errors
from fusewatch.storage.ingest_health import IngestStatistics, read_ingest
from fusewatch.storage.label_lookup import LabelLookup
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.opening import HandOver, Parts, open_parts
from fusewatch.storage.reader import Reader, Sealed
from fusewatch.storage.retention import Retention
from fusewatch.storage.sample_rates import SampleRates
from fusewatch.storage.sealer import build_sealer
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.statistics import StorageStatistics, read_statistics
from fusewatch.storage.store_door import StoreDoor
from fusewatch.storage.warming import warm_kernels
from fusewatch.telemetry.clock import Clock, SystemClock
from fusewatch.telemetry.components import Component
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.exemplars import Exemplar
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import Budget, OverloadedError, SamplesRejectedError, StorageError
from fusewatch.telemetry.rollups import Windows
from fusewatch.telemetry.samples import SampleBatch, SeriesSet, UInt64s
from fusewatch.telemetry.senders import INTERNAL, Sender


class MetricStore:
    """Metrics, metadata and events. Writes are coroutines of one event loop; reads block and are called from worker threads.

    Implements SampleSink, MetadataSink, EventSink, SeriesReader and EventReader of :mod:`fusewatch.telemetry.ports`.
    """

    def __init__(self, *, settings: StorageSettings, data_dir: Path, parts: Parts, clock: Clock, door: StoreDoor) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._parts = parts
        self._clock = clock
        self._door = door
        self._table, self._follower = parts.table, parts.follower
        lifetimes = Lifetimes(settings.retention, clock)
        self._sealer = build_sealer(parts, lifetimes, clock)
        self._retention = Retention(
            settings=settings.retention,
            lifetimes=lifetimes,
            pool=parts.pool,
            committer=parts.committer,
            lock=self._sealer.lock,
            follower=parts.follower,
            chunks=parts.chunks,
            clock=clock,
        )
        self._catalog = Catalog(follower=parts.follower, pool=parts.pool, lifetimes=lifetimes)
        self._chunks = ChunkReader.with_threads(parts.chunks)
        sealed = Sealed(chunks=self._chunks, span=parts.span, graveyard=parts.graveyard, lifetimes=lifetimes)
        self._reader = Reader(follower=parts.follower, pool=parts.pool, catalog=self._catalog, sealed=sealed)
        self._deletion = Deletion(parts=parts, catalog=self._catalog, sealer=self._sealer, clock=clock)
        self._events = EventStore(follower=parts.follower, pool=parts.pool)
        self._metadata = parts.metadata
        #: From ids to labels, for who reads the log.
        self.labels = LabelLookup(follower=parts.follower, pool=parts.pool)
        self._queried, self._rates = parts.queried, SampleRates(parts.table, clock)
        self._cardinality = CardinalityReader(
            pool=parts.pool,
            follower=parts.follower,
            committer=parts.committer,
            queried=self._queried,
            rates=self._rates,
            clock=clock,
        )
        self._exemplars = ExemplarStore(follower=parts.follower, pool=parts.pool, catalog=self._catalog, oldest=self._retention.oldest)

    def prepare(self) -> None:
        """Has memory at hand for the first query. Blocks, for less than 0.1 s."""
        self._chunks.prepare()

    def give_back(self) -> None:
        """Returns memory that no read has used for a while."""
        self._chunks.give_back()

    @classmethod
    def open(
        cls,
        settings: StorageSettings,
        data_dir: Path,
        *,
        clock: Clock | None = None,
        hand_over: HandOver | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> MetricStore:
        """The store in ``data_dir`` with its door in this process, what its log holds committed. Blocks.

        ``hand_over`` gets each segment of the log that is committed, instead of its end; ``before`` is called before the first.

        Raises:
            StoreOpenError: with one line that says what to do.
        """
        clock = clock or SystemClock()
        folder = DataFolder.claim(data_dir)
        with ExitStack() as undo, as_open_errors(data_dir):
            undo.callback(folder.close)
            before()
            undo.pop_all()
        parts = open_parts(settings, folder, clock, hand_over=hand_over)
        assert parts.door is not None  # noqa: S101 - no receiver was named
        return cls(settings=settings, data_dir=data_dir, parts=parts, clock=clock, door=parts.door)

    @classmethod
    def open_behind(
        cls, door: DoorClient, settings: StorageSettings, folder: DataFolder, *, clock: Clock, hand_over: HandOver | None = None
    ) -> MetricStore:
        """The store in a claimed folder, whose log another process writes; ``door`` leads there. Blocks.

        ``hand_over`` gets each segment of the log that is committed, instead of its end.

        The folder's claim ends with the store, or when it can't be opened.

        Raises:
            StoreOpenError: with one line that says what to do.
        """
        parts, data_dir = open_parts(settings, folder, clock, receiver=door.hand_on, hand_over=hand_over), folder.path
        return cls(settings=settings, data_dir=data_dir, parts=parts, clock=clock, door=door)

    @property
    def door(self) -> Door:
        """The door, where it stands in this process.

        Raises:
            LookupError: it is another process' one.
        """
        if self._parts.door is None:
            raise LookupError("the door stands in the receiver's process")
        return self._parts.door

    @staticmethod
    def warm() -> None:
        """Compiles the kernels, or loads them from their cache, so that no request waits for that. Blocks; 20 s the first time."""
        warm_kernels()

    def components(self) -> list[Component]:
        """What must run while the store is open."""
        door: Component = self._door if isinstance(self._door, DoorClient) else DoorKeeper(self.door)
        return [door, self._parts.committer, self._sealer, self._retention, self._deletion, self._rates, self._queried]

    def freezer(self) -> Freezer:
        """What holds the store still for a backup."""
        parts = self._parts
        return Freezer(pool=parts.pool, follower=self._follower, committer=parts.committer, lock=self._sealer.lock, clock=self._clock)

    def close(self) -> None:
        """Commits what waits, as far as it can, and closes everything. Blocks. What is left is replayed at the next start."""
        committer = self._parts.committer
        try:
            # The receiver may be gone already; then the next start finds a little more in the log.
            with contextlib.suppress(OverloadedError):
                committer.hand_on()
            committer.commit_sealed(up_to=self._follower.newest - 1)
            self._queried.flush()
        except StorageError as error:
            structlog.get_logger(component="storage").warning("the rest stays in the write-ahead log", reason=str(error))
        self.abandon()

    def abandon(self) -> None:
        """Closes everything as it is; the log is replayed at the next start."""
        if self._parts.door is not None:
            self._parts.door.close()
        self._follower.close()
        self._chunks.close()
        self._parts.pool.close()
        self._parts.folder.close()

    # Writing --------------------------------------------------------------------------------------------------------------------

    async def write(self, batch: SampleBatch, sender: Sender = INTERNAL) -> None:
        """See :meth:`fusewatch.telemetry.ports.SampleSink.write`."""
        ids = np.concatenate([batch.ids, batch.histograms.ids, batch.exemplars.ids])
        nameless = self._nameless(ids, batch)
        if not len(nameless):
            await self._door.write(batch, sender)
            return
        kept = without(batch, nameless)
        rejected = len(batch) - len(kept) + len(batch.histograms) - len(kept.histograms)
        problem = SamplesRejectedError(f"no labels were given for series {int(nameless[0]):016x}", rejected)
        try:
            await self._door.write(kept, sender)
        except SamplesRejectedError as error:
            error.rejected += rejected
            raise
        raise problem

    async def write_metadata(self, entries: Sequence[MetricMetadata]) -> None:
        """See :meth:`fusewatch.telemetry.ports.MetadataSink.write_metadata`."""
        if news := self._metadata.news(entries):
            await self._door.write_metadata(news)

    async def write_event(self, event: Event) -> None:
        """See :meth:`fusewatch.telemetry.ports.EventSink.write_event`."""
        await self._door.write_event(event)

    def _nameless(self, ids: UInt64s, batch: SampleBatch) -> UInt64s:
        """The ids that nobody has named yet: neither this batch nor the log. The door takes our word for the others."""
        _, unknown = self._table.find(ids)
        if unknown == 0 or (unknown <= len(batch.series) and not len(self._unnamed(ids, batch))):
            return ids[:0]
        self._follower.catch_up()
        return self._unnamed(ids, batch)

    def _unnamed(self, ids: UInt64s, batch: SampleBatch) -> UInt64s:
        refs, _ = self._table.find(ids)
        given = np.fromiter(batch.series, np.uint64, len(batch.series))
        return np.unique(ids[(refs == 0) & ~np.isin(ids, given)])

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

    def fetch(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget, windows: Sequence[Windows] = ()) -> SeriesSet:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.fetch`."""
        found = self._reader.fetch(matchers, start, end, budget, windows)
        self._queried.note(matchers, found)
        return found

    def versions(self, metrics: Sequence[str | None]) -> Hashable:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.versions`; what is no longer kept is gone from them within the hour."""
        self._follower.catch_up()
        return self._retention.oldest() // HOUR_MS, *self._follower.versions.of(metrics)

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
        self._follower.catch_up()
        return self._metadata.metadata(metric, limit)

    def exemplars(
        self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, budget: Budget
    ) -> list[tuple[Labels, list[Exemplar]]]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.exemplars`."""
        return self._exemplars.exemplars(selectors, start, end, budget)

    def events(self, start: int, end: int, kinds: Sequence[str] = (), limit: int = 1000) -> list[Event]:
        """See :meth:`fusewatch.telemetry.ports.EventReader.events`."""
        return self._events.events(start, end, kinds, limit)

    # Watching -------------------------------------------------------------------------------------------------------------------

    def statistics(self) -> StorageStatistics:
        """The store's figures now. Blocks."""
        oldest, door = self._retention.oldest(), self._door.statistics()
        return read_statistics(self._settings, self._data_dir, self._parts, sealer=self._sealer, oldest=oldest, door=door)

    def newest(self) -> int | None:
        """The newest timestamp (ms), None without any."""
        return self._follower.bounds.newest

    def ingest_statistics(self) -> IngestStatistics:
        """How receiving and storing go now. Blocks."""
        return read_ingest(self._follower, self._parts.committer, self._sealer, self._door.statistics(), self._clock)

    def cardinality(self, question: CardinalityQuestion) -> Cardinality:
        """See :meth:`fusewatch.storage.cardinality_reader.CardinalityReader.read`."""
        return self._cardinality.read(question)
