"""Sets of samples cut and put together in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from fusewatch.promql.kernels.splice import first_since, splice
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Bytes, HistogramSet, Int64s, SeriesSet


def since(series: SeriesSet, start: int) -> SeriesSet:
    """The samples from ``start`` (ms) on, of the series that have any.

    With them goes the histogram right before the first: by that one it is told whether the counter began anew.
    """
    return _together([_Part.of(series, start)])


def followed(earlier: SeriesSet, later: SeriesSet) -> SeriesSet:
    """The samples of both, all of whose second are later."""
    return _together([_Part.of(earlier), _Part.of(later)])


@dataclass(frozen=True, slots=True)
class _Part:
    """A set and what its series give: samples from ``firsts``, histograms from ``others`` (series) up to their ends."""

    series: SeriesSet
    firsts: Int64s
    others: Int64s | None

    @classmethod
    def of(cls, series: SeriesSet, start: int | None = None) -> _Part:
        """A whole set, or what it has from ``start`` (ms) on."""
        found = series.histograms
        firsts, others = series.offsets[:-1].copy(), None if found is None else found.offsets[:-1].copy()
        if start is not None:
            first_since(series.offsets, series.timestamps, start, firsts)
            if found is not None and others is not None:
                first_since(found.offsets, np.require(found.timestamps, np.int64, ["C", "W"]), start, others)
                others -= _follow(series, firsts, found, others)
        return cls(series, firsts, others)

    @property
    def counts(self) -> Int64s:
        """How many numbers each series has to give."""
        return self.series.offsets[1:] - self.firsts

    def filled(self) -> list[int]:
        """The series that have anything to give."""
        counts, found = self.counts, self.series.histograms
        if found is not None and self.others is not None:
            counts = counts + found.offsets[1:] - self.others
        return np.flatnonzero(counts).tolist()


def _follow(series: SeriesSet, firsts: Int64s, found: HistogramSet, others: Int64s) -> NDArray[np.bool_]:
    """Whether what lies right before a series' samples is a histogram (series)."""
    histograms = _before(found.offsets, found.timestamps, others)
    return histograms > _before(series.offsets, series.timestamps, firsts)


def _before(offsets: Int64s, timestamps: Int64s, firsts: Int64s) -> Int64s:
    """When the sample before the first of each series was (series) ms, long ago where there is none."""
    return np.where(firsts > offsets[:-1], np.append(timestamps, 0)[firsts - 1], np.iinfo(np.int64).min)


def _together(parts: Sequence[_Part]) -> SeriesSet:
    """What all parts have to give, in their order within each series, and the series in the order of their canonical labels."""
    filled = [part.filled() for part in parts]
    labels = _united([[part.series.labels[row] for row in rows] for part, rows in zip(parts, filled, strict=True)])
    known = {one: place for place, one in enumerate(labels)}
    places = [np.array([known[part.series.labels[row]] for row in rows], np.int64) for part, rows in zip(parts, filled, strict=True)]
    sizes = np.zeros(len(labels), np.int64)
    for part, rows, where in zip(parts, filled, places, strict=True):
        sizes[where] += part.counts[rows]
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    out, heads = (np.empty(int(offsets[-1]), np.int64), np.empty(int(offsets[-1]), np.uint64)), offsets[:-1].copy()
    for part, rows, where in zip(parts, filled, places, strict=True):
        columns = part.series.timestamps, part.series.values.view(np.uint64)
        splice(where, part.firsts[rows], part.series.offsets[1:][rows], columns, heads, out)
    histograms = _histograms(parts, filled, places, len(labels))
    return SeriesSet(labels, offsets, out[0], out[1].view(np.float64), histograms=histograms)


def _united(found: Sequence[Sequence[Labels]]) -> Sequence[Labels]:
    if all(list(one) == list(found[0]) for one in found):
        return found[0]
    return sorted({labels for one in found for labels in one}, key=lambda labels: labels.canonical)


def _histograms(parts: Sequence[_Part], filled: Sequence[list[int]], places: Sequence[Int64s], series: int) -> HistogramSet | None:
    """The native histograms of the parts; rows one by one, since there are few and they are large."""
    if all(part.series.histograms is None for part in parts):
        return None
    times: list[list[Int64s]] = [[] for _ in range(series)]
    sizes: list[list[Int64s]] = [[] for _ in range(series)]
    bodies: list[list[Bytes]] = [[] for _ in range(series)]
    for part, rows, where in zip(parts, filled, places, strict=True):
        found = part.series.histograms
        if found is None or part.others is None:
            continue
        for row, place in zip(rows, where.tolist(), strict=True):
            first, stop = int(part.others[row]), int(found.offsets[row + 1])
            times[place].append(found.timestamps[first:stop])
            sizes[place].append(np.diff(found.ends[first : stop + 1]))
            bodies[place].append(found.bodies[found.ends[first] : found.ends[stop]])
    counts = [sum(map(len, one)) for one in times]
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.concatenate([np.empty(0, np.int64), *chain.from_iterable(sizes)]))))
    return HistogramSet(
        np.cumsum([0, *counts], dtype=np.int64),
        np.concatenate([np.empty(0, np.int64), *chain.from_iterable(times)]),
        ends,
        np.concatenate([np.empty(0, np.uint8), *chain.from_iterable(bodies)]),
    )
