"""What a tree needs before it can be evaluated: which parts are the same at every step, and which samples of which series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.functions.info import with_info_selector
from fusewatch.promql.matrix import Grid
from fusewatch.promql.rollups import SHOWN, RollupUse
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.rollups import Windows

#: Their result depends on the step even when their arguments do not.
_STEP_DEPENDENT: Final = frozenset(
    {
        *("time", "timestamp", "start_timestamp", "predict_linear", "minute", "hour", "month", "year"),
        *("day_of_week", "day_of_month", "day_of_year", "days_in_month"),
    }
)
_OF_COUNTS: Final = frozenset({"histogram_count", "histogram_sum", "histogram_avg"})
_OF_BUCKETS: Final = frozenset({"histogram_quantile", "histogram_quantiles", "histogram_fraction"})


@dataclass(frozen=True, slots=True)
class Fetch:
    """Samples to read: ``start <= timestamp <= end`` (ms); ``windows`` is all that is made of them, empty where roll-ups may not help."""

    matchers: tuple[Matcher, ...]
    start: int
    end: int
    windows: tuple[Windows, ...] = ()


@dataclass(frozen=True, slots=True)
class _Moments:
    """When a node is evaluated: somewhere from ``start`` to ``end`` (ms), at ``first`` and every ``step`` from then on."""

    start: int
    end: int
    first: int
    step: int

    def of(self, at: ast.At, offset_ms: int) -> _Moments:
        """The moments that a selector with these modifiers looks at."""
        if isinstance(at, int):
            return _Moments(at - offset_ms, at - offset_ms, at - offset_ms, 0)
        return _Moments(self.start - offset_ms, self.end - offset_ms, self.first - offset_ms, self.step)

    @property
    def count(self) -> int:
        """How many there are."""
        return (self.end - self.first) // self.step + 1 if self.step and self.first <= self.end else int(self.first <= self.end)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is the same for all reads of a query."""

    lookback_ms: int
    default_step_ms: int
    rollups: RollupUse


@dataclass(frozen=True, slots=True)
class Plan:
    """A tree ready to be evaluated over ``grid``, and the samples that it reads."""

    expr: ast.Expr
    grid: Grid
    fetches: Sequence[Fetch]


def plan(expr: ast.Expr, grid: Grid, lookback_ms: int, *, default_step_ms: int = 60_000, rollups: RollupUse = RollupUse.EXACT) -> Plan:
    """The plan of ``expr`` over ``grid``; reads that overlap are one."""
    resolved = _without_buckets(resolve(expr, grid), counts=False)
    moments = _Moments(grid.start, grid.end, grid.start, grid.step)
    reading = _Reading(lookback_ms, default_step_ms, rollups)
    return Plan(_with_invariants(resolved), grid, _deduplicated(_fetches(resolved, moments, reading)))


def resolve(expr: ast.Expr, grid: Grid) -> ast.Expr:
    """The tree with ``@ start()`` and ``@ end()`` as times, and what ``info`` looks up as a selector; doing so again changes nothing."""
    return _with_info(_resolve(expr, grid))


def _resolve(node: ast.Expr, grid: Grid) -> ast.Expr:
    """The tree with ``@ start()`` and ``@ end()`` as times."""
    node = ast.map_children(node, lambda child: _resolve(child, grid))
    if isinstance(node, ast.Selector | ast.Subquery) and isinstance(node.at, ast.AtAnchor):
        return replace(node, at=grid.start if node.at is ast.AtAnchor.START else grid.end)
    return node


def _with_info(node: ast.Expr) -> ast.Expr:
    """The tree with what ``info`` looks up as a selector that is read like any other."""
    node = ast.map_children(node, _with_info)
    return with_info_selector(node) if isinstance(node, ast.Call) and node.function == "info" else node


def _without_buckets(node: ast.Expr, *, counts: bool) -> ast.Expr:
    """The tree with the selectors marked of whose native histograms only counts and sums are asked for (``counts``: further up)."""
    match node:
        case ast.Selector():
            return replace(node, counts_only=counts)
        case ast.Subquery() | ast.Binary(op="</" | ">/"):
            return node  # subqueries find resets by buckets
        case ast.Call(function=name) if name in _OF_BUCKETS:
            return node
        case ast.Call(function=name) if name in _OF_COUNTS:
            counts = True
        case _:
            pass
    return ast.map_children(node, lambda child: _without_buckets(child, counts=counts))


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


def _fetches(node: ast.Expr, moments: _Moments, reading: _Reading, function: str = SHOWN) -> Iterator[Fetch]:
    """What ``node``, an argument of ``function``, reads when it is evaluated at these moments."""
    match node:
        case ast.Selector():
            yield _fetch(node, moments, reading, "", reading.lookback_ms)
        case ast.RangeSelector():
            yield _fetch(node.selector, moments, reading, function, node.range_ms)
        case ast.Subquery():
            outer = moments.of(node.at, node.offset_ms)
            step, start = node.step_ms or reading.default_step_ms, outer.start - node.range_ms
            # Its own moments are the multiples of its step after the (open) left end of the first window.
            yield from _fetches(node.expr, _Moments(start, outer.end, (start // step + 1) * step, step), reading)
        case ast.Call():
            for arg in node.args:
                yield from _fetches(arg, moments, reading, node.function)
        case _:
            for child in ast.children(node):
                yield from _fetches(child, moments, reading)


def _fetch(selector: ast.Selector, moments: _Moments, reading: _Reading, function: str, back_ms: int) -> Fetch:
    seen = moments.of(selector.at, selector.offset_ms)
    if selector.extended is not None:
        later = reading.lookback_ms if selector.extended is ast.Extended.SMOOTHED else 0
        return Fetch(selector.matchers, seen.start - back_ms - reading.lookback_ms + 1, seen.end + later)
    windows = Windows(function, seen.first, seen.step, seen.count, back_ms, reading.rollups is RollupUse.ROUGH)
    # Left-open: the sample exactly at the far end is outside.
    return Fetch(selector.matchers, seen.start - back_ms + 1, seen.end, () if reading.rollups is RollupUse.NEVER else (windows,))


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
                windows = tuple(dict.fromkeys((*current.windows, *fetch.windows)))
                current = replace(current, end=max(current.end, fetch.end), windows=windows)
            else:
                found.append(current)
                current = fetch
        found.append(current)
    return found
