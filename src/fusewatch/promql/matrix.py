"""What expressions evaluate to: values over the steps of a grid."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.ast import Extended
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.histograms import Histograms, HistogramSamples, stacked_histograms
from fusewatch.promql.kernels.aggregate import count_by
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Float64s, Int64s, SeriesSet

K = TypeVar("K", bound=Hashable)
#: Labels that say what a metric means; they go with its name.
RESERVED: Final = (METRIC_NAME, "__type__", "__unit__")
SAME_LABELSET: Final = "vector cannot contain metrics with the same labelset"


@dataclass(frozen=True, slots=True)
class Grid:
    """The moments at which an expression is evaluated: ``start``, ``start + step`` … (ms UTC), ``count`` of them (0 is possible)."""

    start: int
    step: int
    count: int

    @classmethod
    def between(cls, start: int, end: int, step: int) -> Grid:
        """Every ``step`` from ``start`` to at most ``end``."""
        return cls(start, step, 0 if end < start else (end - start) // step + 1)

    @property
    def end(self) -> int:
        """The last moment."""
        return self.start + self.step * (self.count - 1)

    def times(self) -> Int64s:
        """All moments (count) int64 ms."""
        return self.start + self.step * np.arange(self.count, dtype=np.int64)

    def first(self) -> Grid:
        """The first moment alone."""
        return Grid(self.start, self.step, min(self.count, 1))


@dataclass(frozen=True, slots=True)
class Matrix:
    """An instant vector at every step.

    ``values`` (series, steps) float64 and ``present`` (series, steps) bool: where it is False there is no sample and the value means
    nothing; an ordinary NaN is a value. ``drop_name`` (series) bool: the metric's name goes once the whole query is evaluated.
    ``histograms`` says which samples are native histograms, None where none is; their values mean nothing.
    """

    labels: Sequence[Labels]
    values: Float64s
    present: Bools
    drop_name: Bools
    histograms: Histograms | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, labels: Sequence[Labels], values: Float64s, present: Bools | None = None, drop_name: Bools | None = None) -> Matrix:
        """A matrix that keeps its names and has all its samples, unless told otherwise."""
        full = np.ones(values.shape, np.bool_) if present is None else present
        return cls(labels, values, full, np.zeros(len(labels), np.bool_) if drop_name is None else drop_name)

    @classmethod
    def empty(cls, steps: int) -> Matrix:
        """No series."""
        return cls.of((), np.empty((0, steps)))

    def rows(self, chosen: Sequence[int] | Int64s | Bools) -> Matrix:
        """Some series, by index in that order or by mask."""
        index = np.asarray(chosen)
        index = np.flatnonzero(index) if index.dtype == np.bool_ else index.astype(np.int64)
        labels = tuple(self.labels[i] for i in index.tolist())
        histograms = None if self.histograms is None else self.histograms.rows(index)
        return Matrix(labels, self.values[index], self.present[index], self.drop_name[index], histograms)

    def trimmed(self) -> Matrix:
        """Without the series that have no sample at all."""
        kept: Bools = np.logical_or.reduce(self.present, axis=1)
        return self if kept.all() else self.rows(kept)

    def covered(self) -> Bools:
        """Whether any series has a sample (steps) bool."""
        any_series: Bools = np.logical_or.reduce(self.present, axis=0)
        return any_series

    @property
    def is_histogram(self) -> Bools:
        """Which samples are native histograms (series, steps)."""
        return np.zeros(self.present.shape, np.bool_) if self.histograms is None else self.present & (self.histograms.places >= 0)

    @property
    def floats(self) -> Matrix:
        """The samples that are numbers."""
        return self if self.histograms is None else replace(self, present=self.present & ~self.is_histogram, histograms=None)

    def with_values(self, values: Float64s, present: Bools | None = None) -> Matrix:
        """Other numbers for the same series, whose names are to be dropped: they no longer mean what the metric's name says.

        Where there was a histogram there is no sample.
        """
        shown = self.floats.present if present is None else present
        return Matrix(self.labels, values, shown, np.ones(len(self), np.bool_))

    def repeated(self, steps: int) -> Matrix:
        """The only step, ``steps`` times."""
        if self.values.shape[1] == steps:
            return self
        histograms = None if self.histograms is None else self.histograms.repeated(steps)
        values, present = np.repeat(self.values, steps, axis=1), np.repeat(self.present, steps, axis=1)
        return replace(self, values=values, present=present, histograms=histograms)


@dataclass(frozen=True, slots=True)
class RangeVector:
    """Samples of which each step sees a window: ``(end - range, end]``.

    ``series`` holds no staleness markers. ``ends`` (steps) int64 ms, ascending; ``times`` (steps) are the steps themselves.
    ``histograms`` are the native histograms of the same series, None where none has any. ``extended`` says that samples beyond the window
    count as well, up to ``beyond_ms`` away.
    """

    series: SeriesSet
    drop_name: Bools
    ends: Int64s
    times: Int64s
    range_ms: int
    histograms: HistogramSamples | None = None
    extended: Extended | None = None
    beyond_ms: int = 0


#: Scalars are float64 (steps).
Value = Matrix | RangeVector | Float64s | str


def merged(matrix: Matrix) -> Matrix:
    """The matrix with series of equal labels made one; one whose name is to go is another than one whose name stays.

    Raises:
        ExecutionError: two of them have a sample at the same step.
    """
    places: dict[tuple[Labels, bool], int] = {}
    target = [places.setdefault(row, len(places)) for row in zip(matrix.labels, matrix.drop_name.tolist(), strict=True)]
    if len(places) == len(target):
        return matrix
    into = np.asarray(target)
    count = np.zeros((len(places), matrix.values.shape[1]), np.int64)
    count_by(into, matrix.present, count)
    if (count > 1).any():
        raise ExecutionError(SAME_LABELSET)
    values = np.zeros(count.shape)
    histograms = None if matrix.histograms is None else Histograms(np.full(count.shape, -1, np.int64), matrix.histograms.pool)
    for row, place in enumerate(target):
        np.copyto(values[place], matrix.values[row], where=matrix.present[row])
        if histograms is not None and matrix.histograms is not None:
            np.copyto(histograms.places[place], matrix.histograms.places[row], where=matrix.present[row])
    drop = np.array([drops for _, drops in places], np.bool_)
    return Matrix([labels for labels, _ in places], values, count > 0, drop, histograms)


def without_dropped_names(matrix: Matrix) -> Matrix:
    """The matrix as it is shown: names that are to go are gone.

    Raises:
        ExecutionError: that leaves two samples of the same labels at one step.
    """
    if matrix.drop_name.any():
        labels = [
            labels.without(RESERVED) if drop else labels for labels, drop in zip(matrix.labels, matrix.drop_name.tolist(), strict=True)
        ]
        matrix = replace(matrix, labels=labels, drop_name=np.zeros(len(labels), np.bool_))
    return merged(matrix)


def stacked(parts: Iterable[Matrix], steps: int) -> Matrix:
    """The series of all ``parts``, one below the other."""
    found = [part for part in parts if len(part)]
    if not found:
        return Matrix.empty(steps)
    return Matrix(
        [labels for part in found for labels in part.labels],
        np.concatenate([part.values for part in found]),
        np.concatenate([part.present for part in found]),
        np.concatenate([part.drop_name for part in found]),
        stacked_histograms([(part.histograms, part.values.shape) for part in found]),
    )


def group_rows(keys: Iterable[K], known: Mapping[K, int] | None = None) -> tuple[dict[K, int], Int64s]:
    """Each key's number in order of first appearance, and the number of each row (rows) int64."""
    numbers = dict(known or {})
    rows = [numbers.setdefault(key, len(numbers)) for key in keys]
    return numbers, np.asarray(rows, np.int64)


def label_keys(rows: Sequence[Labels], names: Iterable[str], *, only: bool) -> list[tuple[object, ...]]:
    """For each label set what it has of ``names`` (``only``) or beside them, as something cheap to compare."""
    wanted = tuple(names)
    if only:
        return [tuple([labels.get(name) for name in wanted]) for labels in rows]
    unwanted = frozenset(wanted)
    return [tuple([pair for pair in labels.pairs if pair[0] not in unwanted]) for labels in rows]
