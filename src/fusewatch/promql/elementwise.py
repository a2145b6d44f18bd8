"""What a binary operator makes of two samples: two numbers, two native histograms, or one of each.

https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operators
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.arrays import Bools
from fusewatch.promql.histograms import Histograms, joined
from fusewatch.promql.kernels.native.cells import combined, equal, scaled
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.promql.kernels.native.trimming import trimmed
from fusewatch.promql.kernels.native.work import COLLISION, INCOMPATIBLE, RECONCILED
from fusewatch.telemetry.labels import quote
from fusewatch.telemetry.samples import Float64s, Int64s

ARITHMETIC: Final[dict[str, Callable[[Float64s, Float64s], Float64s]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: Final[dict[str, Callable[[Float64s, Float64s], Bools]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}
_DURING: Final = {"+": "addition", "-": "subtraction"}


@dataclass(frozen=True, slots=True)
class Cells:
    """The samples of one side: ``values`` (series, steps) float64, and which of them are histograms."""

    values: Float64s
    histograms: Histograms | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Values (series, steps), where there are any (None: wherever both sides have a sample), and which are histograms."""

    values: Float64s
    holds: Bools | None = None
    histograms: Histograms | None = None


def operate(node: ast.Binary, left: Cells, right: Cells, both: Bools, notes: Annotations) -> Outcome:
    """``left op right`` wherever ``both`` (series, steps) have a sample; a comparison keeps the left one, or with ``bool`` is 0 or 1."""
    if left.histograms is None and right.histograms is None and node.op not in ast.TRIMS:
        return _numbers(node, left.values, right.values)
    return _Mixture(node, left, right, both, notes).outcome()


def _numbers(node: ast.Binary, left: Float64s, right: Float64s) -> Outcome:
    if node.op in ARITHMETIC:
        return Outcome(ARITHMETIC[node.op](left, right))
    holds = COMPARISONS[node.op](left, right)
    return Outcome(holds.astype(np.float64)) if node.return_bool else Outcome(left, holds)


@dataclass(slots=True)
class _Mixture:
    """The general case: the cells by what stands on both sides, and the histograms that came of them."""

    node: ast.Binary
    left: Cells
    right: Cells
    both: Bools
    notes: Annotations
    values: Float64s = field(init=False)
    holds: Bools = field(init=False)
    _found: list[tuple[Bools, Int64s, Pool]] = field(init=False, default_factory=list)

    def outcome(self) -> Outcome:
        """The result of every cell."""
        ours, theirs = (self._where(side.histograms) for side in (self.left, self.right))
        self.values, self.holds = np.zeros(self.both.shape), np.zeros(self.both.shape, np.bool_)
        self._two_numbers(self.both & ~ours & ~theirs)
        self._with_number(ours & ~theirs)
        self._number_first(theirs & ~ours)
        self._two_histograms(ours & theirs)
        return Outcome(self.values, self.holds, self._histograms())

    def _where(self, histograms: Histograms | None) -> Bools:
        return np.zeros(self.both.shape, np.bool_) if histograms is None else self.both & (histograms.places >= 0)

    def _histograms(self) -> Histograms | None:
        if not self._found:
            return None
        places, before = np.full(self.both.shape, -1, np.int64), 0
        for cells, numbers, pool in self._found:
            places[cells] = numbers + before
            before += len(pool.kinds)
        return Histograms(places, joined([pool for _, _, pool in self._found]))

    def _keep(self, cells: Bools, numbers: Int64s, pool: Pool) -> None:
        self._found.append((cells, numbers, pool))
        self.holds |= cells

    def _refuse(self, cells: Bools, left: str, right: str) -> None:
        if cells.any():
            op = self.node.op
            text = f"incompatible sample types encountered for binary operator {quote(op)}: {left} {op} {right}"
            self.notes.info(text, self.node.span)

    def _two_numbers(self, cells: Bools) -> None:
        if self.node.op in ast.TRIMS:
            self._refuse(cells, "float", "float")
            return
        found = _numbers(self.node, self.left.values, self.right.values)
        np.copyto(self.values, found.values, where=cells)
        self.holds |= cells if found.holds is None else cells & found.holds

    def _with_number(self, cells: Bools) -> None:
        """A histogram and a number."""
        if not cells.any() or self.left.histograms is None:
            return
        pool, chosen, numbers = self.left.histograms.pool, self.left.histograms.places[cells], self.right.values[cells]
        every = np.arange(len(chosen))
        if self.node.op in ("*", "/"):
            self._keep(cells, every, scaled(self.node.op == "/", pool, chosen, numbers))
        elif self.node.op in ast.TRIMS:
            self._keep(cells, every, trimmed(self.node.op == "</", pool, chosen, numbers))
        else:
            self._refuse(cells, "histogram", "float")

    def _number_first(self, cells: Bools) -> None:
        if not cells.any() or self.right.histograms is None:
            return
        if self.node.op != "*":
            self._refuse(cells, "float", "histogram")
            return
        chosen = self.right.histograms.places[cells]
        pool = scaled(False, self.right.histograms.pool, chosen, self.left.values[cells])  # noqa: FBT003  # a kernel
        self._keep(cells, np.arange(len(chosen)), pool)

    def _two_histograms(self, cells: Bools) -> None:
        if not cells.any() or self.left.histograms is None or self.right.histograms is None:
            return
        left, right = self.left.histograms, self.right.histograms
        if self.node.op in _DURING:
            self._combine(cells, left, right)
        elif self.node.op in ("==", "!="):
            self._compare(cells, left, right)
        else:
            self._refuse(cells, "histogram", "histogram")

    def _combine(self, cells: Bools, left: Histograms, right: Histograms) -> None:
        ours, theirs, op = left.places[cells], right.places[cells], self.node.op
        numbers, met = np.full(len(ours), -1, np.int64), np.zeros(len(ours), np.int64)
        pool, _ = combined(op == "-", left.pool, ours, right.pool, theirs, numbers, met)
        if (met & INCOMPATIBLE).any():
            self.notes.warn(f"incompatible bucket layout encountered for binary operator {op}", self.node.span)
        if (met & COLLISION).any():
            self.notes.collision(_DURING[op], self.node.span)
        if (met & RECONCILED).any():
            self.notes.reconciled(_DURING[op], self.node.span)
        fitting = cells.copy()
        fitting[cells] = numbers >= 0
        self._keep(fitting, numbers[numbers >= 0], pool)

    def _compare(self, cells: Bools, left: Histograms, right: Histograms) -> None:
        ours, same = left.places[cells], np.zeros(int(cells.sum()), np.bool_)
        equal(left.pool, ours, right.pool, right.places[cells], same)
        holding = same if self.node.op == "==" else ~same
        if self.node.return_bool:
            self.values[cells] = holding
            self.holds |= cells
            return
        kept = cells.copy()
        kept[cells] = holding
        self._keep(kept, ours[holding], left.pool)
