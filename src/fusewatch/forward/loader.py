"""Takes samples from the log and makes requests of them."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import structlog

from fusewatch.forward.arranging import UNKNOWN_SERIES, Arranged, arrange
from fusewatch.forward.config import RemoteWriteConfig
from fusewatch.forward.delivery import Request
from fusewatch.forward.figures import Figures
from fusewatch.forward.pipeline import Load
from fusewatch.forward.place import Stretch
from fusewatch.forward.rows import KINDS, LONG_AGO, RowList, Rows
from fusewatch.forward.tail import LogTail
from fusewatch.forward.wire import Wire
from fusewatch.storage.log_reader import ReadRecord
from fusewatch.storage.records import SeriesRows, read_metadata, read_series
from fusewatch.storage.series_kernels import UInt32s
from fusewatch.storage.wal import Kind
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.samples import UInt64s

#: So many unknown series in one load, as after a start, and all that were active lately are asked for at once.
_MANY: Final = 1_000
_LATELY_MS: Final = 2 * 3_600_000


class NamedSeries(Protocol):
    """Where labels of known series are to be had; blocks. See :class:`fusewatch.storage.label_lookup.LabelLookup`."""

    def find(self, ids: UInt64s) -> SeriesRows:
        """Ids and canonical labels of those of ``ids`` (n, each once) that have any."""
        ...

    def active(self, since_ms: int) -> UInt64s:
        """The ids (n) of all series with a sample since then."""
        ...


class Loader:
    """One thread at a time; every method blocks."""

    def __init__(
        self, config: RemoteWriteConfig, *, tail: LogTail, wire: Wire, series: NamedSeries, figures: Figures, clock: Clock, name: str
    ) -> None:
        self._config = config
        self._tail = tail
        self._wire = wire
        self._series = series
        self._figures = figures
        self._clock = clock
        self._log = structlog.get_logger(component=f"remote write {name}")
        self._start = tail.position
        self._rows = self._empty()

    @property
    def count(self) -> int:
        """Rows taken and not made into requests yet."""
        return self._rows.count

    @property
    def since(self) -> int:
        """When the first of them was received (ms), 0 without any."""
        return self._rows.since

    def read(self, most: int) -> bool:
        """Takes records until there are so many rows; whether there were."""
        while self._rows.count < most:
            record = self._tail.next()
            if record is None:
                return False
            self._rows.add(record, self._learn)
        return True

    def skip(self) -> None:
        """Goes on from where the log was read to; what was read until there has no rows."""
        self._start = self._tail.position

    def build(self, shards: int) -> Load:
        """The requests of what was taken, in so many shards.

        Raises:
            ClickHouseError, OverloadedError: labels can't be read now.
        """
        return self._build(Stretch(self._start, self._tail.position, shards, self._config.queue_config.max_samples_per_send))

    def repeat(self, stretch: Stretch) -> Load:
        """The requests of a stretch that an earlier run has begun to send, cut as they were then. The tail stands at its start.

        Raises:
            ClickHouseError, OverloadedError: labels can't be read now.
        """
        while (record := self._tail.next(stretch.end)) is not None:
            self._rows.add(record, self._learn)
        load = self._build(stretch)
        load.sent_before = True
        return load

    def _empty(self) -> RowList:
        return RowList(histograms_wanted=self._config.send_native_histograms, exemplars_wanted=self._config.send_exemplars)

    def _learn(self, record: ReadRecord) -> None:
        if record.kind is Kind.SERIES:
            self._wire.book.learn(read_series(record.body))
        else:
            self._wire.describe(read_metadata(record.body))

    def _build(self, stretch: Stretch) -> Load:
        taken = self._rows
        rows = taken.rows()
        self._wire.trim()
        arranged = self._arrange(rows, stretch.shards)
        shards = [
            [self._request(rows, arranged, *places) for places in arranged.requests(shard, stretch.per_request)]
            for shard in range(stretch.shards)
        ]
        self._figures.newest_read = max(self._figures.newest_read, taken.newest)
        self._figures.count_dropped(arranged.dropped)
        self._rows, self._start = self._empty(), stretch.end
        return Load(stretch, shards, since=taken.since)

    def _arrange(self, rows: Rows, shards: int) -> Arranged:
        limit, book = self._config.queue_config.sample_age_limit, self._wire.book
        slots = self._slots(rows.ids)
        arranged = arrange(
            rows,
            slots,
            (book.ends - book.starts)[slots],
            shards=shards,
            oldest=self._clock.now_ms() - limit if limit else LONG_AGO,
            custom_buckets=self._wire.custom_buckets,
        )
        if unknown := int(arranged.dropped[UNKNOWN_SERIES].sum()):
            self._log.error("samples of series whose labels are nowhere to be found are left out", samples=unknown)
        return arranged

    def _slots(self, ids: UInt64s) -> UInt32s:
        """The slots of ids (n), of unknown ones too; 0 where nobody knows the labels."""
        book = self._wire.book
        slots, unknown = book.find(ids)
        if unknown:
            missing = np.unique(ids[slots == 0])
            if len(missing) > _MANY:
                active = self._series.active(self._clock.now_ms() - _LATELY_MS)
                missing = np.union1d(missing, active[book.find(active)[0] == 0])
            book.learn(self._series.find(missing))
            slots, _ = book.find(ids)
        return slots

    def _request(self, rows: Rows, arranged: Arranged, first: int, last: int) -> Request:
        order = arranged.order[first:last]
        samples, histograms, exemplars = np.bincount(rows.kinds[order], minlength=KINDS).tolist()
        body = self._wire.encode(rows, arranged, first, last)
        return Request(body, (samples, histograms, exemplars, 0), int(rows.times[order].max()))
