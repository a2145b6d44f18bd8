"""Native histograms beside the floats of vectors and ranges: which cell or sample has which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.native.edges import bucket_edges
from fusewatch.promql.kernels.native.pool import (
    BIAS,
    BOUND,
    BOUND_STOP,
    COUNT,
    FIRST,
    HINT,
    NO_RESET,
    RESET,
    SCHEMA,
    STOP,
    SUM,
    THRESHOLD,
    UNKNOWN,
    ZERO,
    Pool,
    decode,
)
from fusewatch.promql.kernels.native.resets import set_hints
from fusewatch.promql.numbers import go_general
from fusewatch.telemetry.histogram_buckets import words_of
from fusewatch.telemetry.histograms import Histogram, ResetHint, Span
from fusewatch.telemetry.samples import Bytes, HistogramSet, Int64s, is_stale

NONE: Final = Pool(np.zeros((0, 6), np.int64), np.zeros((0, 4)), np.empty(0, np.int32), np.empty(0), np.empty(0))


def decoded(ends: Int64s, bodies: Bytes) -> Pool:
    """Histograms from their binary forms: number k is ``bodies[ends[k]:ends[k + 1]]``."""
    if len(ends) < 2:
        return NONE
    words = words_of(bodies[ends[0] : ends[-1]])
    rows, most = len(ends) - 1, len(words)
    pool = Pool(np.zeros((rows, 6), np.int64), np.zeros((rows, 4)), np.empty(most, np.int32), np.empty(most), np.empty(most))
    buckets, bounds = decode(words, np.ascontiguousarray((ends - ends[0]) // 8, np.int64), pool)
    return Pool(pool.kinds, pool.numbers, pool.keys[:buckets].copy(), pool.counts[:buckets].copy(), pool.bounds[:bounds].copy())


def joined(pools: Sequence[Pool]) -> Pool:
    """The histograms of all pools, one after the other."""
    if len(pools) == 1:
        return pools[0]
    kinds, buckets, bounds = [], 0, 0
    for pool in pools:
        kinds.append(pool.kinds + np.array([0, 0, buckets, buckets, bounds, bounds]))
        buckets += len(pool.keys)
        bounds += len(pool.bounds)
    return Pool(
        np.concatenate([NONE.kinds, *kinds]),
        np.concatenate([NONE.numbers, *(pool.numbers for pool in pools)]),
        np.concatenate([NONE.keys, *(pool.keys for pool in pools)]),
        np.concatenate([NONE.counts, *(pool.counts for pool in pools)]),
        np.concatenate([NONE.bounds, *(pool.bounds for pool in pools)]),
    )


@dataclass(frozen=True, slots=True)
class Histograms:
    """The histograms of a vector: ``places`` (series, steps) int64 has each cell's number in ``pool``, -1 where the cell has none.

    A number counts only where the vector says that the cell has a sample.
    """

    places: Int64s
    pool: Pool

    def rows(self, index: Int64s) -> Histograms:
        """Those of some series."""
        return Histograms(self.places[index], self.pool)

    def repeated(self, steps: int) -> Histograms:
        """The only step, ``steps`` times."""
        return Histograms(np.repeat(self.places, steps, axis=1), self.pool)


def stacked_histograms(parts: Sequence[tuple[Histograms | None, tuple[int, ...]]]) -> Histograms | None:
    """Those of vectors one below the other; each with its shape, for vectors without any."""
    if all(found is None for found, _ in parts):
        return None
    places, pools, before = [], [], 0
    for found, shape in parts:
        if found is None:
            places.append(np.full(shape, -1, np.int64))
            continue
        places.append(np.where(found.places < 0, found.places, found.places + before))
        pools.append(found.pool)
        before += len(found.pool.kinds)
    return Histograms(np.concatenate(places), joined(pools))


@dataclass(frozen=True, slots=True)
class HistogramSamples:
    """The histograms of some series in order of time.

    Those of series i are rows ``offsets[i]`` up to ``offsets[i + 1]`` of ``timestamps`` (n) int64 ms and ``numbers`` (n) int64, their
    numbers in ``pool``.
    """

    offsets: Int64s
    timestamps: Int64s
    numbers: Int64s
    pool: Pool

    @property
    def columns(self) -> tuple[Int64s, Int64s, Int64s]:
        """Offsets, timestamps and numbers."""
        return self.offsets, self.timestamps, self.numbers

    def where(self, kept: Bools) -> HistogramSamples:
        """Some of the samples (n), of the same series."""
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
        return HistogramSamples(before[self.offsets], self.timestamps[kept], self.numbers[kept], self.pool)


def samples_of(found: HistogramSet, offsets: Int64s, timestamps: Int64s, *, counts_only: bool) -> tuple[HistogramSamples, Bools]:
    """The samples as they were stored, and which of them (n) are staleness markers.

    ``offsets`` and ``timestamps`` are those of the same series' floats: a reset is told only from one histogram to the next. With
    ``counts_only`` they lose their buckets, once these have said where a counter began anew.
    """
    pool = decoded(found.ends, found.bodies)
    stale = is_stale(np.ascontiguousarray(pool.numbers[:, SUM]))
    set_hints(found.offsets, stale, _parted(found, offsets, timestamps), pool, counts_only)
    if counts_only:
        pool.kinds[:, FIRST:] = 0
        pool.numbers[:, THRESHOLD:] = 0.0
        pool = Pool(pool.kinds, pool.numbers, NONE.keys, NONE.counts, NONE.bounds)
    return HistogramSamples(found.offsets, found.timestamps, np.arange(len(found.timestamps)), pool), stale


def _parted(found: HistogramSet, offsets: Int64s, timestamps: Int64s) -> Bools:
    """Whether a float lies between each histogram (n) and the one before."""
    parted = np.zeros(len(found.timestamps), np.bool_)
    for row in np.flatnonzero((np.diff(found.offsets) > 1) & (np.diff(offsets) > 0)).tolist():
        mine = slice(int(found.offsets[row]), int(found.offsets[row + 1]))
        floats = timestamps[offsets[row] : offsets[row + 1]]
        passed = np.searchsorted(floats, found.timestamps[mine])
        parted[mine][1:] = passed[1:] != passed[:-1]
    return parted


def from_cells(histograms: Histograms, present: Bools, times: Int64s) -> HistogramSamples:
    """The cells of a vector, evaluated at ``times``, as samples.

    What hints say of resets holds between samples that follow each other, and a subquery may leave some out.
    """
    cells = present & (histograms.places >= 0)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(cells.sum(axis=1), dtype=np.int64)))
    kinds = histograms.pool.kinds.copy()
    kinds[np.isin(kinds[:, HINT], (RESET, NO_RESET)), HINT] = UNKNOWN
    timestamps = np.broadcast_to(times, cells.shape)[cells]
    return HistogramSamples(offsets, timestamps, histograms.places[cells], histograms.pool._replace(kinds=kinds))


@dataclass(frozen=True, slots=True)
class ShownBucket:
    """A bucket as the API shows it; ``closed`` says whether its (lower, upper) bound belongs to it."""

    lower: float
    upper: float
    count: float
    closed: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Shown:
    """A histogram as the API shows it, with its filled buckets in ascending order."""

    count: float
    sum: float
    buckets: Sequence[ShownBucket]

    def __str__(self) -> str:
        """As ``count_values`` labels it, in Go's notation."""
        parts = [f"count:{go_general(self.count)}", f"sum:{go_general(self.sum)}"]
        for one in self.buckets:
            opening, closing = "[" if one.closed[0] else "(", "]" if one.closed[1] else ")"
            parts.append(f"{opening}{go_general(one.lower)},{go_general(one.upper)}{closing}:{go_general(one.count)}")
        return "{" + ", ".join(parts) + "}"


