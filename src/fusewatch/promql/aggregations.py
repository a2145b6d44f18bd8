"""Aggregations: ``sum``, ``topk``, ``quantile``, ``count_values`` and the like, by or without labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.arrays import Bools
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.functions.labelling import valid_label_name
from fusewatch.promql.histograms import Histograms, shown
from fusewatch.promql.kernels import aggregate as codes
from fusewatch.promql.kernels.aggregate import aggregate, count_by, quantiles, ranks
from fusewatch.promql.kernels.native.sums import group_sums
from fusewatch.promql.kernels.native.work import COLLISION, RECONCILED
from fusewatch.promql.matrix import Matrix, group_rows, label_keys
from fusewatch.promql.numbers import format_value, go_general
from fusewatch.promql.parallel import over_rows
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Float64s, Int64s

_CODES: Final = {
    "sum": codes.SUM,
    "avg": codes.AVG,
    "min": codes.MIN,
    "max": codes.MAX,
    "count": codes.COUNT,
    "group": codes.GROUP,
    "stdvar": codes.STDVAR,
    "stddev": codes.STDDEV,
}
#: They leave histograms out.
_OF_NUMBERS: Final = frozenset({"min", "max", "stddev", "stdvar", "quantile", "topk", "bottomk"})
_MAX_INT64: Final = float(2**63)


def aggregated(node: ast.Aggregate, vector: Matrix, param: Float64s | str | None, notes: Annotations, check: Callable[[], None]) -> Matrix:
    """The aggregation ``node`` of ``vector``; ``param`` is its scalar (steps) or string parameter. ``check`` may stop it.

    Raises:
        ExecutionError: the parameter makes no sense.
    """
    if isinstance(param, str):
        return _count_values(node, vector, param)
    labels, groups = _groups(vector, node)
    if vector.histograms is not None and node.op in _OF_NUMBERS:
        if vector.is_histogram.any():
            notes.info(f"ignored histogram in {node.op} aggregation", _subject(node).span)
        vector = vector.floats
    if param is None and vector.histograms is not None and node.op in ("sum", "avg"):
        return _of_both(node, vector, vector.histograms, (labels, groups), notes)
    if param is None:
        counts, values = np.zeros((len(labels), vector.values.shape[1]), np.int64), np.zeros((len(labels), vector.values.shape[1]))
        aggregate(_CODES[node.op], groups, vector.values, vector.present, counts, values)
        return _grouped(labels, counts, values, _dropped(groups, vector, len(labels)))
    if node.op == "quantile":
        _tell_quantile(node, param, notes)
        return _quantile(vector, param, (labels, groups), check)
    if node.op == "limit_ratio":
        return _limit_ratio(node, vector, param, notes)
    return _best(node, vector, param, groups)


def _subject(node: ast.Aggregate) -> ast.Aggregate | ast.Expr:
    """What a hint at ignored histograms points to."""
    return node if node.op in ("topk", "bottomk") else node.expr


def _of_both(
    node: ast.Aggregate,
    vector: Matrix,
    histograms: Histograms,
    grouped: tuple[Sequence[Labels], Int64s],
    notes: Annotations,
) -> Matrix:
    """``sum`` and ``avg`` of numbers and histograms: a group that has both at a step has no result there."""
    labels, groups = grouped
    shape, span = (len(labels), vector.values.shape[1]), node.expr.span
    counts, others, values = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape)
    count_by(groups, vector.is_histogram, others)
    aggregate(_CODES[node.op], groups, vector.values, vector.floats.present, counts, values)
    mixed = (counts > 0) & (others > 0)
    if mixed.any():
        notes.warn("encountered a mix of histograms and floats for aggregation", span)
    usable = vector.is_histogram & ~mixed[groups]
    places, met, misfits = np.full(shape, -1, np.int64), np.zeros(len(labels), np.int64), np.full(len(labels), -1, np.int64)
    cells = np.where(usable, histograms.places, -1)
    members = _members(groups, len(labels))
    pool, count = group_sums(node.op == "avg", members, cells, histograms.pool, places, met, misfits)
    for row in misfits[misfits >= 0].tolist():
        notes.mixed_schemas(vector.labels[row].get(METRIC_NAME, ""), span)
    if (met & COLLISION).any():
        notes.collision("aggregation", span)
    if (met & RECONCILED).any():
        notes.reconciled("aggregation", span)
    found = Histograms(places, pool._replace(kinds=pool.kinds[:count], numbers=pool.numbers[:count]))
    present = ((counts > 0) & ~mixed) | (places >= 0)
    return Matrix(labels, values, present, _dropped(groups, vector, len(labels)), found).trimmed()


def _groups(vector: Matrix, node: ast.Aggregate) -> tuple[Sequence[Labels], Int64s]:
    """The labels of each group, and each series' group (series) int64."""
    names = (METRIC_NAME, *node.grouping) if node.without else node.grouping
    keys, groups = group_rows(label_keys(vector.labels, names, only=not node.without))
    firsts = np.full(len(keys), len(vector), np.int64)
    np.minimum.at(firsts, groups, np.arange(len(vector)))
    return [grouping_labels(vector.labels[row], node) for row in firsts.tolist()], groups


