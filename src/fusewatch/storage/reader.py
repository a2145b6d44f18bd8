"""Reads: samples of matching series, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.catalog import Catalog, Selection
from fusewatch.storage.chunk_decoding import Recent, Samples
from fusewatch.storage.chunk_query import ChunkQuery
from fusewatch.storage.chunk_reader import ChunkReader
from fusewatch.storage.chunk_span import ChunkSpan
from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.head import HeadView
from fusewatch.storage.histogram_reader import head_parts, read_histograms
from fusewatch.storage.lifetimes import EVER, Lifetimes
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.read_kernels import group, merge, place_ids, select_waiting
from fusewatch.storage.recent import Rows
from fusewatch.storage.rollup_reader import joined, part_of_samples, read_rollups
from fusewatch.storage.rollup_spans import Chooser, Span, StoredDays
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.tombstones import Graveyard, Tombstones
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.rollups import Windows, aggregates_of
from fusewatch.telemetry.samples import HistogramSet, Int64s, SeriesSet, UInt64s

#: More ids than this are looked up by ClickHouse itself rather than sent to it.
_MOST_IDS: Final = 20_000
# In the order of the table: ClickHouse merges its parts nearly for nothing, and the kernels then find every series sorted.
_ROWS: Final = """
SELECT id, timestamp, value, seq
FROM samples
WHERE metric IN ({{metrics:Array(UInt64)}})
  AND {ids}
  AND timestamp BETWEEN {{start:Int64}} AND {{end:Int64}}
  AND seq < {{before:UInt64}}
  AND block BETWEEN {{first:UInt32}} AND {{last:UInt32}}
