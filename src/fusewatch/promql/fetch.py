"""Reading what a plan asks for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.histograms import HistogramSamples, samples_of
from fusewatch.promql.plan import Fetch
from fusewatch.promql.rollups import with_samples
from fusewatch.promql.selectors import without_stale
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget, SeriesReader
from fusewatch.telemetry.samples import Float64s, Int64s, SeriesSet


@dataclass(slots=True)
class Fetched:
    """The samples of one read and the seconds it took; ``live`` those without staleness markers, made when first needed."""

    fetch: Fetch
    series: SeriesSet
    seconds: float = 0.0
    _live: SeriesSet | None = None
    _histograms: dict[bool, tuple[HistogramSamples, Bools]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many samples were read."""
        return samples_in(self.series)

    @property
    def live(self) -> SeriesSet:
        """The samples that ranges see."""
        if self._live is None:
            rolled = self.series.rolled
            self._live = without_stale(self.series) if rolled is None else with_samples(self.series, rolled)
        return self._live

    def histograms(self, *, counts_only: bool) -> tuple[HistogramSamples, Bools] | None:
        """The native histograms of the series, decoded when first needed, and which of them (n) are staleness markers."""
        if self.series.histograms is None:
            return None
        if counts_only not in self._histograms:
            series = self.series
            found = samples_of(self.series.histograms, series.offsets, series.timestamps, counts_only=counts_only)
            self._histograms[counts_only] = found
        return self._histograms[counts_only]

    def live_histograms(self, *, counts_only: bool) -> HistogramSamples | None:
        """The native histograms that ranges see."""
        found = self.histograms(counts_only=counts_only)
        if found is None:
            return None
        samples, stale = found
        return samples.where(~stale) if stale.any() else samples


class Samples:
    """All samples of one query, by what was asked for."""

    def __init__(self, fetched: Sequence[Fetched]) -> None:
        self._fetched: dict[tuple[Matcher, ...], list[Fetched]] = {}
        for found in fetched:
            self._fetched.setdefault(found.fetch.matchers, []).append(found)

    @property
    def count(self) -> int:
        """How many samples were read."""
        return sum(found.count for found in self.reads)

    @property
    def series(self) -> int:
        """How many series were read."""
        return sum(len(found.series) for found in self.reads)

    @property
    def reads(self) -> Sequence[Fetched]:
        """All of them."""
        return [found for reads in self._fetched.values() for found in reads]

    def of(self, matchers: tuple[Matcher, ...], end: int) -> Fetched:
        """The read of ``matchers`` that reaches to ``end``; it may hold samples before and after what a selector needs."""
        return next(found for found in self._fetched[matchers] if found.fetch.start <= end <= found.fetch.end)


def samples_in(series: SeriesSet) -> int:
    """How many samples a set has."""
    return len(series.timestamps) + (0 if series.histograms is None else len(series.histograms.timestamps))


def fetch_all(reader: SeriesReader, fetches: Sequence[Fetch], budget: Budget) -> Samples:
    """The samples of every read.

    Raises:
        LimitExceededError: more than the budget allows, cancelled, or out of time.
    """
    return Samples([read(reader, fetch, budget) for fetch in fetches])


def read(reader: SeriesReader, fetch: Fetch, budget: Budget) -> Fetched:
    """The samples of one read.

    Raises:
        LimitExceededError: more than the budget allows, cancelled, or out of time.
    """
    budget.check()
    begun = time.perf_counter()
    series = reader.fetch(fetch.matchers, fetch.start, fetch.end, budget, fetch.windows)
    columns = (_usable(series.offsets), _usable(series.timestamps), _usable_values(series.values))
    series = SeriesSet(series.labels, *columns, histograms=series.histograms, rolled=series.rolled)
    return Fetched(fetch, series, time.perf_counter() - begun)


def _usable(column: Int64s) -> Int64s:
    # Kernels are compiled for writable contiguous arrays only; others would be compiled anew.
    return column if column.flags.writeable and column.flags.c_contiguous else np.array(column)


def _usable_values(column: Float64s) -> Float64s:
    return column if column.flags.writeable and column.flags.c_contiguous else np.array(column)
