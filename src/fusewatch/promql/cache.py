"""Answers of range queries, kept for panels that ask again and again: what is new is computed, the rest is there already.

A block holds an answer over steps in a row. It may be shown again as long as the samples it was made of are the same. That is so for steps
that lie :data:`SETTLED_MS` behind the clock, and reach no farther with a negative offset: a sample for them would come late, and late
samples and deletions change the version of their metric (:meth:`fusewatch.telemetry.ports.SeriesReader.versions`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.blocks import Block, joined
from fusewatch.promql.matrix import Grid
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.matchers import equal_metric
from fusewatch.telemetry.ports import SETTLED_MS

#: What a query takes beside its blocks, also where it found nothing.
_KEY_BYTES: Final = 2_000
_BYTES_A_CHARACTER: Final = 20
#: An answer with less than this of its steps at hand is computed as a whole.
_WORTH: Final = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """A range query as the cache knows it: its text, all else but its first and last step, its metrics, how far behind a step it looks."""

    text: str
    asked: Hashable
    metrics: tuple[str | None, ...]
    ahead_ms: int

    @property
    def size(self) -> int:
        """Bytes that its text and tree take, about."""
        return _KEY_BYTES + _BYTES_A_CHARACTER * len(self.text)


def asked_of(expr: ast.Expr, grid: Grid, text: str, others: Hashable, *, lookback_ms: int, settled: int) -> Asked | None:
    """The query, or None where its answer must not be kept: it says when it begins or ends, or a time that it names is not over.

    Times are over before ``settled`` (ms).
    """
    if _says_when(expr):
        return None
    selectors = list(_selectors(expr, None, 0, lookback_ms))
    if any(fixed is not None and fixed + ahead > settled for _, fixed, ahead in selectors):
        return None
    metrics = tuple(sorted({equal_metric(selector.matchers) or "" for selector, _, _ in selectors}))
    ahead = max((ahead for _, fixed, ahead in selectors if fixed is None), default=0)
    asked = (expr, grid.step, grid.start % grid.step, others)
    return Asked(text, asked, tuple(metric or None for metric in metrics), max(ahead, 0))


def _says_when(node: ast.Expr) -> bool:
    """Whether the value at a step depends on where the query begins or ends."""
    if isinstance(node, ast.Call) and node.function in {"start", "end", "range"}:
        return True
    return any(_says_when(child) for child in ast.children(node))


def _selectors(node: ast.Expr, fixed: int | None, ahead: int, lookback_ms: int) -> Iterator[tuple[ast.Selector, int | None, int]]:
    """Every selector, the moment that it is ``fixed`` to or None, and how far behind that, or behind the step, it looks."""
    if isinstance(node, ast.Selector | ast.Subquery):
        fixed, ahead = (node.at, -node.offset_ms) if isinstance(node.at, int) else (fixed, ahead - node.offset_ms)
    if isinstance(node, ast.Selector):
        yield node, fixed, ahead + (lookback_ms if node.extended is ast.Extended.SMOOTHED else 0)
    for child in ast.children(node):
        yield from _selectors(child, fixed, ahead, lookback_ms)


@dataclass(slots=True)
class CacheStatistics:
    """How often steps were at hand, and how many of how many; bytes in use."""

    steps_asked: int = 0
    steps_found: int = 0
    bytes: int = 0


class ResultCache:
    """Keeps blocks up to ``limit`` bytes; what was not asked for the longest goes first. Thread-safe."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.statistics = CacheStatistics()
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._now = 0
        self._kept: OrderedDict[Asked, tuple[Hashable, list[Block]]] = OrderedDict()

    def settled(self) -> int:
        """The newest moment (ms) of which everything has come. A clock that was set back had told it too early: all that is kept goes."""
        now = self._clock.now_ms()
        with self._lock:
            if now < self._now:
                self._kept.clear()
                self.statistics.bytes = 0
            self._now = now
        return now - SETTLED_MS

    def found(self, asked: Asked, versions: Hashable, grid: Grid) -> list[Block]:
        """The blocks of the grid's steps that are at hand and worth it, in order, made of samples of these ``versions``."""
        with self._lock:
            known, blocks = self._kept.get(asked, (None, []))
            if blocks:
                self._kept.move_to_end(asked)
        found = [part for block in blocks if known == versions and (part := block.within(grid.start, grid.end)) is not None]
        steps = sum(block.grid.count for block in found)
        if steps < grid.count * _WORTH:
            found, steps = [], 0
        self.statistics.steps_asked += grid.count
        self.statistics.steps_found += steps
        return found

    def keep(self, asked: Asked, versions: Hashable, blocks: Sequence[Block], settled: int) -> None:
        """Keeps what ``blocks`` (in a row) have of steps for which everything had come by ``settled`` (ms), in place of what there was."""
        last = settled - asked.ahead_ms
        kept = [part for block in blocks if (part := block.within(block.grid.start, last)) is not None]
        size = asked.size + sum(block.size for block in kept)
        with self._lock:
            self._drop(asked)
            if not kept or size > self._limit // 4 or settled + SETTLED_MS > self._now:
                return
            self._kept[asked] = versions, kept
            self.statistics.bytes += size
            while self.statistics.bytes > self._limit:
                self._drop(next(iter(self._kept)))

    def _drop(self, asked: Asked) -> None:
        if asked in self._kept:
            _, blocks = self._kept.pop(asked)
            self.statistics.bytes -= asked.size + sum(block.size for block in blocks)


def alike_joined(blocks: Sequence[Block]) -> list[Block]:
    """Neighbours that say the same beside their values become one; others do not: a warning goes with the steps that it is about."""
    found: list[Block] = []
    for block in blocks:
        alike = found and (found[-1].warnings, found[-1].infos) == (block.warnings, block.infos)
        found.append(joined([found.pop(), block]) if alike else block)
    return found


def gaps(grid: Grid, blocks: Sequence[Block]) -> list[Grid]:
    """The steps of the grid that no block (in order, within it) has."""
    found, at = [], grid.start
    for block in blocks:
        found.append(Grid.between(at, block.grid.start - grid.step, grid.step))
        at = block.grid.end + grid.step
    found.append(Grid.between(at, grid.end, grid.step))
    return [gap for gap in found if gap.count]