ORDER BY metric, id, timestamp, seq
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a reader needs to know of sealed samples: how chunks are read, when there are none, what was deleted, how long each is kept."""

    chunks: ChunkReader
    span: ChunkSpan
    graveyard: Graveyard
    lifetimes: Lifetimes

    def hidden(self, selection: Selection, start: int, end: int) -> Tombstones:
        """What hides samples from ``start`` to ``end`` (ms): tombstones, and the ends of lifetimes."""
        dead = self.graveyard.current
        if self.lifetimes.is_varied:
            ids, unsigned, signed = selection.ids, np.zeros(len(selection), np.uint64), np.full(len(selection), EVER, np.int64)
            oldest = self.lifetimes.oldest_by_series(selection.labels, selection.metrics)
            dead = dead.with_others(Tombstones(unsigned, selection.metrics, ids, signed, oldest - 1, ~unsigned))
        return dead.within(start, end)

    def hidden_rollups(self, selection: Selection, start: int, end: int) -> Tombstones:
        """The same for roll-ups, of which only metrics with a lifetime of their own have an end."""
        dead = self.graveyard.current
        if self.lifetimes.is_varied:
            ids, unsigned, signed = selection.ids, np.zeros(len(selection), np.uint64), np.full(len(selection), EVER, np.int64)
            oldest = self.lifetimes.horizon_by_series(selection.labels, selection.metrics)
            dead = dead.with_others(Tombstones(unsigned, selection.metrics, ids, signed, oldest - 1, ~unsigned))
        return dead.within(start, end)

    def oldest(self, selection: Selection) -> int:
        """The first millisecond of which the samples of all these series are kept."""
        if not self.lifetimes.is_varied:
            return self.lifetimes.oldest()
        return int(self.lifetimes.oldest_by_series(selection.labels, selection.metrics).max())


class Reader:
    """Samples of the head and of ClickHouse as one; thread-safe, every method blocks.

    ``lifetimes`` say where the retention begins: nothing before it is shown, though its day may still be on disk.
    """

    def __init__(self, *, follower: LogFollower, pool: ClientPool, catalog: Catalog, sealed: Sealed) -> None:
        self._follower = follower
        self._pool = pool
        self._catalog = catalog
        self._sealed = sealed

    def fetch(
        self,
        matchers: Sequence[Matcher],
        start: int,
        end: int,
        budget: Budget,
        windows: Sequence[Windows] = (),
        *,
        reserved: bool = False,
    ) -> SeriesSet:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.fetch`; ``reserved`` uses the handle that is kept for rules."""
        budget.check()
        lifetimes = self._sealed.lifetimes
        selection = self._catalog.select(matchers, max(start, lifetimes.horizon() if windows else lifetimes.oldest()), end, budget)
        if not len(selection):
            return SeriesSet.empty()
        spans = self._spans(selection, windows, start, end)
        if not any(span.resolution for span in spans):
            samples, histograms = self._samples(selection, max(start, lifetimes.oldest()), end, budget, reserved=reserved)
            return series_set(selection.labels, samples, histograms)
        wanted, parts = aggregates_of(windows), []
        for span in spans:
            if span.resolution:
                hidden = self._sealed.hidden_rollups(selection, span.start, span.end)
                with self._pool.handle(reserved=reserved) as handle:
                    parts.append(read_rollups(handle, selection, span, wanted, hidden, budget))
            else:
                samples, _ = self._samples(selection, max(span.start, lifetimes.oldest()), span.end, budget, reserved=reserved)
                parts.append(part_of_samples(samples, wanted))
        return joined(selection.labels, parts, spans)

    def _spans(self, selection: Selection, windows: Sequence[Windows], start: int, end: int) -> list[Span]:
        """Which parts of a read come from where; none where everything is read as samples."""
        chooser = Chooser(windows, start, end, self._sealed.oldest(selection))
        if chooser.is_pointless or not self._follower.histogram_metrics.isdisjoint(selection.metrics.tolist()):
            return []
        # Tombstones, then the head, then what ClickHouse has: what moves on in between is seen where it was or where it came to.
        dead = self._sealed.graveyard.current.within(start, end)
        dead = dead.rows(np.isin(dead.ids, selection.ids))
        waiting = np.concatenate(
            [np.empty(0, np.int64), *(select_from(view, selection, (start, end))[1] for view in self._follower.view())]
        )
        with self._pool.handle() as handle:
            stored = StoredDays.look(handle)
        # What waits is as unsettled as rows are: also where the day has no other samples left.
        stored = replace(stored, unsettled=stored.unsettled.union(np.unique(waiting - waiting % (DAY_HOURS * HOUR_MS)).tolist()))
        deleted = {day for day in chooser.days(stored) if (len(dead) and len(dead.within(day, day + DAY_HOURS * HOUR_MS - 1)))}
        return chooser.spans(stored, deleted)

    def _samples(
        self, selection: Selection, start: int, end: int, budget: Budget, *, reserved: bool
    ) -> tuple[Samples, HistogramSet | None]:
        """The samples and native histograms of the selected series."""
        if start > end:
            return Recent.none(len(selection)).samples, None
        # Tombstones first: they go once nothing is left for them to hide. Then the head before rows before chunks: what is committed or
        # sealed in between is seen twice, which the merge undoes, never not at all.
        tombstones = self._sealed.hidden(selection, start, end)
        views, recent = self._follower.look()
        parts = [*recent.rows(selection.refs, start, end), *(select_from(view, selection, (start, end)) for view in views)]
        budget.take(sum(len(part[0]) for part in parts))
        blocks = recent.stored_blocks(start, end)
        with_histograms = not self._follower.histogram_metrics.isdisjoint(selection.metrics.tolist())
        if not (blocks or with_histograms or len(tombstones) or self._sealed.span.overlaps(start, end)):
            return assemble(len(selection), parts).samples, None
        histograms = None
        with self._pool.handle(reserved=reserved) as handle:
            if with_histograms:
                head = head_parts(views, start, end)
                histograms = read_histograms(handle, selection, (start, end), head, tombstones, budget)
            if blocks:
                parts = [*self._stored(handle, selection, (start, end), blocks, recent.since, budget), *parts]
            rows = assemble(len(selection), parts)
            samples = rows.samples
            if len(tombstones) or self._sealed.span.overlaps(start, end):
                query = ChunkQuery(selection.ids, selection.metrics, *self._sealed.span.clamp(start, end), tombstones, budget)
                samples = self._sealed.chunks.read(handle, query, rows)
        return samples, histograms

    def _stored(
        self, handle: Handle, selection: Selection, limits: tuple[int, int], blocks: tuple[int, int], before: int, budget: Budget
    ) -> list[Rows]:
        """The rows of the segments ``before`` one, which are not held."""
        by_id = np.argsort(selection.ids)
        wanted = selection.ids[by_id]
        parameters = {
            "metrics": np.unique(selection.metrics).tolist(),
            "start": limits[0],
            "end": limits[1],
            "first": blocks[0],
            "last": blocks[1],
            "before": before,
        }
        condition = "1"
        if len(wanted) <= _MOST_IDS:
            condition = "id IN ({ids:Array(UInt64)})"
            parameters["ids"] = wanted.tolist()
        parts: list[Rows] = []
        with closing(handle.blocks(_ROWS.format(ids=condition), parameters)) as found:
            for block in found:
                budget.check()
                budget.take(len(block["id"]))
                parts.append(place_stored(block, wanted, by_id))
        return parts

    def series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[Labels]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.series`."""
        return self._known(selectors, start, end)[: limit or None]

    def label_names(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.label_names`."""
        return sorted({name for labels in self._known(selectors, start, end) for name in labels})[: limit or None]

    def label_values(self, name: str, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.label_values`."""
        return sorted({labels[name] for labels in self._known(selectors, start, end) if name in labels})[: limit or None]

    def _known(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int) -> list[Labels]:
        """The label sets that match any selector (every one without a selector), in canonical order."""
        start = max(start, self._sealed.lifetimes.horizon())
        if start > end:
            return []
        found = [self._catalog.select(selector, start, end, Budget()).labels for selector in (selectors or [()])]
        if len(found) == 1:
            return list(found[0])
        return sorted({labels for part in found for labels in part}, key=lambda labels: labels.canonical)


