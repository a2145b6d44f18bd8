"""Reading what a plan asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusewatch.promql.plan import Fetch
from fusewatch.promql.rollups import with_samples
from fusewatch.promql.selectors import without_stale
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget, SeriesReader
from fusewatch.telemetry.samples import Float64s, Int64s, SeriesSet


@dataclass(slots=True)
class Fetched:
    """The samples of one read; ``live`` those without staleness markers, made when first needed."""

    fetch: Fetch
    series: SeriesSet
    _live: SeriesSet | None = None

    @property
    def live(self) -> SeriesSet:
        """The samples that ranges see."""
        if self._live is None:
            rolled = self.series.rolled
            self._live = without_stale(self.series) if rolled is None else with_samples(self.series, rolled)
        return self._live


class Samples:
    """All samples of one query, by what was asked for."""

    def __init__(self, fetched: Sequence[Fetched]) -> None:
        self._fetched: dict[tuple[Matcher, ...], list[Fetched]] = {}
        for found in fetched:
            self._fetched.setdefault(found.fetch.matchers, []).append(found)

    @property
    def count(self) -> int:
        """How many samples were read."""
        return sum(len(found.series.timestamps) for reads in self._fetched.values() for found in reads)

    @property
    def series(self) -> int:
        """How many series were read."""
        return sum(len(found.series) for reads in self._fetched.values() for found in reads)

    def of(self, matchers: tuple[Matcher, ...], end: int) -> Fetched:
        """The read of ``matchers`` that reaches to ``end``; it may hold samples before and after what a selector needs."""
        return next(found for found in self._fetched[matchers] if found.fetch.start <= end <= found.fetch.end)


def fetch_all(reader: SeriesReader, fetches: Sequence[Fetch], budget: Budget) -> Samples:
    """The samples of every read.

    Raises:
        LimitExceededError: more than the budget allows, cancelled, or out of time.
    """
    found = []
    for fetch in fetches:
        budget.check()
        series = reader.fetch(fetch.matchers, fetch.start, fetch.end, budget, fetch.windows)
        columns = (_usable(series.offsets), _usable(series.timestamps), _usable_values(series.values))
        found.append(Fetched(fetch, SeriesSet(series.labels, *columns, rolled=series.rolled)))
    return Samples(found)


def _usable(column: Int64s) -> Int64s:
    # Kernels are compiled for writable contiguous arrays only; others would be compiled anew.
    return column if column.flags.writeable and column.flags.c_contiguous else np.array(column)


def _usable_values(column: Float64s) -> Float64s:
    return column if column.flags.writeable and column.flags.c_contiguous else np.array(column)
