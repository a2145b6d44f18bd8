"""What one page of a target says, whatever format it came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fusewatch.telemetry.exposition.lines import MetadataLine
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.exposition.starts import PageStarts
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import ExemplarRows, Float64s, HistogramRows, Int64s, UInt64s

#: What a sample's labels become: the series' labels, or None when it is dropped. What it raises refuses the page.
Naming = Callable[[dict[str, str]], Labels | None]


@dataclass(frozen=True, slots=True)
class Page:
    """The samples of one page.

    ``ids`` (n) uint64; ``timestamps`` (n) int64 ms, NO_TIMESTAMP where the line has none; ``values`` (n) float64. ``histograms`` and
    ``exemplars`` have timestamps likewise. ``series`` and ``timed_series``: ids of the series on the page, without and with a timestamp
    of their own. ``scraped`` counts all samples, ``kept`` those that were not dropped, ``duplicates`` the kept ones that are left out
    because their series stood on the page before. ``metadata``: what is said of families and was not known before. ``starts``: when
    metrics began, where that is asked for and told.
    """

    ids: UInt64s
    timestamps: Int64s
    values: Float64s
    series: UInt64s
    timed_series: UInt64s
    scraped: int
    kept: int
    duplicates: int
    metadata: Sequence[MetadataLine] = ()
    histograms: HistogramRows = field(default_factory=HistogramRows.empty)
    exemplars: ExemplarRows = field(default_factory=ExemplarRows.empty)
    starts: PageStarts | None = None


def first_of_each(places: Int64s, ids: UInt64s, timestamps: Int64s) -> list[int]:
    """Rows to keep: the first of its series and timestamp; without a timestamp, only the first of its series. Rare, so plain Python.

    ``places`` (n) says in which order the rows stand on the page.
    """
    seen: set[int] = set()
    taken: set[tuple[int, int]] = set()
    rows = []
    for row in places.argsort().tolist():
        series, timestamp = int(ids[row]), int(timestamps[row])
        if (series, timestamp) in taken or (timestamp == NO_TIMESTAMP and series in seen):
            continue
        seen.add(series)
        taken.add((series, timestamp))
        rows.append(row)
    return rows