def select_from(view: HeadView, selection: Selection, limits: tuple[int, int]) -> Rows:
    """The rows of a waiting segment that a read wants: of these series, from ``limits[0]`` to ``limits[1]`` (ms)."""
    places = np.full(int(selection.refs.max()) + 1, -1, np.int64)
    places[selection.refs] = np.arange(len(selection))
    columns, size = view.columns, len(view.columns)
    out = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.uint64)
    count = select_waiting(columns.refs, columns.timestamps, columns.bits, places, limits, out)
    return out[0][:count].copy(), out[1][:count].copy(), out[2][:count].copy(), np.full(count, view.number, np.uint64)


def place_stored(block: dict[str, Any], wanted: UInt64s, by_id: Int64s) -> Rows:
    """A block of ClickHouse's rows; ``wanted`` are the sorted ids, ``by_id`` their places."""
    places = np.empty(len(block["id"]), np.int64)
    place_ids(block["id"], wanted, by_id, places)
    return places, block["timestamp"], block["value"].view(np.uint64), block["seq"]


def assemble(series: int, parts: list[Rows]) -> Recent:
    """Rows of any order as samples by series; empties ``parts``, whose memory is wanted."""
    if not parts:
        return Recent.none(series)
    columns: list[list[Any]] = [[part[k] for part in parts] for k in range(4)]
    parts.clear()
    places, timestamps, bits, seqs = (np.concatenate(columns.pop(0)) for _ in range(4))  # each column once in memory, not twice
    size = len(places)
    ends, order = np.zeros(series + 1, np.int64), np.empty(size, np.int64)
    group(places, ends, order)
    offsets, out = np.zeros(series + 1, np.int64), (np.empty(size, np.int64), np.empty(size, np.uint64), np.empty(size, np.uint64))
    count = merge(order, ends, (timestamps, bits, seqs), offsets, out)
    return Recent(Samples(offsets, out[0][:count], out[1][:count]), out[2][:count])


def series_set(labels: Sequence[Labels], samples: Samples, histograms: HistogramSet | None) -> SeriesSet:
    """The samples under their labels, series without samples left out."""
    if histograms is not None:
        samples = beside(samples, histograms)
    counts = np.diff(samples.offsets)
    if histograms is not None:
        counts = counts + np.diff(histograms.offsets)
        histograms = replace(histograms, offsets=_only(histograms.offsets, counts > 0))
    return SeriesSet(
        labels=[labels[k] for k in np.flatnonzero(counts).tolist()],
        offsets=_only(samples.offsets, counts > 0),
        timestamps=samples.times,
        values=samples.bits.view(np.float64),
        histograms=histograms,
    )


def beside(samples: Samples, histograms: HistogramSet) -> Samples:
    """The floats that are none of a histogram's moment: a sample is one or the other, and the histogram says more."""
    kept = np.ones(len(samples.times), np.bool_)
    for series in np.flatnonzero((np.diff(samples.offsets) > 0) & (np.diff(histograms.offsets) > 0)).tolist():
        rows, others = (slice(offsets[series], offsets[series + 1]) for offsets in (samples.offsets, histograms.offsets))
        kept[rows] = ~np.isin(samples.times[rows], histograms.timestamps[others])
    if kept.all():
        return samples
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)])
    return Samples(before[samples.offsets], samples.times[kept], samples.bits[kept])


def _only(offsets: Int64s, keep: NDArray[np.bool_]) -> Int64s:
    """The offsets without the series that have no samples at all."""
    return np.concatenate([np.zeros(1, np.int64), offsets[1:][keep]])
