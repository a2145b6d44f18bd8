"""Roll-ups in place of samples: what a selector or a function sees of them."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.durations import format_duration
from fusewatch.telemetry.rollups import NEEDS, Aggregate, Rolled
from fusewatch.telemetry.samples import STALE_BITS, Float64s, Int64s, SeriesSet

#: The function of a range selector that is shown as it is: no roll-up can stand in for its samples.
SHOWN: Final = "[]"


class RollupUse(Enum):
    """Whether a query may be answered from roll-ups.

    Never; where its windows are made of whole ones, and where samples are gone; or also where that moves windows back to whole ones.
    """

    NEVER = "0"
    EXACT = ""
    ROUGH = "1"


def last_samples(series: SeriesSet, rolled: Rolled) -> SeriesSet:
    """What a look-back sees: of each window the last sample at its own time, a staleness marker where that ends the series."""
    counts, lasts = rolled.columns[Aggregate.COUNT], rolled.columns[Aggregate.LAST]
    bits = np.where(counts & 1, np.uint64(STALE_BITS), lasts.view(np.uint64))
    return SeriesSet(series.labels, series.offsets, rolled.columns[Aggregate.LAST_TIME], bits.view(np.float64))


def with_samples(series: SeriesSet, rolled: Rolled) -> SeriesSet:
    """The rows of a series that stand for any sample: ranges do not see staleness markers."""
    kept: NDArray[np.bool_] = rolled.columns[Aggregate.COUNT] > 1
    if kept.all():
        return series
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
    return SeriesSet(series.labels, before[series.offsets], series.timestamps[kept], series.values[kept], rolled=rolled.only(kept))


def as_values(series: SeriesSet, rolled: Rolled, function: str) -> SeriesSet:
    """The series with what ``function`` looks at as its values."""
    wanted = NEEDS[function][0]
    return replace(series, values=sample_counts(rolled) if wanted is Aggregate.COUNT else rolled.columns[wanted])


def sample_counts(rolled: Rolled) -> Float64s:
    """How many samples each row stands for (n) float64."""
    return (rolled.columns[Aggregate.COUNT] >> 1).astype(np.float64)


def described(rolled: Rolled, ends: Int64s, range_ms: int) -> str:
    """What to tell of windows (ends (steps) int64 ms) that were answered from roll-ups; "" where none was."""
    resolutions = rolled.spans.within(int(ends[0]) - range_ms, int(ends[-1])) if len(ends) else []
    if not resolutions:
        return ""
    moved = any((rolled.spans.moved(edges) != edges).any() for edges in ((ends, ends - range_ms) if range_ms else (ends,)))
    names = " and ".join(format_duration(resolution) for resolution in resolutions)
    return f"answered from {names} roll-ups" + (", windows moved back to whole ones" if moved else "")
