"""How full the limits on active series are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fusewatch.storage.book import SeriesBook
from fusewatch.storage.ingest_statistics import GroupStatistics, LimitStatistics
from fusewatch.storage.series_limits import Groups

_SHOWN_GROUPS: Final = 10


@dataclass(frozen=True, slots=True)
class SeriesCounts:
    """Active series by the number of their last sender, and beside each limit."""

    by_sender: Sequence[int]
    limits: Sequence[LimitStatistics]


def count_series(book: SeriesBook) -> SeriesCounts:
    """The counts of a book now."""
    limits = book.limits
    with book.lock:
        return SeriesCounts(
            book.series_by_sender(),
            (
                LimitStatistics("storage.max_series", limits.total, [GroupStatistics("", book.count)]),
                LimitStatistics("storage.max_series_per_metric", limits.per_metric, _largest(book.metrics)),
                LimitStatistics("storage.max_series_per_job", limits.per_job, _largest(book.jobs)),
            ),
        )


def _largest(groups: Groups) -> list[GroupStatistics]:
    return [GroupStatistics(name, series) for name, series in groups.largest(_SHOWN_GROUPS)]
