"""Counts series by group, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.cardinality import Order, Share
from fusewatch.storage.series_kernels import UInt32s
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

_DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Series (n): their first and last hour (since the epoch), and samples a second."""

    first: UInt32s
    last: UInt32s
    rates: Float64s

    def only(self, keep: NDArray[np.bool_]) -> SeriesFacts:
        """The series for which ``keep`` (n) is true."""
        return SeriesFacts(self.first[keep], self.last[keep], self.rates[keep])


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Groups (n) by ascending ``keys``: what :class:`fusewatch.storage.cardinality.Share` tells of each."""

    keys: UInt64s
    series: Int64s
    active: Int64s
    new: Int64s
    growth: Int64s
    rates: Float64s

    @classmethod
    def of(cls, keys: UInt64s, facts: SeriesFacts, hour: int) -> GroupCounts:
        """Counts series (n) by their group's key (n) as of an hour since the epoch."""
        names, places = np.unique(keys, return_inverse=True)

        def count(which: NDArray[np.bool_]) -> Int64s:
            return np.bincount(places[which], minlength=len(names)).astype(np.int64)

        active = count(_active(facts, hour))
        return cls(
            keys=names,
            series=np.bincount(places, minlength=len(names)).astype(np.int64),
            active=active,
            new=count((facts.first > hour - _DAY_HOURS) & (facts.first <= hour)),
            growth=active - count(_active(facts, hour - _DAY_HOURS)),
            rates=np.bincount(places, facts.rates, len(names)).astype(np.float64),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, keep: NDArray[np.bool_]) -> GroupCounts:
        """The groups for which ``keep`` (n) is true."""
        return GroupCounts(self.keys[keep], self.series[keep], self.active[keep], self.new[keep], self.growth[keep], self.rates[keep])

    def share(self, row: int) -> Share:
        """What is told of a group."""
        return Share(int(self.series[row]), int(self.active[row]), int(self.new[row]), int(self.growth[row]), float(self.rates[row]))

    def total(self) -> Share:
        """All groups together."""
        series, active, new, growth = (int(column.sum()) for column in (self.series, self.active, self.new, self.growth))
        return Share(series, active, new, growth, float(self.rates.sum()))

    def largest(self, order: Order, limit: int, sizes: Int64s | None = None) -> list[int]:
        """The rows of the largest groups; ``sizes`` (n) are their bytes. Of equal ones the one with more series comes first."""
        columns: dict[Order, Int64s | Float64s | None] = {
            Order.SERIES: self.series,
            Order.SAMPLES: self.rates,
            Order.BYTES: sizes,
            Order.NEW: self.new,
            Order.GROWTH: self.growth,
        }
        by = columns[order]
        found: list[int] = np.lexsort((-self.series, -(self.series if by is None else by)))[:limit].tolist()
        return found


def _active(facts: SeriesFacts, hour: int) -> NDArray[np.bool_]:
    """Which series were seen in an hour or the one before, or before and after it."""
    seen: NDArray[np.bool_] = (facts.first <= hour) & (facts.last >= hour - 1)
    return seen
