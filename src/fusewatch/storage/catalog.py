"""Which series there are: selectors to ids and labels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.storage.client import ClientPool
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.storage.series_kernels import HOUR_MS, UInt32s
from fusewatch.storage.series_table import metric_hash
from fusewatch.storage.sql import matching
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, equal_metric, match_all
from fusewatch.telemetry.ports import Budget, LimitExceededError
from fusewatch.telemetry.samples import UInt64s

#: Series whose labels are remembered, over all selections.
_CACHED_SERIES: Final = 200_000
#: The canonical form of each series' labels.
_SELECT: Final = r"""
SELECT arrayStringConcat(arrayMap((k, v) -> concat(k, '\xff', v, '\xff'), mapKeys(labels), mapValues(labels))) AS canonical
FROM series
WHERE """


@dataclass(frozen=True, slots=True)
class Selection:
    """Series in ascending order of their canonical labels: ``ids`` (n) uint64, ``refs`` (n) uint32, ``metrics`` (n) uint64 name hashes."""

    labels: Sequence[Labels]
    ids: UInt64s
    refs: UInt32s
    metrics: UInt64s

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Selection:
        """The series for which ``keep`` (n) is true."""
        if keep.all():
            return self
        labels = [self.labels[k] for k in np.flatnonzero(keep).tolist()]
        return Selection(labels, self.ids[keep], self.refs[keep], self.metrics[keep])


class Catalog:
    """Finds series by matchers, in ClickHouse and among those that wait; remembers what it found until there are new series."""

    def __init__(self, *, follower: LogFollower, pool: ClientPool, lifetimes: Lifetimes) -> None:
        self._lifetimes = lifetimes
        self._follower = follower
        self._table = follower.table
        self._pool = pool
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[Matcher, ...], tuple[int, Selection]] = OrderedDict()

    def select(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget) -> Selection:
        """The series that match and may have samples from ``start`` to ``end`` (ms; judged by the hour).

        Raises:
            LimitExceededError: more than the budget allows.
        """
        self._follower.catch_up()
        found = self._all(tuple(matchers), budget)
        table, refs = self._table, found.refs
        # A series without any sample left has a first hour behind all others.
        last_hour = min(max(end, 0) // HOUR_MS, (1 << 32) - 2)
        within = (table.first[refs] <= last_hour) & (table.last[refs] >= max(start, 0) // HOUR_MS)
        if self._lifetimes.is_varied and len(found):
            within &= table.last[refs] >= self._lifetimes.horizon_by_series(found.labels, found.metrics) // HOUR_MS
        selection = found.only(within)
        _check_count(len(selection), budget)
        return selection

    def _all(self, matchers: tuple[Matcher, ...], budget: Budget) -> Selection:
        version = self._table.version
        with self._lock:
            cached = self._found.get(matchers)
            if cached is not None and cached[0] == version:
                self._found.move_to_end(matchers)
                return cached[1]
        selection = self._query(matchers, budget)
        with self._lock:
            self._found[matchers] = version, selection
            self._found.move_to_end(matchers)
            while len(self._found) > 1 and sum(len(one) for _, one in self._found.values()) > _CACHED_SERIES:
                self._found.popitem(last=False)
        return selection

    def _query(self, matchers: tuple[Matcher, ...], budget: Budget) -> Selection:
        # Those that wait come first: one that is committed in between is found twice, never missed.
        found = set(self._waiting(matchers, budget))
        condition = matching(matchers)
        with self._pool.handle() as handle:
            for block in handle.blocks(_SELECT + condition.text, condition.parameters):
                budget.check()
                found.update(block["canonical"])
                # Churned series count too until their hours are looked at; ten times the limit is no honest query.
                _check_count(len(found) // 10, budget)
        labels = [Labels.from_canonical(canonical) for canonical in sorted(found)]
        ids = np.array([one.id for one in labels], np.uint64)
        refs, _ = self._table.find(ids)
        selection = Selection(labels, ids, refs, self._table.metrics[refs])
        return selection.only(refs > 0)

    def _waiting(self, matchers: tuple[Matcher, ...], budget: Budget) -> Iterator[bytes]:
        """The canonical labels of those that match and that ClickHouse may not have yet."""
        metric = equal_metric(matchers)
        wanted = None if metric is None else np.uint64(metric_hash(metric.encode()))
        for rows in self._follower.waiting_series():
            budget.check()
            if wanted is not None and not (rows.metrics == wanted).any():
                continue
            for labels in rows.canonical:
                if match_all(matchers, Labels.from_canonical(labels)):
                    yield labels


def _check_count(count: int, budget: Budget) -> None:
    if count > budget.max_series:
        message = f"the query matches {count} series, the limit is {budget.max_series}: add matchers"
        raise LimitExceededError(message)
