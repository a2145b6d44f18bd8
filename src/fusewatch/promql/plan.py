"""What a tree needs before it can be evaluated: which parts are the same at every step, and which samples of which series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.matrix import Grid
from fusewatch.telemetry.matchers import Matcher

#: Their result depends on the step even when their arguments do not.
_STEP_DEPENDENT: Final = frozenset(
    {
        *("time", "timestamp", "start_timestamp", "predict_linear", "minute", "hour", "month", "year"),
        *("day_of_week", "day_of_month", "day_of_year", "days_in_month"),
    }
)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Samples to read: ``start <= timestamp <= end`` (ms)."""

    matchers: tuple[Matcher, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A tree ready to be evaluated over ``grid``, and the samples that it reads."""

    expr: ast.Expr
    grid: Grid
    fetches: Sequence[Fetch]


def plan(expr: ast.Expr, grid: Grid, lookback_ms: int) -> Plan:
    """The plan of ``expr`` over ``grid``; reads that overlap are one."""
    resolved = _resolve(expr, grid)
    return Plan(_with_invariants(resolved), grid, _deduplicated(_fetches(resolved, grid.start, grid.end, lookback_ms)))


def _resolve(node: ast.Expr, grid: Grid) -> ast.Expr:
    """The tree with ``@ start()`` and ``@ end()`` as times."""
    node = ast.map_children(node, lambda child: _resolve(child, grid))
    if isinstance(node, ast.Selector | ast.Subquery) and isinstance(node.at, ast.AtAnchor):
        return replace(node, at=grid.start if node.at is ast.AtAnchor.START else grid.end)
    return node


def _with_invariants(node: ast.Expr) -> ast.Expr:
    if _invariant(node) and not isinstance(node, ast.Number | ast.String | ast.RangeSelector | ast.Subquery):
        inside = ast.map_children(node, _with_invariants_below)
        return ast.Invariant(inside, node.span)
    return ast.map_children(node, _with_invariants)


def _with_invariants_below(node: ast.Expr) -> ast.Expr:
    """Within an invariant only subqueries have steps of their own again."""
    return ast.map_children(node, _with_invariants if isinstance(node, ast.Subquery) else _with_invariants_below)


def _invariant(node: ast.Expr) -> bool:
    match node:
        case ast.Selector() | ast.RangeSelector() | ast.Subquery():
            return ast.fixed_in_time(node)
        case ast.Call(function="timestamp", args=(ast.Selector() as selector,)):
            return ast.fixed_in_time(selector)  # the samples' own times
        case ast.Call(function=name) if name in _STEP_DEPENDENT:
            return False
        case _:
            return all(_invariant(child) for child in ast.children(node))


def _fetches(node: ast.Expr, start: int, end: int, lookback_ms: int) -> Iterator[Fetch]:
    """What ``node`` reads when it is evaluated at moments from ``start`` to ``end``."""
    match node:
        case ast.Selector():
            yield _fetch(node, start, end, lookback_ms)
        case ast.RangeSelector():
            yield _fetch(node.selector, start, end, node.range_ms)
        case ast.Subquery():
            first, last = _window(node.at, node.offset_ms, start, end)
            yield from _fetches(node.expr, first - node.range_ms, last, lookback_ms)
        case _:
            for child in ast.children(node):
                yield from _fetches(child, start, end, lookback_ms)


def _window(at: ast.At, offset_ms: int, start: int, end: int) -> tuple[int, int]:
    if isinstance(at, int):
        start = end = at
    return start - offset_ms, end - offset_ms


def _fetch(selector: ast.Selector, start: int, end: int, back_ms: int) -> Fetch:
    first, last = _window(selector.at, selector.offset_ms, start, end)
    # Left-open: the sample exactly at the far end is outside.
    return Fetch(selector.matchers, first - back_ms + 1, last)


def _deduplicated(wanted: Iterator[Fetch]) -> list[Fetch]:
    """The same samples in as few reads: those of the same matchers that overlap become one."""
    by_matchers: dict[tuple[Matcher, ...], list[Fetch]] = {}
    for fetch in wanted:
        by_matchers.setdefault(fetch.matchers, []).append(fetch)
    found: list[Fetch] = []
    for fetches in by_matchers.values():
        fetches.sort(key=lambda fetch: fetch.start)
        current = fetches[0]
        for fetch in fetches[1:]:
            if fetch.start <= current.end:
                current = replace(current, end=max(current.end, fetch.end))
            else:
                found.append(current)
                current = fetch
        found.append(current)
    return found