def grouping_labels(labels: Labels, node: ast.Aggregate) -> Labels:
    """The labels of the group that a series belongs to."""
    return labels.without((METRIC_NAME, *node.grouping)) if node.without else labels.only(node.grouping)


def _dropped(groups: Int64s, vector: Matrix, count: int) -> Bools:
    """Whether any series of each group is to lose its name."""
    drop = np.zeros(count, np.bool_)
    np.logical_or.at(drop, groups, vector.drop_name & vector.present.any(axis=1))
    return drop


def _grouped(labels: Sequence[Labels], counts: Int64s, values: Float64s, drop: Bools) -> Matrix:
    return Matrix(labels, values, counts > 0, drop).trimmed()


def _members(groups: Int64s, count: int) -> tuple[Int64s, Int64s]:
    """The rows of each group, in their order: (offsets (groups + 1), rows)."""
    rows = np.argsort(groups, kind="stable")
    return np.searchsorted(groups[rows], np.arange(count + 1)).astype(np.int64), rows.astype(np.int64)


def _tell_quantile(node: ast.Aggregate, q: Float64s, notes: Annotations) -> None:
    wrong = [math.nan] if np.isnan(q).any() else []
    known = q[~np.isnan(q)]
    wrong += [float(known.max())] if known.max(initial=0) > 1 else []
    wrong += [float(known.min())] if known.min(initial=0) < 0 else []
    for value in wrong:
        notes.warn(f"quantile value should be between 0 and 1, got {go_general(value)}", _param_span(node))


def _quantile(vector: Matrix, q: Float64s, grouped: tuple[Sequence[Labels], Int64s], check: Callable[[], None]) -> Matrix:
    labels, groups = grouped
    counts = np.zeros((len(labels), vector.values.shape[1]), np.int64)
    values = np.zeros(counts.shape)
    members = _members(groups, len(labels))

    def share(steps: slice) -> None:
        quantiles((steps.start, steps.stop), members, vector.values, vector.present, q, counts, values)

    over_rows(share, vector.values.shape[1], len(vector), check)
    return _grouped(labels, counts, values, _dropped(groups, vector, len(labels)))


def _param_span(node: ast.Aggregate) -> ast.Span:
    return node.span if node.param is None else node.param.span


def _limits(k: Float64s) -> Int64s:
    """How many series each step may keep (steps) int64.

    Raises:
        ExecutionError: no whole number of them can be told.
    """
    if not len(k) or k.max() < 1:
        return np.zeros(len(k), np.int64)
    if np.isnan(k).any():
        raise ExecutionError("Parameter value is NaN")
    if k.min() <= -_MAX_INT64:
        raise ExecutionError(f"Scalar value {go_general(float(k.min()))} underflows int64")
    if k.max() >= _MAX_INT64:
        raise ExecutionError(f"Scalar value {go_general(float(k.max()))} overflows int64")
    return np.maximum(k, 0).astype(np.int64)


