"""Vector matching: which series of two vectors belong together.

Matching goes by labels, so it is decided once for all steps; what differs between steps is which of the series have a sample.
https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.arrays import Bools
from fusewatch.promql.ast import Cardinality
from fusewatch.promql.elementwise import Cells, Outcome
from fusewatch.promql.errors import TOO_MANY_SAMPLES, ExecutionError, TooManySamplesError
from fusewatch.promql.histograms import stacked_histograms
from fusewatch.promql.kernels.aggregate import count_by
from fusewatch.promql.matrix import RESERVED, Matrix, group_rows, label_keys, merged, stacked
from fusewatch.telemetry.labels import METRIC_NAME, Labels, quote, quote_label
from fusewatch.telemetry.samples import Int64s

#: The samples of two sides, and where both have any, to the result.
Operation = Callable[[Cells, Cells, Bools], Outcome]


def signature(labels: Labels, matching: ast.Matching) -> Labels:
    """The part of the labels that has to be equal on both sides."""
    return labels.only(matching.labels) if matching.on else labels.without((METRIC_NAME, *matching.labels))


def _signatures(matching: ast.Matching, left: Matrix, right: Matrix) -> tuple[Int64s, Int64s, int]:
    """The number of each row's signature on both sides, and how many there are."""
    names = matching.labels if matching.on else (METRIC_NAME, *matching.labels)
    numbers, of_left = group_rows(label_keys(left.labels, names, only=matching.on))
    numbers, of_right = group_rows(label_keys(right.labels, names, only=matching.on), numbers)
    return of_left, of_right, len(numbers)


def _any_by(groups: Int64s, present: Bools, count: int) -> Bools:
    """Whether any row of each group has a sample (groups, steps)."""
    counts = np.zeros((count, present.shape[1]), np.int64)
    count_by(groups, present, counts)
    return counts > 0


def set_operation(op: str, matching: ast.Matching, left: Matrix, right: Matrix, steps: int) -> Matrix:
    """``and``, ``or`` and ``unless``, decided step by step.

    Raises:
        ExecutionError: ``or`` finds the same labels on both sides with different signatures.
    """
    of_left, of_right, count = _signatures(matching, left, right)
    if op == "or":
        taken = _any_by(of_left, left.present, count)[of_right]
        rest = replace(right, present=right.present & ~taken).trimmed()
        return merged(stacked((left, rest), steps))
    other = _any_by(of_right, right.present, count)[of_left]
    return replace(left, present=left.present & (other if op == "and" else ~other)).trimmed()


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows of the many side (pairs) and of the one side (pairs) that match, with each pair's signature."""

    many: Int64s
    one: Int64s
    group: Int64s

    def where(self, kept: Bools) -> _Pairs:
        return _Pairs(self.many[kept], self.one[kept], self.group[kept])


@dataclass(frozen=True, slots=True)
class _Operands:
    """What the operator is applied to, a row per result.

    Its labels, where both sides have a sample and their samples (rows, steps), its signature, and whether its name is to go.
    """

    labels: Sequence[Labels]
    both: Bools
    many: Cells
    one: Cells
    group: Int64s
    drop: Bools


def _cells(matrix: Matrix, rows: Int64s) -> Cells:
    return Cells(matrix.values[rows], None if matrix.histograms is None else matrix.histograms.rows(rows))


def _every_cell(matrix: Matrix) -> Cells:
    return Cells(matrix.values, matrix.histograms)


def _filled_cells(shape: tuple[int, ...], value: float) -> Cells:
    return Cells(np.full(shape, value))


def matched_operation(
    operate: Operation, matching: ast.Matching, left: Matrix, right: Matrix, *, keeps_name: bool, drop: bool, max_cells: int
) -> Matrix:
    """The operator between every pair of matching series.

    Raises:
        ExecutionError: a series of one side matches several of the other without leave, or results collide.
        TooManySamplesError: the pairs have more than ``max_cells`` values.
    """
    swapped = matching.cardinality is Cardinality.ONE_TO_MANY
    many, one = (right, left) if swapped else (left, right)
    of_many, of_one, count = _signatures(matching, many, one)
    _reject_duplicates(matching, one, of_one, count)
    labelled = partial(result_labels, matching=matching, keeps_name=keeps_name)
    found = _paired(_pairs(of_many, of_one, count, max_cells), many, one, labelled, max_cells)
    found = _joined([found, *_filled(matching, (many, of_many), (one, of_one), count, labelled)])
    _reject_collisions(matching, found)
    made = operate(found.one, found.many, found.both) if swapped else operate(found.many, found.one, found.both)
    dropped = np.ones(len(found.labels), np.bool_) if drop else found.drop & keeps_name
    present = found.both if made.holds is None else found.both & made.holds
    return merged(Matrix(found.labels, made.values, present, dropped, made.histograms).trimmed())


def _paired(pairs: _Pairs, many: Matrix, one: Matrix, labelled: Callable[[Labels, Labels], Labels], max_cells: int) -> _Operands:
    """The pairs that have samples at the same steps."""
    pairs = _meeting(pairs, many, one)
    if len(pairs.many) * many.present.shape[1] > max_cells:
        raise TooManySamplesError(TOO_MANY_SAMPLES)
    both = many.present[pairs.many] & one.present[pairs.one]
    used: Bools = np.logical_or.reduce(both, axis=1)
    pairs, both = pairs.where(used), both[used]
    rows = zip(pairs.many.tolist(), pairs.one.tolist(), strict=True)
    labels = [labelled(many.labels[row], one.labels[other]) for row, other in rows]
    return _Operands(labels, both, _cells(many, pairs.many), _cells(one, pairs.one), pairs.group, many.drop_name[pairs.many])


