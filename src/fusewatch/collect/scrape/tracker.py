"""Which series of a target the store holds as alive, and the batches that say so."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fusewatch.collect.scrape.report import ReportSeries, ScrapeReport
from fusewatch.telemetry.exposition.page import Page
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_NAN, ExemplarRows, Float64s, HistogramRows, Int64s, SampleBatch, UInt64s

#: Samples further ahead than this are left out, as Prometheus does: a broken clock must not make a series unreadable.
MOST_AHEAD_MS = 10 * 60_000
_NONE: UInt64s = np.empty(0, np.uint64)


class SeriesTracker:
    """The series of one target across scrapes, reloads and losses.

    The marker of a series that is gone is a float, also of one of native histograms (Prometheus makes it a histogram whose sum is the
    marker, as its blocks hold one kind each): an instant query takes the latest sample of either kind, finds the marker and shows nothing,
    and a range leaves markers out before it looks at what kinds it holds.

    ``unnamed`` holds the labels that the store was not told yet. What :meth:`batch` assumes comes true with :meth:`written`.
    """

    def __init__(self, target: Labels, *, track_timestamps: bool) -> None:
        self._target = target
        self._track_timestamps = track_timestamps
        self._alive = _NONE
        self._reported = False
        self._shown = _NONE
        self.unnamed: dict[int, Labels] = {}

    @cached_property
    def _report(self) -> ReportSeries:
        """Made at the first scrape: thousands of new targets at once should not pay for it."""
        return ReportSeries(self._target)

    @property
    def series(self) -> int:
        """How many series the target showed at its last good scrape."""
        return len(self._shown)

    def count_added(self, page: Page) -> int:
        """How many series of the page were not on the good page before."""
        return len(_without(_all_series(page), self._shown))

    def batch(self, page: Page | None, timestamp: int, report: ScrapeReport) -> SampleBatch:
        """The page's samples, markers for what was alive and is gone, and the report, all at ``timestamp`` unless a line has its own."""
        gone = self._alive if page is None else _without(self._alive, _all_series(page))
        if not self._reported:
            self.unnamed.update(zip(self._report.ids.tolist(), self._report.labels, strict=True))
        parts: list[tuple[UInt64s, Int64s, Float64s]] = [(self._report.ids, np.full(len(self._report.ids), timestamp), report.values)]
        histograms, exemplars = HistogramRows.empty(), ExemplarRows.empty()
        if page is not None:
            parts.append(_samples(page, timestamp))
            histograms, exemplars = _histograms(page, timestamp), _stamped_exemplars(page.exemplars, timestamp)
        parts.append((gone, np.full(len(gone), timestamp), np.full(len(gone), STALE_NAN)))
        ids, times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        return SampleBatch(ids, times, values, dict(self.unnamed), histograms, exemplars)

    def end(self, timestamp: int) -> SampleBatch:
        """Markers for all that is alive, the report included: the target is gone. Empty when nothing was ever written."""
        ids = np.concatenate([self._alive, self._report.ids]) if self._reported else _NONE
        return SampleBatch(ids, np.full(len(ids), timestamp), np.full(len(ids), STALE_NAN))

    def written(self, page: Page | None, *, named: bool = True) -> None:
        """The store took the batch; ``named`` is False when it may not have kept the labels of new series."""
        self._reported = True
        self._alive = _NONE if page is None else self._tracked(page)
        if page is not None:
            self._shown = _all_series(page)
        if named:
            self.unnamed.clear()

    def _tracked(self, page: Page) -> UInt64s:
        """Series with timestamps of their own end by themselves, unless the job says otherwise."""
        return _all_series(page) if self._track_timestamps else page.series


def _all_series(page: Page) -> UInt64s:
    return np.concatenate([page.series, page.timed_series]) if len(page.timed_series) else page.series


def _stamp(timestamps: Int64s, timestamp: int) -> tuple[Int64s, NDArray[np.bool_]]:
    """The timestamps, that of the scrape where there is none, and which of them are not too far ahead."""
    stamped = np.where(timestamps == NO_TIMESTAMP, timestamp, timestamps)
    return stamped, stamped <= timestamp + MOST_AHEAD_MS


def _samples(page: Page, timestamp: int) -> tuple[UInt64s, Int64s, Float64s]:
    """Ids, times and values of the page's samples, and of the zeros where their metrics began."""
    stamped, good = _stamp(page.timestamps, timestamp)
    times, values = stamped[good], page.values[good]
    if page.starts is None:
        return page.ids[good], times, values
    return page.starts.with_zeros(np.flatnonzero(good), times, values)


def _histograms(page: Page, timestamp: int) -> HistogramRows:
    """The same for native histograms."""
    stamped, good = _stamp(page.histograms.timestamps, timestamp)
    rows, kept = replace(page.histograms, timestamps=stamped), np.flatnonzero(good)
    rows = rows if good.all() else rows.take(kept.tolist())
    return rows if page.starts is None else page.starts.with_zero_histograms(kept, rows)


def _stamped_exemplars(rows: ExemplarRows, timestamp: int) -> ExemplarRows:
    stamped, good = _stamp(rows.timestamps, timestamp)
    if good.all():
        return replace(rows, timestamps=stamped)
    labels = (rows.labels[rows.offsets[k] : rows.offsets[k + 1]].tobytes() for k in np.flatnonzero(good))
    return ExemplarRows.of(list(zip(rows.ids[good].tolist(), stamped[good].tolist(), rows.values[good].tolist(), labels, strict=True)))


def _without(some: UInt64s, others: UInt64s) -> UInt64s:
    """Of ``some`` what ``others`` lacks; at once where nothing changed, as almost always."""
    if len(some) == len(others) and np.array_equal(some, others):
        return _NONE
    return np.setdiff1d(some, others, assume_unique=True)