def _best(node: ast.Aggregate, vector: Matrix, k: Float64s, groups: Int64s) -> Matrix:
    """``topk``, ``bottomk`` and ``limitk``: the series themselves, at one step in the order of their rank."""
    limits = _limits(k)
    rank = np.full(vector.values.shape, -1, np.int64)
    # limitk ranks equal values, so that the first series win.
    values = np.zeros(vector.values.shape) if node.op == "limitk" else vector.values
    members = _members(groups, int(groups.max(initial=-1)) + 1)
    ranks(members, values, vector.present, limits, node.op != "bottomk", rank)
    kept = replace(vector, present=rank >= 0)
    if vector.values.shape[1] != 1:
        return kept.trimmed()
    only = rank.reshape(-1)
    order = np.lexsort((only, groups))
    return kept.rows(order[only[order] >= 0])


def _limit_ratio(node: ast.Aggregate, vector: Matrix, ratio: Float64s, notes: Annotations) -> Matrix:
    """A share of the series, chosen by the hash of their labels; a negative ratio takes the complement."""
    if len(ratio) and not (ratio.max() == 0 and ratio.min() == 0) and np.isnan(ratio).any():
        raise ExecutionError("Ratio value is NaN")
    for value, bound in ((ratio.max(initial=0), 1), (ratio.min(initial=0), -1)):
        if value > 1 or value < -1:
            text = f"ratio value should be between -1 and 1, got {go_general(float(value))}, capping to {bound}"
            notes.warn(text, _param_span(node))
    share = np.asarray([labels.id / 2.0**64 for labels in vector.labels])[:, np.newaxis]
    capped = np.clip(ratio, -1.0, 1.0)
    chosen = np.where(capped >= 0, share < capped, share >= 1.0 + capped)
    return replace(vector, present=vector.present & chosen).trimmed()


def _count_values(node: ast.Aggregate, vector: Matrix, label: str) -> Matrix:
    """A series for every value of a group, counting the series that have it; ``label`` holds the value."""
    if not valid_label_name(label):
        shown = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in label)
        raise ExecutionError(f'invalid label name "{shown}"')
    grouping = tuple(name for name in node.grouping if name != label)
    base = replace(node, grouping=(*grouping, label) if node.without else grouping)
    names, groups = _groups(vector, base)
    rows, steps = np.nonzero(vector.present)
    distinct, which = _distinct(vector, rows, steps)
    cells, series = np.unique(groups[rows] * max(len(distinct), 1) + which, return_inverse=True)
    values = np.zeros((len(cells), vector.values.shape[1]))
    np.add.at(values, (series, steps), 1.0)
    hidden = node.without and label in node.grouping
    found = []
    for cell in cells.tolist():
        group, value = divmod(cell, max(len(distinct), 1))
        found.append(names[group] if hidden else names[group].replace({label: distinct[value]}))
    numbers, into = group_rows(found)
    total = np.zeros((len(numbers), values.shape[1]))
    np.add.at(total, into, values)
    return Matrix.of(tuple(numbers), total, total > 0)


def _distinct(vector: Matrix, rows: Int64s, steps: Int64s) -> tuple[Sequence[str], Int64s]:
    """The different values at ``rows`` and ``steps`` (n) as text, and which of them each is (n)."""
    distinct, which = np.unique(vector.values[rows, steps], return_inverse=True)
    texts = [format_value(float(value)) for value in distinct]
    if vector.histograms is None:
        return texts, which
    places = np.where(vector.is_histogram, vector.histograms.places, -1)[rows, steps]
    known: dict[str, int] = {}
    for cell in np.flatnonzero(places >= 0).tolist():
        text = str(shown(vector.histograms.pool, int(places[cell])))
        which[cell] = len(texts) + known.setdefault(text, len(known))
    return [*texts, *known], which