def _filled(
    matching: ast.Matching,
    many: tuple[Matrix, Int64s],
    one: tuple[Matrix, Int64s],
    count: int,
    labelled: Callable[[Labels, Labels], Labels],
) -> Iterator[_Operands]:
    """The series of either side without a partner, beside the ``fill`` value of the other."""
    # Left is the many side with group_right, too: that is how Prometheus reads it, and its tests pin it.
    if matching.fill_right is not None:
        matrix, groups = many
        alone = matrix.present & ~_any_by(one[1], one[0].present, count)[groups]
        labels = [labelled(row, signature(row, matching)) for row in matrix.labels]
        yield _Operands(labels, alone, _every_cell(matrix), _filled_cells(alone.shape, matching.fill_right), groups, matrix.drop_name)
    if matching.fill_left is not None:
        matrix, groups = one
        alone = matrix.present & ~_any_by(many[1], many[0].present, count)[groups]
        labels = [labelled(signature(row, matching), row) for row in matrix.labels]
        yield _Operands(labels, alone, _filled_cells(alone.shape, matching.fill_left), _every_cell(matrix), groups, matrix.drop_name)


def _joined(parts: Sequence[_Operands]) -> _Operands:
    if len(parts) == 1:
        return parts[0]
    return _Operands(
        [labels for part in parts for labels in part.labels],
        np.concatenate([part.both for part in parts]),
        _joined_cells([part.many for part in parts]),
        _joined_cells([part.one for part in parts]),
        np.concatenate([part.group for part in parts]),
        np.concatenate([part.drop for part in parts]),
    )


def _joined_cells(parts: Sequence[Cells]) -> Cells:
    histograms = stacked_histograms([(part.histograms, part.values.shape) for part in parts])
    return Cells(np.concatenate([part.values for part in parts]), histograms)


def result_labels(many: Labels, one: Labels, matching: ast.Matching, *, keeps_name: bool) -> Labels:
    """The labels of a result: of the many side, or what was matched on, with those that group_x takes from the one side."""
    labels = many if keeps_name else many.without(RESERVED)
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        labels = labels.only(matching.labels) if matching.on else labels.without(matching.labels)
    if matching.include:
        labels = labels.replace({name: one.get(name, "") for name in matching.include})
    return labels


def _pairs(of_many: Int64s, of_one: Int64s, count: int, limit: int) -> _Pairs:
    """Every row of the many side with every row of its signature on the one side, ordered by the many side."""
    order = np.argsort(of_one, kind="stable")
    starts = np.searchsorted(of_one[order], np.arange(count + 1))
    sizes = (starts[1:] - starts[:-1])[of_many]
    if sizes.sum() > limit:
        raise TooManySamplesError(TOO_MANY_SAMPLES)
    many = np.repeat(np.arange(len(of_many)), sizes)
    within = np.arange(len(many)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    one = order[np.repeat(starts[:-1][of_many], sizes) + within]
    return _Pairs(many, one, of_many[many])


def _meeting(pairs: _Pairs, many: Matrix, one: Matrix) -> _Pairs:
    """The pairs whose lifetimes overlap: where series come and go, most of a signature's rows never meet."""
    if not many.present.shape[1]:
        return pairs
    (born_many, died_many), (born_one, died_one) = _lifetimes(many.present), _lifetimes(one.present)
    meet = (born_many[pairs.many] <= died_one[pairs.one]) & (born_one[pairs.one] <= died_many[pairs.many])
    return pairs.where(meet)


def _lifetimes(present: Bools) -> tuple[Int64s, Int64s]:
    """The first and the last step at which each row has a sample."""
    return present.argmax(axis=1), present.shape[1] - 1 - present[:, ::-1].argmax(axis=1)


def _first_clash(groups: Int64s, present: Bools, count: int) -> tuple[int, int] | None:
    """The first step, and at it the first group, at which two rows of one group have a sample."""
    if len(np.unique(groups)) == len(groups):
        return None
    counts = np.zeros((count, present.shape[1]), np.int64)
    count_by(groups, present, counts)
    steps = np.flatnonzero((counts > 1).any(axis=0))
    if not len(steps):
        return None
    return int(steps[0]), int(np.flatnonzero(counts[:, steps[0]] > 1)[0])


def _reject_duplicates(matching: ast.Matching, one: Matrix, of_one: Int64s, count: int) -> None:
    clash = _first_clash(of_one, one.present, count)
    if clash is None:
        return
    step, group = clash
    rows = np.flatnonzero((of_one == group) & one.present[:, step])[:2]
    first, second = sorted(braced(one.labels[row]) for row in rows.tolist())
    side = "left" if matching.cardinality is Cardinality.ONE_TO_MANY else "right"
    raise ExecutionError(
        f"found duplicate series for the match group {braced(signature(one.labels[int(rows[0])], matching))} on the {side} hand-side"
        f" of the operation: [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
    )


def braced(labels: Labels) -> str:
    """The set with its name inside the braces, as Prometheus' errors print it: ``{__name__="up", job="x"}``."""
    return "{" + ", ".join(f"{quote_label(name)}={quote(value)}" for name, value in labels.pairs) + "}"


def _reject_collisions(matching: ast.Matching, found: _Operands) -> None:
    """Raises ExecutionError where one signature yields two results at a step that nothing tells apart."""
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        if _first_clash(found.group, found.both, int(found.group.max(initial=-1)) + 1) is not None:
            raise ExecutionError("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
        return
    keys: dict[tuple[int, Labels], int] = {}
    rows = zip(found.group.tolist(), found.labels, strict=True)
    numbers = np.asarray([keys.setdefault(row, len(keys)) for row in rows], np.int64)
    if _first_clash(numbers, found.both, len(keys)) is not None:
        raise ExecutionError("multiple matches for labels: grouping labels must ensure unique matches")
