"""Roll-ups as rooms hand them to each other: what a query will look at, and what stands in for its samples.

A roll-up is one window of a series, as long as its resolution and aligned to the epoch: the samples with ``end - resolution < timestamp
<= end``, the same ends as PromQL's ranges have. So a range whose both ends are multiples of the resolution is made of whole windows, and
what is made of their aggregates is what its samples would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.samples import Int64s

#: The resolutions that are kept, ms.
FIVE_MINUTES: Final = 300_000
ONE_HOUR: Final = 3_600_000
RESOLUTIONS: Final = (FIVE_MINUTES, ONE_HOUR)


class Aggregate(StrEnum):
    """What is known of a window beside its end. Staleness markers are no samples here; NaN is a value.

    ``COUNT`` is twice the number of samples, and 1 more where the series is stale at the window's end. ``MIN`` and ``MAX`` are NaN only
    where nothing else is. ``FALLS`` is the sum of the values before each fall: what an increase within the window must be given back.
    Times are int64 ms, counts int64, all others float64.
    """

    COUNT = "counts"
    SUM = "sums"
    MIN = "mins"
    MAX = "maxs"
    FIRST_TIME = "first_times"
    FIRST = "firsts"
    LAST_TIME = "last_times"
    LAST = "lasts"
    FALLS = "falls"


#: Those that are whole numbers.
WHOLE: Final = frozenset({Aggregate.COUNT, Aggregate.FIRST_TIME, Aggregate.LAST_TIME})
_CHANGE: Final = (Aggregate.LAST, Aggregate.FIRST, Aggregate.FIRST_TIME, Aggregate.LAST_TIME)
#: What each function that roll-ups can answer looks at, beside the counts; what it sees as the values comes first. "": a plain selector.
NEEDS: Final[Mapping[str, tuple[Aggregate, ...]]] = MappingProxyType(
    {
        "": (Aggregate.LAST, Aggregate.LAST_TIME),
        "rate": (*_CHANGE, Aggregate.FALLS),
        "increase": (*_CHANGE, Aggregate.FALLS),
        "delta": _CHANGE,
        "sum_over_time": (Aggregate.SUM,),
        "avg_over_time": (Aggregate.SUM,),
        "min_over_time": (Aggregate.MIN,),
        "max_over_time": (Aggregate.MAX,),
        "count_over_time": (Aggregate.COUNT,),
        "first_over_time": (Aggregate.FIRST,),
        "last_over_time": (Aggregate.LAST,),
        "present_over_time": (Aggregate.COUNT,),
        "absent_over_time": (Aggregate.COUNT,),
    }
)


@dataclass(frozen=True, slots=True)
class Windows:
    """What a function ("": a plain selector) will look at: ``(end - range, end]`` at ``first``, ``first + step`` …, ``count`` ends (ms).

    ``rough``: windows that cut roll-ups may be moved back to whole ones, although the samples are still there.
    """

    function: str
    first: int
    step: int
    count: int
    range_ms: int
    rough: bool = False

    def edges(self) -> Int64s:
        """Where a roll-up must not be cut: the ends, and for a function the starts (n) int64.

        Of a plain selector only the last sample before the end counts, and its time is known.
        """
        ends = self.first + self.step * np.arange(self.count, dtype=np.int64)
        return ends if not self.function else np.concatenate([ends - self.range_ms, ends])

    def may_round(self, resolution: int) -> bool:
        """Whether moving an end by less than the resolution leaves most of a window where it was."""
        return self.range_ms >= (2 * resolution if self.function else resolution)


def aggregates_of(windows: Iterable[Windows]) -> list[Aggregate]:
    """What all these functions look at, the counts first."""
    wanted = {aggregate for one in windows for aggregate in NEEDS[one.function]} | {Aggregate.COUNT}
    return [aggregate for aggregate in Aggregate if aggregate in wanted]


@dataclass(frozen=True, slots=True)
class RolledSpans:
    """Between which times windows were read instead of samples, and how long they are: (k) int64 ms each, ascending."""

    starts: Int64s
    ends: Int64s
    resolutions: Int64s

    def moved(self, edges: Int64s) -> Int64s:
        """The edges (n) as they are honoured: those within a span move back to the end of a whole window."""
        if not len(self.starts):
            return edges
        at = np.searchsorted(self.starts, edges, "right") - 1
        inside = (at >= 0) & (edges < self.ends[at])
        return np.where(inside, edges - edges % self.resolutions[at], edges)

    def within(self, start: int, end: int) -> list[int]:
        """The resolutions of the spans that have a part of ``start`` to ``end``, ascending."""
        return sorted(set(self.resolutions[(self.starts < end) & (self.ends > start)].tolist()))


@dataclass(frozen=True, slots=True)
class Rolled:
    """What stands behind the rows of a :class:`~fusewatch.telemetry.samples.SeriesSet` some of which are windows.

    ``columns`` hold the aggregates that were asked for, (n) each; those of a row that is a sample are the sample's own. The timestamp of
    a row that is a window is its end: two windows, of days next to each other, can have the same.
    """

    columns: Mapping[Aggregate, NDArray[Any]]
    spans: RolledSpans

    def only(self, rows: NDArray[np.bool_]) -> Rolled:
        """Some of the rows."""
        return Rolled({name: column[rows] for name, column in self.columns.items()}, self.spans)
