"""From the rows that a walk over a page wrote to the page, whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.members import Members
from fusewatch.telemetry.exposition.page import Page, first_of_each
from fusewatch.telemetry.exposition.slots import SERIES, Slots
from fusewatch.telemetry.samples import Float64s, HistogramRows, Int64s


@dataclass(frozen=True, slots=True)
class PageRows:
    """Samples by slot, with where each stands on the page, and native histograms.

    ``scraped`` counts all samples of the page, ``kept`` those that were not dropped; ``is_repeated``: a series may come twice.
    """

    places: Int64s
    slots: NDArray[np.signedinteger]
    times: Int64s
    values: Float64s
    scraped: int
    kept: int
    is_repeated: bool
    histograms: HistogramRows = field(default_factory=HistogramRows.empty)

    def page(self, table: Slots, stamp: int, members: Members | None) -> Page:
        """The page; ``stamp`` is that of its walk. ``members``: what puts classic histograms together.

        Raises:
            ExpositionError: a histogram has more buckets than the job allows.
        """
        rows = self._joined(members, stamp)
        ids, times, values, histograms = table.ids[rows.slots], rows.times, rows.values, rows.histograms
        if rows.is_repeated:
            first = first_of_each(rows.places, ids, times)
            ids, times, values = ids[first], times[first], values[first]
            histograms = histograms.take(first_of_each(np.arange(len(histograms)), histograms.ids, histograms.timestamps))
        shown = len(table.ids)
        seen, timed = (table.seen[:shown] == stamp) & (table.roles[:shown] == SERIES), table.timed[:shown]
        return Page(
            ids=ids,
            timestamps=times,
            values=values,
            series=table.ids[seen & ~timed],
            timed_series=table.ids[seen & timed],
            scraped=rows.scraped,
            kept=rows.kept,
            duplicates=rows.kept - len(ids) - len(histograms),
            histograms=histograms,
        )

    def _joined(self, members: Members | None, stamp: int) -> PageRows:
        joined = None if members is None else members.join(self.slots, self.times, self.values, stamp)
        if joined is None:
            return self
        kept = joined.kept
        return replace(
            self,
            places=self.places[kept],
            slots=joined.slots,
            times=self.times[kept],
            values=self.values[kept],
            scraped=self.scraped + joined.more_scraped,
            kept=self.kept + joined.more_kept,
            is_repeated=self.is_repeated or joined.is_repeated,
            histograms=self.histograms.followed_by(joined.histograms),
        )
