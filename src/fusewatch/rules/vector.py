"""The result of an expression at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fusewatch.promql.histograms import histogram_of, shown
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.promql.result import QueryResult
from fusewatch.rules.errors import EvaluationError
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import EMPTY, Labels
from fusewatch.telemetry.samples import Float64s


@dataclass(frozen=True, slots=True)
class Vector:
    """``values`` (n) float64 of the series ``labels``; where row k is a native histogram, it is in ``histograms``.

    ``series`` counts the series that were read for it.
    """

    labels: Sequence[Labels]
    values: Float64s
    histograms: dict[int, tuple[Pool, int]] = field(default_factory=dict)
    series: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[tuple[Labels, Any]]:
        """Labels and values as texts show them: numbers, and histograms in Prometheus' words."""
        values = self.values.tolist()
        for row, labels in enumerate(self.labels):
            found = self.histograms.get(row)
            yield labels, values[row] if found is None else str(shown(*found))

    def histogram(self, row: int) -> Histogram | None:
        """The native histogram of a row, None where it is a number."""
        found = self.histograms.get(row)
        return None if found is None else histogram_of(*found)

    @classmethod
    def empty(cls) -> Vector:
        """No results."""
        return cls((), np.empty(0))

    @classmethod
    def of(cls, result: QueryResult) -> Vector:
        """An instant query's answer; a scalar is one sample without labels.

        Raises:
            EvaluationError: the answer is neither.
        """
        if result.type not in ("vector", "scalar"):
            raise EvaluationError("rule result is not a vector or scalar")
        histograms = {}
        if result.histograms is not None:
            places = result.histograms.places[:, 0].tolist()
            histograms = {row: (result.histograms.pool, place) for row, place in enumerate(places) if place >= 0}
        labels = (EMPTY,) if result.type == "scalar" else result.labels
        return cls(labels, result.values[:, 0], histograms, result.statistics.series)
