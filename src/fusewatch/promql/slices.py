"""Long ranges in slices of time, so that the samples of one slice alone are in memory.

Every sample is read once, as without slices: what windows of the next slice look back at is kept of the one before, and slices end with a
UTC day, because that is how chunks are stored. How many days a slice has is found by how many samples the one before it had. Putting
samples together costs a copy of them, so a query is read as a whole where it fits; that it does not is known before anything is decoded.

A query is evaluated so where that is plainly the same: each step sees the samples before it and nothing else. Left alone is what

- has a part that is tied to one moment (``@``): it would be computed, and perhaps read, for every slice again;
- looks far behind its steps, or at several times of the same series: most of a slice would have to be kept for the next;
- is answered from roll-ups, which are few. That is found out on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fusewatch.promql import ast
from fusewatch.promql.fetch import Fetched, Samples, fetch_all, read, samples_in
from fusewatch.promql.matrix import Grid
from fusewatch.promql.plan import Fetch, Plan
from fusewatch.promql.splicing import followed, since
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget, CancelledReadError, LimitExceededError, SeriesReader
from fusewatch.telemetry.samples import SeriesSet

_DAY_MS: Final = 86_400_000
#: How far behind its steps a query may look, and one with subqueries, whose inner steps are computed again for every slice.
_BEHIND_MS: Final = _DAY_MS
_BEHIND_SUBQUERY_MS: Final = _DAY_MS // 4
#: So many samples (16 bytes) are read as a whole; a slice has about half as many, unless a day has more.
_MOST_SAMPLES: Final = 1 << 25


def can_be_sliced(planned: Plan) -> bool:
    """Whether a range query gives the same answer in slices, and is worth it: more than two days of samples."""
    grid, fetches = planned.grid, planned.fetches
    if not fetches or not 0 < grid.step <= _DAY_MS or len({fetch.matchers for fetch in fetches}) < len(fetches):
        return False
    nodes = list(_nodes(planned.expr))
    subqueries = [node for node in nodes if isinstance(node, ast.Subquery)]
    if any(_differs(node) for node in nodes) or any(_counts(node) for one in subqueries for node in _nodes(one)):
        return False
    reach = max(fetch.end - fetch.start for fetch in fetches)
    behind = reach - (grid.end - grid.start)
    return reach > 2 * _DAY_MS and behind <= (_BEHIND_SUBQUERY_MS if subqueries else _BEHIND_MS)


def _differs(node: ast.Expr) -> bool:
    """Whether a node is tied to one moment, or says something of all steps that it does not say of some."""
    match node:
        case ast.Selector() | ast.Subquery():
            return ast.fixed_in_time(node)
        case ast.Aggregate(op="quantile" | "limit_ratio", param=param):  # their warnings name the worst of all parameters
            return not isinstance(param, ast.Number | ast.Invariant)
        case _:
            return False


def _counts(node: ast.Expr) -> bool:
    """Whether a node tells how many values it had to correct: the steps of a subquery would be counted again."""
    return isinstance(node, ast.Call) and node.function in {"histogram_quantile", "histogram_quantiles"}


def _nodes(node: ast.Expr) -> Iterator[ast.Expr]:
    yield node
    for child in ast.children(node):
        yield from _nodes(child)


def fetch_few(reader: SeriesReader, fetches: Sequence[Fetch], budget: Budget) -> Samples | None:
    """All samples, None where they are too many to be read as a whole.

    Raises:
        CancelledReadError: cancelled, or out of time.
    """
    try:
        with budget.narrowed(_MOST_SAMPLES):
            return fetch_all(reader, fetches, budget)
    except CancelledReadError:
        raise
    except LimitExceededError:
        return None


class WholeError(Exception):
    """The query is to be evaluated as a whole: a part of it is answered from roll-ups. Nothing of it is held."""


@dataclass(slots=True)
class _Read:
    """A read of the whole query: how far it has come, what is held of it and counts so much, and which series it has met."""

    fetch: Fetch
    held: SeriesSet | None
    cost: int
    held_from: int
    read_to: int
    met: set[Labels]


class Slices:
    """Walks over the steps of a query and reads its samples on the way."""

    def __init__(self, reader: SeriesReader, planned: Plan, budget: Budget) -> None:
        self._reader = reader
        self._budget = budget
        self._grid = planned.grid
        self._at = planned.grid.start
        self._ahead = planned.fetches[0].end - planned.grid.end
        self._days = 2
        self._reads = {fetch.matchers: _Read(fetch, None, 0, fetch.start, fetch.start - 1, set()) for fetch in planned.fetches}
        self.count = 0

    @property
    def series(self) -> int:
        """How many series were read."""
        return sum(len(known.met) for known in self._reads.values())

    def next(self) -> Grid | None:
        """The steps of the next slice, None after the last."""
        if self._at > self._grid.end:
            return None
        end = _day(self._at + self._ahead) + self._days * _DAY_MS - 1 - self._ahead
        found = Grid.between(self._at, max(min(end, self._grid.end), self._at), self._grid.step)
        self._at = found.end + found.step
        return found

    def samples(self, fetches: Sequence[Fetch]) -> Samples:
        """The samples of a slice, whose plan wants these.

        Raises:
            WholeError: some are roll-ups.
            LimitExceededError: more than the budget allows, cancelled, or out of time.
        """
        wanted: dict[tuple[Matcher, ...], tuple[int, int]] = {}
        for fetch in fetches:
            start, end = wanted.get(fetch.matchers, (fetch.start, fetch.end))
            wanted[fetch.matchers] = min(start, fetch.start), max(end, fetch.end)
        before, begun = self.count, max(known.read_to for known in self._reads.values())
        found = [self._advanced(self._reads[matchers], *bounds) for matchers, bounds in wanted.items()]
        passed = max(known.read_to for known in self._reads.values()) - begun
        self._days = max(1, _MOST_SAMPLES // 2 * passed // max(self.count - before, 1) // _DAY_MS)
        return Samples(found)

    def _advanced(self, known: _Read, start: int, end: int) -> Fetched:
        """Holds the samples of a read from ``start`` on, and reads on to the end of the day of ``end``."""
        kept = None if known.held is None else since(known.held, start)
        if known.held is not None and kept is not None:
            # A native histogram counts by its size, which is about the same from one to the next.
            left = known.cost * samples_in(kept) // max(samples_in(known.held), 1)
            self._budget.give_back(known.cost - left)
            known.cost = left
        known.held, known.held_from = None, max(known.held_from, start)
        until = known.fetch.end if self._at > self._grid.end else min(known.fetch.end, _day(end) + _DAY_MS - 1)
        if until > known.read_to:
            before = self._budget.samples
            found = read(self._reader, replace(known.fetch, start=known.read_to + 1, end=until), self._budget)
            known.cost += self._budget.samples - before
            if found.series.rolled is not None:
                self._budget.give_back(sum(one.cost for one in self._reads.values()))
                raise WholeError
            self.count += found.count
            known.met.update(found.series.labels)
            known.read_to = until
            kept = found.series if kept is None else followed(kept, found.series)
        known.held = SeriesSet.empty() if kept is None else kept
        return Fetched(replace(known.fetch, start=known.held_from, end=known.read_to), known.held)


def _day(time: int) -> int:
    return time - time % _DAY_MS