def shown(pool: Pool, k: int) -> Shown:
    """Histogram ``k`` as it is shown."""
    lower, upper, count, closed = bucket_edges(pool, k)
    rows = zip(lower.tolist(), upper.tolist(), count.tolist(), closed.tolist(), strict=True)
    buckets = [ShownBucket(low, high, number, (bool(ends & 1), bool(ends & 2))) for low, high, number, ends in rows]
    return Shown(float(pool.numbers[k, COUNT]), float(pool.numbers[k, SUM]), buckets)


def histogram_of(pool: Pool, k: int) -> Histogram:
    """Histogram ``k`` as it is stored."""
    kinds, numbers = pool.kinds[k].tolist(), pool.numbers[k].tolist()
    keys, counts = pool.keys[kinds[FIRST] : kinds[STOP]], pool.counts[kinds[FIRST] : kinds[STOP]]
    positive, negative = keys > 0, keys < 0
    positive_spans, negative_spans = _spans_of(keys[positive] - BIAS), _spans_of(-keys[negative][::-1] - BIAS)
    return Histogram(
        schema=kinds[SCHEMA],
        count=numbers[COUNT],
        sum=numbers[SUM],
        zero_threshold=numbers[THRESHOLD],
        zero_count=numbers[ZERO],
        positive_spans=positive_spans,
        positive_buckets=tuple(counts[positive].tolist()),
        negative_spans=negative_spans,
        negative_buckets=tuple(counts[negative][::-1].tolist()),
        custom_values=tuple(pool.bounds[kinds[BOUND] : kinds[BOUND_STOP]].tolist()),
        is_float=True,
        reset_hint=ResetHint(kinds[HINT]),
    )


def _spans_of(indexes: NDArray[np.int32]) -> tuple[Span, ...]:
    """Runs of neighbours among ascending bucket indexes."""
    if not len(indexes):
        return ()
    starts = np.flatnonzero(np.diff(indexes, prepend=indexes[0] - 2) != 1)
    lengths = np.diff(np.append(starts, len(indexes)))
    firsts = indexes[starts].astype(np.int64)
    ends = firsts + lengths
    offsets = firsts - np.append(0, ends[:-1])
    return tuple(Span(int(offset), int(length)) for offset, length in zip(offsets, lengths, strict=True))
