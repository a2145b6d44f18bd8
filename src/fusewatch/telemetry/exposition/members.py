"""Classic histograms of a page that are stored as native ones with custom buckets: their parts are put together here.

As Prometheus does for ``convert_classic_histograms_to_nhcb`` (model/textparse/nhcbparse.go), but for one thing: the lines of a histogram
need not stand next to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fusewatch.telemetry.exposition.custom_buckets import write_custom
from fusewatch.telemetry.exposition.errors import ExpositionError
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.page import first_of_each
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.exposition.slots import SERIES, Slots
from fusewatch.telemetry.exposition.walker import DROPPED
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Float64s, HistogramRows, Int64s

_LE = "le"


@dataclass(frozen=True, slots=True)
class Joined:
    """What becomes of a page's rows of samples: ``kept`` (rows) go on as samples of ``slots``, the others are in ``histograms``.

    ``more_scraped`` and ``more_kept``: what that adds to the page's counts. ``is_repeated``: a kept series comes twice.
    """

    kept: Int64s
    slots: Int64s
    histograms: HistogramRows
    more_scraped: int
    more_kept: int
    is_repeated: bool


class Members:
    """The parts of one target's histograms. ``series`` gives the slot of a label set after relabelling, or DROPPED."""

    def __init__(self, slots: Slots, series: Callable[[dict[str, str]], int], choice: HistogramChoice) -> None:
        self._slots = slots
        self._series = series
        self._keeps_classic = choice.classic_too
        self._bucket_limit = choice.bucket_limit
        #: Histograms by the id of their labels before relabelling, and the slot of each one's series.
        self._known: dict[int, int] = {}
        self._of: Int64s = np.empty(16, np.int64)

    def slot(self, labels: dict[str, str], family: str, role: int, bound: float = 0.0) -> int:
        """The slot of a part of a histogram, by the labels of its classic series."""
        line = Labels(labels).id
        slot = self._slots.of_part(line)
        if slot is not None:
            return slot
        owner = self._owner({name: value for name, value in labels.items() if name != _LE} | {METRIC_NAME: family})
        link = self._series(labels) if self._keeps_classic else DROPPED
        series = self._of[owner]
        if series == DROPPED:
            return link
        return self._slots.add_part(line, role, owner, int(self._slots.ids[series]), link=link, bound=bound)

    def _owner(self, labels: dict[str, str]) -> int:
        """The histogram with these labels."""
        known = Labels(labels).id
        owner = self._known.get(known)
        if owner is None:
            owner = self._known[known] = len(self._known)
            if owner == len(self._of):
                self._of = np.concatenate([self._of, np.empty_like(self._of)])
            self._of[owner] = self._series(labels)
        return owner

    def join(self, slots: Int64s, times: Int64s, values: Float64s, stamp: int) -> Joined | None:
        """Takes the parts out of a page's rows and makes histograms of them; None where there are no parts.

        Raises:
            ExpositionError: a histogram has more buckets than the job allows; they can't be merged.
        """
        if not self._slots.has_parts:
            return None
        is_part = self._slots.roles[slots] != SERIES
        parts = np.flatnonzero(is_part)
        found, histograms = self._histograms(slots[parts], times[parts], values[parts])
        if self._show(found, histograms.timestamps, stamp):
            histograms = histograms.take(first_of_each(np.arange(len(found)), histograms.ids, histograms.timestamps))
        links = np.where(is_part, self._slots.links[slots], slots)
        kept, linked = np.flatnonzero(links >= 0), np.flatnonzero(is_part & (links >= 0))
        is_repeated = self._show(links[linked], times[linked], stamp)
        return Joined(
            kept,
            links[kept],
            histograms,
            more_scraped=len(found) - (0 if self._keeps_classic else len(parts)),
            more_kept=len(found) - len(parts) + len(linked),
            is_repeated=is_repeated,
        )

    def _show(self, slots: Int64s, times: Int64s, stamp: int) -> bool:
        """Notes which series are on the page; whether one is there twice."""
        again = bool((self._slots.seen[slots] == stamp).any()) or len(np.unique(slots)) < len(slots)
        self._slots.seen[slots] = stamp
        self._slots.timed[slots] = times != NO_TIMESTAMP
        return again

    def _histograms(self, slots: Int64s, times: Int64s, values: Float64s) -> tuple[Int64s, HistogramRows]:
        """The histograms of these parts, and the slots of their series."""
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
        found = self._of[owners[firsts]]
        bodies = words[: offsets[-1]].copy().view(np.uint8)
        return found, HistogramRows(table.ids[found], times[firsts], offsets * 8, bodies)
