"""Functions of histograms: native ones, and classic ones, which are series with their buckets' upper bounds in the label ``le``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fusewatch.promql.annotations import Correction, for_metric
from fusewatch.promql.arrays import Bools
from fusewatch.promql.ast import Span, ValueType
from fusewatch.promql.functions.function import CallContext, Function, Implementation
from fusewatch.promql.histograms import Histograms
from fusewatch.promql.kernels.histogram import buckets
from fusewatch.promql.kernels.native.estimates import (
    NAN_LEFT_OUT,
    NAN_RESULT,
    NAN_SKEW,
    histogram_fractions,
    histogram_quantiles,
    histogram_variances,
)
from fusewatch.promql.kernels.native.pool import COUNT, SUM, Pool
from fusewatch.promql.matrix import Matrix, group_rows, stacked
from fusewatch.promql.numbers import go_general, parse_float
from fusewatch.telemetry.labels import METRIC_NAME, Labels, quote
from fusewatch.telemetry.samples import Float64s, Int64s

BUCKET: Final = "le"
_TOLD: Final = {
    NAN_RESULT: "input to histogram_quantile has NaN observations, result is NaN",
    NAN_SKEW: "input to histogram_quantile has NaN observations, result is skewed higher",
    NAN_LEFT_OUT: "input to histogram_fraction has NaN observations, which are excluded from all fractions",
}
#: (φ, unused, False) for quantiles or (lower, upper, True) for fractions, per step.
Params = tuple[Float64s, Float64s, bool]


@dataclass(frozen=True, slots=True)
class _Histograms:
    """Which series are the buckets of which histogram: labels, and what the kernel calls members."""

    labels: Sequence[Labels]
    members: tuple[Int64s, Int64s, Float64s]


def _classic(call: CallContext, vector: Matrix, span: Span) -> _Histograms:
    """The classic histograms among the series; a warning for each that is no bucket."""
    rows: list[int] = []
    bounds: list[float] = []
    for row in np.flatnonzero(vector.floats.present.any(axis=1)).tolist():
        labels = vector.labels[row]
        text = labels.get(BUCKET, "")
        bound = parse_float(text)
        if bound is None:
            reason = f'bucket label "le" is missing or has a malformed value of {quote(text)}'
            call.notes.warn(f"{reason}{for_metric(labels.get(METRIC_NAME, ''))}", span)
        else:
            rows.append(row)
            bounds.append(bound)
    numbers, groups = group_rows(vector.labels[row].without((BUCKET,)) for row in rows)
    order = np.lexsort((np.asarray(bounds, np.float64), groups))
    offsets = np.searchsorted(groups[order], np.arange(len(numbers) + 1)).astype(np.int64)
    members = (offsets, np.asarray(rows, np.int64)[order], np.asarray(bounds, np.float64)[order])
    return _Histograms(tuple(numbers), members)


def _evaluated(call: CallContext, vector: Matrix, found: _Histograms, params: Params, span: Span) -> Matrix:
    """The estimate for every histogram, classic or native; where both have the same labels there is none, with a warning."""
    classic = _of_buckets(call, vector, found, params, span)
    if vector.histograms is None:
        return classic.trimmed()
    native = _of_histograms(call, vector, vector.histograms, params, span)
    clashes = _clashing(vector, found, classic.present)
    for row in np.flatnonzero(clashes.any(axis=1)).tolist():
        name = for_metric(vector.labels[row].get(METRIC_NAME, ""))
        call.notes.warn(f"vector contains a mix of classic and native histograms{name}", span)
    places = {labels: row for row, labels in enumerate(vector.labels)}
    hidden = np.array([places.get(labels, -1) for labels in found.labels], np.int64)
    shown = classic.present & ~(clashes[hidden] & (hidden >= 0)[:, np.newaxis])
    return stacked(
        (replace(native, present=native.present & ~clashes).trimmed(), replace(classic, present=shown).trimmed()), vector.values.shape[1]
    )


def _clashing(vector: Matrix, found: _Histograms, present: Bools) -> Bools:
    """Where a native histogram has the labels of a classic one that is there as well (series, steps)."""
    classic = {labels: row for row, labels in enumerate(found.labels)}
    rows = np.array([classic.get(labels, -1) for labels in vector.labels], np.int64)
    if not len(present):
        return np.zeros(vector.present.shape, np.bool_)
    return vector.is_histogram & (rows >= 0)[:, np.newaxis] & present[rows]


def _of_histograms(call: CallContext, vector: Matrix, histograms: Histograms, params: Params, span: Span) -> Matrix:
    """The estimate for every native histogram."""
    first, second, fraction = params
    cells = vector.is_histogram
    chosen, (rows, steps) = histograms.places[cells], np.nonzero(cells)
    out, told = np.zeros(len(chosen)), np.zeros(len(chosen), np.int64)
    if fraction:
        histogram_fractions(histograms.pool, chosen, first[steps], second[steps], out, told)
    else:
        histogram_quantiles(histograms.pool, chosen, first[steps], out, told)
    for flag, text in _TOLD.items():
        for name in {vector.labels[row].get(METRIC_NAME, "") for row in rows[(told & flag) > 0].tolist()}:
            call.notes.info(f"{text}{for_metric(name)}", span)
    values = np.zeros(cells.shape)
    values[cells] = out
    return vector.with_values(values, cells)


def _of_buckets(call: CallContext, vector: Matrix, found: _Histograms, params: Params, span: Span) -> Matrix:
    shape = (len(found.labels), vector.values.shape[1])
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    extent = np.tile(np.array([np.inf, -np.inf, 0.0]), (len(found.labels), 1))
    when = np.zeros((len(found.labels), 3), np.int64)
    buckets(found.members, vector.values, vector.floats.present, params, (values, present), (extent, when))
    times = call.grid.times()
    for row in np.flatnonzero(when[:, 2]).tolist():
        smallest, largest, difference = extent[row].tolist()
        first, last, count = when[row].tolist()
        correction = Correction(smallest, largest, difference, int(times[first]), int(times[last]), count)
        call.notes.corrected(found.labels[row].get(METRIC_NAME, ""), span, correction)
    return Matrix(found.labels, values, present, np.ones(len(found.labels), np.bool_))


def _check_quantile(call: CallContext, q: Float64s, index: int) -> None:
    for value in np.unique(q[~((q >= 0) & (q <= 1))]).tolist():
        call.notes.warn(f"quantile value should be between 0 and 1, got {go_general(value)}", call.node.args[index].span)


def _quantile(call: CallContext) -> Matrix:
    q, vector, span = call.scalar(0), call.vector(1), call.node.args[1].span
    _check_quantile(call, q, 0)
    return _evaluated(call, vector, _classic(call, vector, span), (q, q, False), span)


def _quantiles(call: CallContext) -> Matrix:
    vector, label, span = call.vector(0), call.string(1), call.node.args[0].span
    found = _classic(call, vector, span)
    parts: list[Matrix] = []
    for index in range(2, len(call.args)):
        q = call.scalar(index)
        _check_quantile(call, q, index)
        parts.extend(_labelled(_evaluated(call, vector, found, (q, q, False), span), label, q))
    return stacked(parts, call.grid.count)


def _labelled(matrix: Matrix, label: str, q: Float64s) -> Iterator[Matrix]:
    """The series with their quantile as a label, one matrix for each value that ``q`` takes."""
    for value in np.unique(q).tolist():
        at = np.isnan(q) if np.isnan(value) else q == value
        labels = [row.replace({label: _open_metrics(value)}) for row in matrix.labels]
        yield replace(matrix, labels=labels, present=matrix.present & at).trimmed()


def _open_metrics(value: float) -> str:
    """The number as OpenMetrics writes it: always a float."""
    text = go_general(value)
    return text if not np.isfinite(value) or any(mark in text for mark in ".e") else f"{text}.0"


def _fraction(call: CallContext) -> Matrix:
    vector, span = call.vector(2), call.node.args[2].span
    return _evaluated(call, vector, _classic(call, vector, span), (call.scalar(0), call.scalar(1), True), span)


def _variances(pool: Pool, chosen: Int64s) -> Float64s:
    out = np.zeros(len(chosen))
    histogram_variances(pool, chosen, out)
    return out


def _of_each(read: Callable[[Pool, Int64s], Float64s]) -> Implementation:
    """A function that reads one number off each native histogram and leaves numbers out."""

    def apply(call: CallContext) -> Matrix:
        vector = call.vector(0)
        cells, values = vector.is_histogram, np.zeros(vector.present.shape)
        if vector.histograms is not None:
            values[cells] = read(vector.histograms.pool, vector.histograms.places[cells])
        return vector.with_values(values, cells).trimmed()

    return apply


_READINGS: Final[dict[str, Callable[[Pool, Int64s], Float64s]]] = {
    "histogram_count": lambda pool, chosen: pool.numbers[chosen, COUNT],
    "histogram_sum": lambda pool, chosen: pool.numbers[chosen, SUM],
    "histogram_avg": lambda pool, chosen: pool.numbers[chosen, SUM] / pool.numbers[chosen, COUNT],
    "histogram_stdvar": _variances,
    "histogram_stddev": lambda pool, chosen: np.sqrt(_variances(pool, chosen)),
}
VECTOR, SCALAR, STRING = ValueType.VECTOR, ValueType.SCALAR, ValueType.STRING
FUNCTIONS: Final = (
    *(Function(name, (VECTOR,), VECTOR, _of_each(read)) for name, read in _READINGS.items()),
    Function("histogram_quantile", (SCALAR, VECTOR), VECTOR, _quantile),
    Function("histogram_quantiles", (VECTOR, STRING, SCALAR), VECTOR, _quantiles, at_most=12),
    Function("histogram_fraction", (SCALAR, SCALAR, VECTOR), VECTOR, _fraction),
)
