"""Which days a read takes from roll-ups.

A day is taken from roll-ups only as a whole, and only where that changes no answer: when every window of the query that begins or ends in
the day does so at the end of a roll-up. Such a query is made of whole ones, whatever the others do; what cuts them reads samples. The
longest roll-ups that fit are taken.

Roll-ups are those of the last merge, so a day takes samples while anything of it is newer: in the head, in rows, in sealed chunks, or a
tombstone that no merge has applied. A read looks in this order, and reads roll-ups last: what is committed, sealed or merged in the
meantime makes the day take samples, or is in the roll-ups already.

Where samples are gone, or go at this very time, windows that cut roll-ups are moved back to whole ones, if that leaves most of them
where they were; where a query does not mind, those of other days as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.storage.client import Handle
from fusewatch.storage.partitions import DAY_HOURS, find_blocks, find_days, find_rollups
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.rollups import NEEDS, RESOLUTIONS, Windows

_DAY_MS: Final = DAY_HOURS * HOUR_MS


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a read from ``start`` to ``end`` (ms, both ends); ``resolution`` (ms) of its roll-ups, 0 for samples."""

    start: int
    end: int
    resolution: int = 0


@dataclass(frozen=True, slots=True)
class StoredDays:
    """What there is of each day (its start, ms): resolutions of roll-ups, merged chunks, and what no merge has seen yet."""

    rolled: Mapping[int, Sequence[int]]
    merged: frozenset[int]
    unsettled: frozenset[int]

    @classmethod
    def look(cls, handle: Handle) -> StoredDays:
        """What there is now. Blocks."""
        rows, days = find_blocks(handle), find_days(handle)
        unsettled = {one.day for one in rows} | {one.day for one in days if one.sealed}
        return cls(
            {day * HOUR_MS: sorted(sizes) for day, sizes in find_rollups(handle).items()},
            frozenset(one.day * HOUR_MS for one in days if one.merged),
            frozenset(day * HOUR_MS for day in unsettled),
        )


class Chooser:
    """Chooses for one read, from ``start`` to ``end`` (ms), of series whose samples are all kept since ``oldest``."""

    def __init__(self, windows: Sequence[Windows], start: int, end: int, oldest: int) -> None:
        self._windows = windows
        self._start = start
        self._end = end
        self._oldest = oldest
        edges = np.unique(np.concatenate([np.empty(0, np.int64), *(one.edges() for one in windows if one.function in NEEDS)]))
        self._cut = {resolution: _days(edges[edges % resolution != 0]) for resolution in RESOLUTIONS}
        self._rough = all(one.rough for one in windows)

    @property
    def is_pointless(self) -> bool:
        """Whether samples are all that can be read, whatever there is."""
        if not self._windows or any(one.function not in NEEDS for one in self._windows):
            return True
        if self._rough or self._start < self._oldest:
            return False
        first, last = _day(self._start), _day(self._end)
        finest = self._cut[min(RESOLUTIONS)]
        return all(day in finest for day in range(first, last + 1, _DAY_MS))

    def days(self, stored: StoredDays) -> list[int]:
        """The days (ms) of the read that have roll-ups, ascending."""
        return [day for day in sorted(stored.rolled) if _day(self._start) <= day <= self._end]

    def spans(self, stored: StoredDays, deleted: set[int]) -> list[Span]:
        """The parts of the read in order of time; ``deleted``: days of which something was deleted that no merge has applied."""
        found: list[Span] = []
        at = self._start
        for day in self.days(stored):
            resolution = self._resolution(day, stored, deleted)
            if resolution == 0:
                continue
            if at < day:
                found.append(Span(at, day - 1))
            last = found[-1] if found else None
            if last is not None and (last.resolution, last.end + 1) == (resolution, day):
                found[-1] = Span(last.start, day + _DAY_MS - 1, resolution)
            else:
                found.append(Span(day, day + _DAY_MS - 1, resolution))
            at = max(at, day + _DAY_MS)
        return [*found, Span(at, self._end)] if at <= self._end else found

    def _resolution(self, day: int, stored: StoredDays, deleted: set[int]) -> int:
        there = stored.rolled[day]
        exact = [resolution for resolution in there if day not in self._cut[resolution]]
        if day < self._oldest or not (day in stored.merged or day in stored.unsettled):
            return max(exact, default=0) or min(filter(self._may_round, there), default=0)
        if day in stored.unsettled or day in deleted:
            return 0
        # The day's first window reaches back before it, perhaps beyond what is kept, and would then take kept samples along.
        kept = {resolution for resolution in there if day - resolution >= self._oldest}
        return max(kept.intersection(exact), default=0) or min(filter(self._may_blur, kept), default=0)

    def _may_round(self, resolution: int) -> bool:
        return all(one.may_round(resolution) for one in self._windows)

    def _may_blur(self, resolution: int) -> bool:
        """Whether windows may be moved although the samples are there: steps that are shorter would only repeat themselves."""
        return self._rough and self._may_round(resolution) and all(one.count == 1 or one.step >= resolution for one in self._windows)


def _day(time: int) -> int:
    return time - time % _DAY_MS


def _days(edges: np.ndarray[tuple[int], np.dtype[np.int64]]) -> frozenset[int]:
    """The days (ms) that have any of the edges inside."""
    return frozenset(np.unique(edges - edges % _DAY_MS).tolist())
