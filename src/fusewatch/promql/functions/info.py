"""``info``: the labels that info metrics, such as ``target_info``, tell of a series' ``job`` and ``instance``.

https://prometheus.io/docs/prometheus/latest/querying/functions/#info
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.arrays import Bools
from fusewatch.promql.ast import ValueType
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.functions.function import CallContext, Function
from fusewatch.promql.matrix import Matrix, merged, stacked
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.samples import Int64s

#: The labels by which a series and what is known of it belong together.
_IDENTIFYING: Final = ("instance", "job")
_DEFAULT: Final = Matcher(METRIC_NAME, MatchOp.EQUAL, "target_info")
_ANY: Final = Matcher(METRIC_NAME, MatchOp.REGEX, ".+_info")


def with_info_selector(call: ast.Call) -> ast.Call:
    """The call with a second argument that selects the info series, as of the time that the first selector of its first one tells."""
    matchers = call.args[1].matchers if len(call.args) > 1 and isinstance(call.args[1], ast.Selector) else ()
    names = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
    if not any(matcher.op in (MatchOp.EQUAL, MatchOp.REGEX) for matcher in names):
        names.append(_ANY if names else _DEFAULT)
    others = [matcher for matcher in matchers if matcher.name != METRIC_NAME]
    at, offset_ms = _reference(call.args[0], None, 0) or (None, 0)
    selector = ast.Selector((*others, *names), offset_ms, at, call.args[-1].span)
    return replace(call, args=(call.args[0], selector))


def _reference(node: ast.Expr, at: ast.At, offset_ms: int) -> tuple[ast.At, int] | None:
    """The time and offset of the first selector in ``node``: an @ nearer to it makes what stands further out irrelevant."""
    if isinstance(node, ast.Selector | ast.Subquery):
        at, offset_ms = (node.at, node.offset_ms) if node.at is not None else (at, offset_ms + node.offset_ms)
    if isinstance(node, ast.Selector):
        return at, offset_ms
    found = (_reference(child, at, offset_ms) for child in ast.children(node))
    return next((one for one in found if one is not None), None)


@dataclass(frozen=True, slots=True)
class _Known:
    """The info series: their labels, and when each had its sample (series, steps) seconds, NaN where it has none."""

    labels: Sequence[Labels]
    times: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    #: Their rows by what tells them apart: name, instance and job.
    rows: Mapping[tuple[str, ...], Sequence[int]]
    names: Sequence[str]

    def newest(self, key: tuple[str, ...]) -> Int64s:
        """The row that says most recently what there is to say under ``key``, at each step (steps); -1 where none does.

        Raises:
            ExecutionError: two say so at the same time.
        """
        rows = np.asarray(self.rows.get(key, ()), np.int64)
        if not len(rows):
            return np.full(self.times.shape[1], -1, np.int64)
        times = np.where(np.isnan(self.times[rows]), -np.inf, self.times[rows])
        best = times.argmax(axis=0)
        known = np.isfinite(times.max(axis=0))
        self._reject_twins(rows, times, known)
        return np.where(known, rows[best], -1)

    def _reject_twins(self, rows: Int64s, times: np.ndarray[tuple[int, ...], np.dtype[np.float64]], known: Bools) -> None:
        twins = known & ((times == times.max(axis=0)).sum(axis=0) > 1)
        for step in np.flatnonzero(twins)[:1].tolist():
            first, second = np.flatnonzero(times[:, step] == times[:, step].max())[:2].tolist()
            moment = round(float(times[first, step]) * 1000)
            one, other = self.labels[rows[first]], self.labels[rows[second]]
            raise ExecutionError(f"found duplicate series for info metric: existing {one} @ {moment}, new {other} @ {moment}")


def _key(name: str, labels: Labels) -> tuple[str, ...]:
    return (name, *(labels.get(label, "") for label in _IDENTIFYING))


def _known(found: Matrix, base: Sequence[Labels]) -> _Known:
    """What the info series say of the series ``base``."""
    wanted = {label: {labels[label] for labels in base if labels.get(label)} for label in _IDENTIFYING}
    wanted = {label: values for label, values in wanted.items() if values}
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, labels in enumerate(found.labels):
        if wanted and all(labels.get(label, "") in values for label, values in wanted.items()):
            rows.setdefault(_key(labels.get(METRIC_NAME, ""), labels), []).append(row)
    times = np.where(found.present, found.values, np.nan)
    return _Known(found.labels, times, rows, sorted({key[0] for key in rows}))


def _info(call: CallContext) -> Matrix:
    base, found = call.vector(0), call.vector(1)
    if found.is_histogram.any():
        raise ExecutionError("info sample should be float")
    selector = call.node.args[1]
    selector = selector.expr if isinstance(selector, ast.Invariant) else selector
    assert isinstance(selector, ast.Selector)  # noqa: S101 - the plan put it there
    names = [matcher for matcher in selector.matchers if matcher.name == METRIC_NAME]
    data = [matcher for matcher in selector.matchers if matcher.name != METRIC_NAME]
    told = [all(matcher.matches(labels.get(METRIC_NAME, "")) for matcher in names) for labels in base.labels]
    plain = [row for row, is_info in enumerate(told) if not is_info]
    known = _known(found, [base.labels[row] for row in plain])
    parts = [base.rows([row for row, is_info in enumerate(told) if is_info])]
    optional = all(matcher.matches("") for matcher in data)
    parts += [part for row in plain for part in _enriched(base.rows([row]), known, data, optional=optional)]
    return merged(stacked(parts, call.grid.count))


def _enriched(row: Matrix, known: _Known, data: Sequence[Matcher], *, optional: bool) -> list[Matrix]:
    """One series with the labels that are known of it; several where those change. Unless ``optional`` they have to be known."""
    labels = row.labels[0]
    winners = np.stack([known.newest(_key(name, labels)) for name in known.names]) if known.names else np.full((1, row.values.shape[1]), -1)
    combinations, which = np.unique(winners, axis=1, return_inverse=True)
    parts = []
    for number, combination in enumerate(combinations.T.tolist()):
        present = row.present & (which.reshape(-1) == number)
        rows = [winner for winner in combination if winner >= 0]
        if present.any() and (rows or optional):
            said = _said([known.labels[winner] for winner in rows], labels, {matcher.name for matcher in data})
            parts.append(replace(row, labels=(labels.replace(said),), present=present))
    return parts


def _said(infos: Sequence[Labels], base: Labels, wanted: set[str]) -> dict[str, str]:
    """The labels that info series add to ``base``: all, or those that are ``wanted``.

    Raises:
        ExecutionError: they contradict each other.
    """
    said: dict[str, str] = {}
    for labels in infos:
        for name, value in labels.pairs:
            if name == METRIC_NAME or (wanted and name not in wanted):
                continue
            if said.get(name, value) != value:
                raise ExecutionError(f"conflicting label: {name}")
            if name not in base:
                said[name] = value
    return said


VECTOR: Final = ValueType.VECTOR
FUNCTIONS: Final = (Function("info", (VECTOR, VECTOR), VECTOR, _info, required=1),)
