"""What several lines of a page say of one metric: the parts of a classic histogram are put together here, and starts told to samples.

As Prometheus does for ``convert_classic_histograms_to_nhcb`` (model/textparse/nhcbparse.go) and for ``_created`` lines, but for one thing:
the lines of a metric need not stand next to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.custom_buckets import write_custom
from fusewatch.telemetry.exposition.errors import ExpositionError
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.page import first_of_each
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.exposition.slots import CREATED, SERIES, Slots
from fusewatch.telemetry.exposition.walker import DROPPED
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Float64s, HistogramRows, Int64s

_UNNAMED: Final = -2
#: Start times further away are none.
_MOST_SECONDS: Final = 2.0**43


@dataclass(frozen=True, slots=True)
class Joined:
    """What becomes of a page's rows of samples: ``kept`` (rows) go on as samples of ``slots``, the others are in ``histograms``.

    ``starts`` are those of the rows kept (ms, 0: none), ``histogram_slots`` and ``histogram_starts`` of the histograms. ``more_scraped``
    and ``more_kept``: what that adds to the page's counts. ``is_repeated``: a kept series comes twice.
    """

    kept: Int64s
    slots: Int64s
    starts: Int64s
    histograms: HistogramRows
    histogram_slots: Int64s
    histogram_starts: Int64s
    more_scraped: int
    more_kept: int
    is_repeated: bool


class Members:
    """The metrics of one target whose lines belong together. ``series`` gives the slot of a label set after relabelling, or DROPPED."""

    def __init__(self, slots: Slots, series: Callable[[dict[str, str]], int], choice: HistogramChoice) -> None:
        self._slots = slots
        self._series = series
        self._keeps_classic = choice.classic_too
        self._bucket_limit = choice.bucket_limit
        #: Metrics by the id of their labels before relabelling, and the slot of each one's native histogram.
        self._known: dict[int, int] = {}
        self._of: Int64s = np.full(16, _UNNAMED)

    def part(self, labels: dict[str, str], family: str, role: int, bound: float = 0.0) -> int:
        """The slot of a part of a histogram, by the labels of its classic series."""
        line = Labels(labels).id
        slot = self._slots.of_part(line)
        if slot is not None:
            return slot
        metric = _metric(labels, family, "le")
        owner = self._owner(metric)
        if self._of[owner] == _UNNAMED:
            self._of[owner] = self._series(metric)
        link = self._series(labels) if self._keeps_classic else DROPPED
        if self._of[owner] == DROPPED:
            return link
        return self._slots.add_part(line, role, owner, int(self._slots.ids[self._of[owner]]), link=link, bound=bound)

    def created(self, labels: dict[str, str], family: str) -> int:
        """The slot of the line that says when a metric began."""
        line = Labels(labels).id
        slot = self._slots.of_part(line)
        return self._slots.add_part(line, CREATED, self._owner(_metric(labels, family))) if slot is None else slot

    def started(self, labels: dict[str, str], family: str, bound: str = "") -> int:
        """The slot of a series whose metric may say when it began; ``bound`` is the label that tells the metric's series apart."""
        slot = self._series(labels)
        if slot != DROPPED:
            self._slots.own(slot, self._owner(_metric(labels, family, bound)))
        return slot

    def join(self, slots: NDArray[np.signedinteger], times: Int64s, values: Float64s, starts: Int64s, stamp: int) -> Joined | None:
        """Takes what is no series out of a page's rows and makes histograms of the parts; None where all are series.

        ``starts`` are what the rows say of themselves already, in milliseconds.

        Raises:
            ExpositionError: a histogram has more buckets than the job allows; they can't be merged.
        """
        table = self._slots
        if not table.has_members:
            return None
        roles = table.roles[slots]
        starts = self._starts(slots, values, starts, roles == CREATED)
        is_part = (roles != SERIES) & (roles != CREATED)
        parts = np.flatnonzero(is_part)
        firsts, histograms = self._histograms(slots[parts], times[parts], values[parts])
        firsts = parts[firsts]
        found = self._of[table.owners[slots[firsts]]]
        scraped = len(found)
        if self._show(found, histograms.timestamps, stamp):
            once = first_of_each(np.arange(scraped), histograms.ids, histograms.timestamps)
            found, firsts, histograms = found[once], firsts[once], histograms.take(once)
        links = np.where(roles == SERIES, slots, table.links[slots]).astype(np.int64)
        kept, linked = np.flatnonzero(links >= 0), np.flatnonzero(is_part & (links >= 0))
        is_repeated = self._show(links[linked], times[linked], stamp)
        created = int(np.count_nonzero(roles == CREATED))
        return Joined(
            kept,
            links[kept],
            starts[kept],
            histograms,
            found,
            starts[firsts],
            more_scraped=scraped - created - (0 if self._keeps_classic else len(parts)),
            more_kept=scraped - created - len(parts) + len(linked),
            is_repeated=is_repeated,
        )

    def _owner(self, metric: dict[str, str]) -> int:
        """The number of the metric with these labels."""
        owner = self._known.setdefault(Labels(metric).id, len(self._known))
        if owner == len(self._of):
            self._of = np.concatenate([self._of, np.full_like(self._of, _UNNAMED)])
        return owner

    def _starts(self, slots: NDArray[np.signedinteger], values: Float64s, starts: Int64s, is_created: NDArray[np.bool_]) -> Int64s:
        """When the metric of each row began: what the row says, or another line of the page."""
        said = np.flatnonzero(is_created)
        if not len(said):
            return starts
        seconds, owners = values[said], self._slots.owners[slots]
        by_metric = np.zeros(len(self._known) + 1, np.int64)  # the last one, -1, for rows of no metric
        good = np.abs(seconds) < _MOST_SECONDS
        by_metric[owners[said[good]]] = (seconds[good] * 1000.0).astype(np.int64)
        found: Int64s = by_metric[owners]
        return found

    def _show(self, slots: Int64s, times: Int64s, stamp: int) -> bool:
        """Notes which series are on the page; whether one is there twice."""
        again = bool((self._slots.seen[slots] == stamp).any()) or len(np.unique(slots)) < len(slots)
        self._slots.seen[slots] = stamp
        self._slots.timed[slots] = times != NO_TIMESTAMP
        return again

    def _histograms(self, slots: NDArray[np.signedinteger], times: Int64s, values: Float64s) -> tuple[Int64s, HistogramRows]:
        """The histograms of these parts, and a row of each."""
        table, owners, n = self._slots, self._slots.owners[slots], len(slots)
        order = np.lexsort((times, owners))
        slots, times, owners = slots[order], times[order], owners[order]
        begins = np.ones(n, np.int64)
        begins[1:] = (owners[1:] != owners[:-1]) | (times[1:] != times[:-1])
        rows = (np.cumsum(begins), table.roles[slots], table.bounds[slots], values[order])
        firsts, offsets, words = np.empty(n, np.int64), np.empty(n + 1, np.int64), np.empty(12 * n, np.uint64)
        count, most = write_custom(rows, np.empty(n + 1), np.empty(n + 1), (firsts, offsets, words))
        if 0 < self._bucket_limit < most:
            raise ExpositionError("histogram bucket limit exceeded")
        firsts, offsets = firsts[:count], offsets[: count + 1]
        ids, bodies = table.ids[slots[firsts]], words[: offsets[-1]].copy().view(np.uint8)
        return order[firsts], HistogramRows(ids, times[firsts], offsets * 8, bodies)


def _metric(labels: dict[str, str], family: str, bound: str = "") -> dict[str, str]:
    """The labels of the metric that a line belongs to."""
    return {name: value for name, value in labels.items() if name != bound} | {METRIC_NAME: family}
