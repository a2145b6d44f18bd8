"""Counts where the series come from: ClickHouse groups labels, arrays hold what changes by the hour."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from fusewatch.storage.cardinality import (
    Cardinality,
    CardinalityQuestion,
    JobShare,
    LabelShare,
    Order,
    PairShare,
    Unused,
)
from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.committer import Committer
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.metric_costs import MetricCosts
from fusewatch.storage.metric_table import MetricTable
from fusewatch.storage.queried import DAY_MS, QueriedMetrics
from fusewatch.storage.sample_rates import SampleRates
from fusewatch.storage.series_counts import GroupCounts, SeriesFacts
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.series_table import metric_hash
from fusewatch.storage.sql import Condition, matching_any
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Metrics without a query for so long are called unused.
UNUSED_DAYS: Final = 30
#: An answer is good for this long: counting reads every label set.
_KEPT_S: Final = 10.0
_KEPT: Final = 8
_SETTINGS: Final = "SETTINGS max_execution_time = 60"
_IDS: Final = f"""
SELECT id, metric_hash, cityHash64(labels['job']) AS job
FROM series FINAL
WHERE {{condition}}
{_SETTINGS}
"""  # noqa: S608  # a constant
_METRICS: Final = f"""
SELECT metric_hash, any(metric) AS name
FROM series
WHERE {{condition}}
GROUP BY metric_hash
{_SETTINGS}
"""  # noqa: S608  # a constant
_JOBS: Final = f"""
SELECT cityHash64(labels['job']) AS hash, any(labels['job']) AS name
FROM series
WHERE {{condition}}
GROUP BY hash
{_SETTINGS}
"""  # noqa: S608  # a constant
_SEEN: Final = """
(
    SELECT id
    FROM series_hours
    GROUP BY id
    HAVING min(series_hours.first) <= {last_hour:UInt32} AND max(series_hours.last) >= {first_hour:UInt32}
)
"""
#: More label names than this, and the rest is not looked at.
_MOST_LABELS: Final = 1000
#: Each label with each of its values; the lists below are made of it.
_PAIRS: Final = """
    SELECT name, value, count() AS series
    FROM series FINAL
    ARRAY JOIN mapKeys(labels) AS name, mapValues(labels) AS value
    WHERE {condition}
    GROUP BY name, value
