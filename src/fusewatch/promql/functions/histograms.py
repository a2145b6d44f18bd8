"""Functions of classic histograms: series with their buckets' upper bounds in the label ``le``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fusewatch.promql.annotations import Correction, for_metric
from fusewatch.promql.ast import Span, ValueType
from fusewatch.promql.functions.function import CallContext, Function
from fusewatch.promql.kernels.histogram import buckets
from fusewatch.promql.matrix import Matrix, group_rows, stacked
from fusewatch.promql.numbers import go_general, parse_float
from fusewatch.telemetry.labels import METRIC_NAME, Labels, quote
from fusewatch.telemetry.samples import Float64s, Int64s

BUCKET: Final = "le"


@dataclass(frozen=True, slots=True)
class _Histograms:
    """Which series are the buckets of which histogram: labels, and what the kernel calls members."""

    labels: Sequence[Labels]
    members: tuple[Int64s, Int64s, Float64s]


def _histograms(call: CallContext, vector: Matrix, span: Span) -> _Histograms:
    """The histograms among the series; a warning for each that is no bucket."""
    rows: list[int] = []
    bounds: list[float] = []
    for row, labels in enumerate(vector.labels):
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


def _evaluated(call: CallContext, vector: Matrix, found: _Histograms, params: tuple[Float64s, Float64s, bool], span: Span) -> Matrix:
    shape = (len(found.labels), vector.values.shape[1])
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    extent = np.tile(np.array([np.inf, -np.inf, 0.0]), (len(found.labels), 1))
    when = np.zeros((len(found.labels), 3), np.int64)
    buckets(found.members, vector.values, vector.present, params, (values, present), (extent, when))
    times = call.grid.times()
    for row in np.flatnonzero(when[:, 2]).tolist():
        smallest, largest, difference = extent[row].tolist()
        first, last, count = when[row].tolist()
        correction = Correction(smallest, largest, difference, int(times[first]), int(times[last]), count)
        call.notes.corrected(found.labels[row].get(METRIC_NAME, ""), span, correction)
    return Matrix(found.labels, values, present, np.ones(len(found.labels), np.bool_)).trimmed()


def _check_quantile(call: CallContext, q: Float64s, index: int) -> None:
    for value in np.unique(q[~((q >= 0) & (q <= 1))]).tolist():
        call.notes.warn(f"quantile value should be between 0 and 1, got {go_general(value)}", call.node.args[index].span)


def _quantile(call: CallContext) -> Matrix:
    q, vector, span = call.scalar(0), call.vector(1), call.node.args[1].span
    _check_quantile(call, q, 0)
    return _evaluated(call, vector, _histograms(call, vector, span), (q, q, False), span)


def _quantiles(call: CallContext) -> Matrix:
    vector, label, span = call.vector(0), call.string(1), call.node.args[0].span
    found = _histograms(call, vector, span)
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
    return _evaluated(call, vector, _histograms(call, vector, span), (call.scalar(0), call.scalar(1), True), span)


VECTOR, SCALAR, STRING = ValueType.VECTOR, ValueType.SCALAR, ValueType.STRING
FUNCTIONS: Final = (
    Function("histogram_quantile", (SCALAR, VECTOR), VECTOR, _quantile),
    Function("histogram_quantiles", (VECTOR, STRING, SCALAR), VECTOR, _quantiles, at_most=12),
    Function("histogram_fraction", (SCALAR, SCALAR, VECTOR), VECTOR, _fraction),
)
