"""From the rows that a walk over a page wrote to the page, whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.members import Members
from fusewatch.telemetry.exposition.page import Page, first_of_each
from fusewatch.telemetry.exposition.slots import SERIES, Slots
from fusewatch.telemetry.exposition.starts import PageStarts
from fusewatch.telemetry.samples import Float64s, HistogramRows, Int64s
from fusewatch.telemetry.zero_samples import ZeroSamples

_Slots = NDArray[np.signedinteger]


def _no_rows() -> Int64s:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class PageRows:
    """Samples by slot, with where each stands on the page, and native histograms, with when their metrics began (ms, 0: not told).

    ``scraped`` counts all samples of the page, ``kept`` those that were not dropped; ``is_repeated``: a series may come twice.
    """

    places: Int64s
    slots: _Slots
    times: Int64s
    values: Float64s
    starts: Int64s
    scraped: int
    kept: int
    is_repeated: bool
    histograms: HistogramRows = field(default_factory=HistogramRows.empty)
    histogram_slots: _Slots = field(default_factory=_no_rows)
    histogram_starts: Int64s = field(default_factory=_no_rows)

    def page(self, table: Slots, stamp: int, members: Members | None, zeros: ZeroSamples | None) -> Page:
        """The page; ``stamp`` is that of its walk. ``members``: what lines that belong together are made of. ``zeros``: what starts become.

        Raises:
            ExpositionError: a histogram has more buckets than the job allows.
        """
        rows = self._joined(members, stamp)
        if rows.is_repeated:
            rows = rows._first_of_each(table)  # noqa: SLF001 - of its own kind
        shown = len(table.ids)
        seen, timed = table.seen[:shown] == stamp, table.timed[:shown]
        if table.has_members:
            seen &= table.roles[:shown] == SERIES
        return Page(
            ids=table.ids[rows.slots],
            timestamps=rows.times,
            values=rows.values,
            series=table.ids[seen & ~timed],
            timed_series=table.ids[seen & timed],
            scraped=rows.scraped,
            kept=rows.kept,
            duplicates=rows.kept - len(rows.slots) - len(rows.histograms),
            histograms=rows.histograms,
            starts=rows._told(table, zeros) if zeros is not None else None,  # noqa: SLF001
        )

    def _joined(self, members: Members | None, stamp: int) -> PageRows:
        joined = None if members is None else members.join(self.slots, self.times, self.values, self.starts, stamp)
        if joined is None:
            return self
        kept = joined.kept
        return replace(
            self,
            places=self.places[kept],
            slots=joined.slots,
            times=self.times[kept],
            values=self.values[kept],
            starts=joined.starts,
            scraped=self.scraped + joined.more_scraped,
            kept=self.kept + joined.more_kept,
            is_repeated=self.is_repeated or joined.is_repeated,
            histograms=self.histograms.followed_by(joined.histograms),
            histogram_slots=np.concatenate([self.histogram_slots, joined.histogram_slots]),
            histogram_starts=np.concatenate([self.histogram_starts, joined.histogram_starts]),
        )

    def _first_of_each(self, table: Slots) -> PageRows:
        """Of two samples of one series and time the first."""
        first = first_of_each(self.places, table.ids[self.slots], self.times)
        once = first_of_each(np.arange(len(self.histograms)), self.histograms.ids, self.histograms.timestamps)
        return replace(
            self,
            slots=self.slots[first],
            times=self.times[first],
            values=self.values[first],
            starts=self.starts[first],
            histograms=self.histograms.take(once),
            histogram_slots=self.histogram_slots[once],
            histogram_starts=self.histogram_starts[once],
        )

    def _told(self, table: Slots, zeros: ZeroSamples) -> PageStarts | None:
        """The starts, if any."""
        if not self.starts.any() and not self.histogram_starts.any():
            return None
        slots, histogram_slots = self.slots.astype(np.uint32), self.histogram_slots.astype(np.uint32)
        return PageStarts(zeros, table.ids, slots, self.starts, histogram_slots, self.histogram_starts)