"""
_LABELS: Final = f"""
SELECT name, count() AS distinct, sum(series), sum(series * length(value)), sum(count()) OVER (), count() OVER ()
FROM ({_PAIRS})
GROUP BY name
ORDER BY distinct DESC, name
LIMIT {{limit}}
{_SETTINGS}
"""  # noqa: S608  # a constant
_LARGEST: Final = f"""
SELECT name, value, series
FROM ({_PAIRS})
WHERE {{chosen}}
ORDER BY series DESC, name, value
LIMIT {{limit}}
{_SETTINGS}
"""  # noqa: S608  # a constant


@dataclass(frozen=True, slots=True)
class _Found:
    """The series that are asked about: hashes of their metrics and jobs (n), and how they are; ``stored`` counts those of any time."""

    metrics: UInt64s
    jobs: UInt64s
    facts: SeriesFacts
    stored: int


class CardinalityReader:
    """Answers questions one after another; an answer is good for some seconds. Thread-safe; every method blocks.

    A million series take two to three seconds of two cores, and some hundred megabytes.
    """

    def __init__(
        self,
        *,
        pool: ClientPool,
        follower: LogFollower,
        committer: Committer,
        queried: QueriedMetrics,
        rates: SampleRates,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._follower = follower
        self._committer = committer
        self._queried = queried
        self._rates = rates
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[CardinalityQuestion, tuple[float, Cardinality]] = OrderedDict()

    def read(self, question: CardinalityQuestion) -> Cardinality:
        """The answer, at most some seconds old.

        Raises:
            ClickHouseError, OverloadedError: it can't be had.
            BadRegexError: RE2 rejects a pattern.
        """
        # Times count by the hour, so that a page which is looked at again asks the same.
        key = replace(question, start=question.start // HOUR_MS, end=question.end // HOUR_MS)
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None and self._clock.monotonic() - kept[0] < _KEPT_S:
                return kept[1]
            answer = self._count(question)
            self._answers[key] = self._clock.monotonic(), answer
            self._answers.move_to_end(key)
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
            return answer

    def _count(self, question: CardinalityQuestion) -> Cardinality:
        self._follower.catch_up()
        if self._follower.waiting_series():
            # ClickHouse groups the labels, so it must have them.
            self._committer.commit_all()
        condition = matching_any(question.alternatives)
        with self._pool.handle() as handle:
            found = self._find(handle, condition, question)
            seen = condition if len(found.metrics) == found.stored else _within(condition, question)
            metrics = self._metrics(handle, condition, found, question)
            jobs = self._jobs(handle, condition, found, question)
            labels, pair_count, label_count = _labels(handle, seen, question.limit)
            pairs = _largest(handle, seen, question.limit)
            values = _largest(handle, seen, question.limit, name=question.label) if question.label else []
        return Cardinality(
            total=metrics.counts.total(),
            stored=found.stored,
            bytes=int(metrics.bytes.sum()),
            metrics=metrics.largest(question.order, question.limit),
            metric_count=len(metrics.counts),
            growing=[one for one in metrics.largest(Order.GROWTH, question.limit) if one.share.growth > 0],
            jobs=jobs,
            job_count=len(np.unique(found.jobs)),
            labels=labels[: question.limit],
            heaviest=sorted(labels, key=lambda one: -one.bytes)[: question.limit],
            label_count=label_count,
            pairs=pairs,
            pair_count=pair_count,
            values=values,
            unused=self._unused(metrics, question.limit),
        )

    def _find(self, handle: Handle, condition: Condition, question: CardinalityQuestion) -> _Found:
        blocks = list(handle.blocks(_IDS.format(condition=condition.text), condition.parameters))
        ids, metrics, jobs = (_joined(blocks, name) for name in ("id", "metric_hash", "job"))
        table, rates = self._follower.table, self._rates.by_reference()
        refs, _ = table.find(ids)
        # The few that have come since the rates were looked at have none yet.
        facts = SeriesFacts(table.first[refs], table.last[refs], np.where(refs < len(rates), rates[np.minimum(refs, len(rates) - 1)], 0.0))
        within = (facts.first <= question.end // HOUR_MS) & (facts.last >= max(question.start, 0) // HOUR_MS)
        return _Found(metrics[within], jobs[within], facts.only(within), len(ids))

    def _metrics(self, handle: Handle, condition: Condition, found: _Found, question: CardinalityQuestion) -> MetricTable:
        counts = GroupCounts.of(found.metrics, found.facts, question.end // HOUR_MS)
        names = {int(key): str(name) for key, name in handle.rows(_METRICS.format(condition=condition.text), condition.parameters)}
        costs = MetricCosts.read(handle, condition if question.is_narrow else None)
        return MetricTable(counts, names, *costs.of(counts.keys), last_queried=self._last_queried(counts.keys))

    def _last_queried(self, metrics: UInt64s) -> Int64s:
        """The day of each metric's last query, -1 for none that is known."""
        days = self._queried.days
        known = np.array([metric_hash(name.encode()) for name in days], np.uint64)
        order = np.argsort(known)
        known, last = known[order], np.fromiter(days.values(), np.int64, len(days))[order]
        if not len(known):
            return np.full(len(metrics), -1, np.int64)
        places = np.minimum(np.searchsorted(known, metrics), len(known) - 1)
        return np.where(known[places] == metrics, last[places], -1)

    def _jobs(self, handle: Handle, condition: Condition, found: _Found, question: CardinalityQuestion) -> list[JobShare]:
        counts = GroupCounts.of(found.jobs, found.facts, question.end // HOUR_MS)
        names = {int(key): str(name) for key, name in handle.rows(_JOBS.format(condition=condition.text), condition.parameters)}
        order = question.order if question.order is not Order.BYTES else Order.SERIES
        return [JobShare(names.get(int(counts.keys[row]), ""), counts.share(row)) for row in counts.largest(order, question.limit)]

    def _unused(self, metrics: MetricTable, limit: int) -> Unused:
        since = self._queried.since
        unused = metrics.only(metrics.last_queried <= self._clock.now_ms() // DAY_MS - UNUSED_DAYS)
        return Unused(
            days=UNUSED_DAYS,
            since=since * DAY_MS,
            count=len(unused.counts),
            series=int(unused.counts.series.sum()),
            bytes=int(unused.bytes.sum()),
            metrics=unused.largest(Order.BYTES, limit),
        )


def _joined(blocks: Sequence[dict[str, Any]], name: str) -> UInt64s:
    return np.concatenate([block[name] for block in blocks]) if blocks else np.empty(0, np.uint64)


def _within(condition: Condition, question: CardinalityQuestion) -> Condition:
    """The condition, and that the series was seen in the time asked for."""
    hours = {"first_hour": max(question.start, 0) // HOUR_MS, "last_hour": max(question.end, 0) // HOUR_MS}
    return Condition(f"({condition.text}) AND id IN {_SEEN}", {**condition.parameters, **hours})


def _labels(handle: Handle, condition: Condition, limit: int) -> tuple[list[LabelShare], int, int]:
    """The labels with most values; how many pairs and how many labels there are in all."""
    rows = handle.rows(_LABELS.format(condition=condition.text, limit=max(limit, _MOST_LABELS)), condition.parameters)
    shares = [LabelShare(str(name), int(values), int(series), int(size)) for name, values, series, size, _, _ in rows]
    pairs, labels = (int(rows[0][4]), int(rows[0][5])) if rows else (0, 0)
    return shares, pairs, labels


def _largest(handle: Handle, condition: Condition, limit: int, *, name: str = "") -> list[PairShare]:
    """The label pairs of most series, of one label or of all."""
    parameters, chosen = dict(condition.parameters), "1"
    if name:
        parameters["chosen"], chosen = name, "name = {chosen:String}"
    rows = handle.rows(_LARGEST.format(condition=condition.text, chosen=chosen, limit=limit), parameters)
    return [PairShare(str(label), str(value), int(series)) for label, value, series in rows]
