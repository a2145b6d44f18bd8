"""Where the series come from: what is asked, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import Matcher, MatchOp


class Order(StrEnum):
    """By what the largest come first."""

    SERIES = "series"
    SAMPLES = "samples"
    BYTES = "bytes"
    NEW = "new"
    GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class CardinalityQuestion:
    """The series seen from ``start`` to ``end`` (ms; judged by the hour) that match any selector and lie in the focus.

    The focus is a metric, a label that the series have, a job, or several of these; "" is none. Lists hold at most ``limit`` rows.
    """

    start: int
    end: int
    selectors: tuple[tuple[Matcher, ...], ...] = ()
    metric: str = ""
    label: str = ""
    job: str = ""
    limit: int = 10
    order: Order = Order.SERIES

    @property
    def alternatives(self) -> list[tuple[Matcher, ...]]:
        """Selectors and focus as one: a series matches all of any of them."""
        wanted = ((METRIC_NAME, MatchOp.EQUAL, self.metric), (self.label, MatchOp.NOT_EQUAL, ""), ("job", MatchOp.EQUAL, self.job))
        values = (self.metric, self.label, self.job)
        focus = tuple(Matcher(*one) for one, value in zip(wanted, values, strict=True) if value)
        return [(*selector, *focus) for selector in (self.selectors or [()])]

    @property
    def is_narrow(self) -> bool:
        """Whether some series are left out whenever they were seen."""
        return any(self.alternatives)


@dataclass(frozen=True, slots=True)
class Share:
    """Series of a group at the end of the time asked for.

    ``active``: seen in that hour or the one before; ``new``: seen for the first time in the 24 hours before it; ``growth``: how many more
    are active than 24 hours earlier. ``samples_per_second`` is the rate of the last minutes, now.
    """

    series: int = 0
    active: int = 0
    new: int = 0
    growth: int = 0
    samples_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class MetricShare:
    """A metric and what it costs: ``bytes`` on disk and ``samples`` of all that is kept.

    ``last_queried`` is the day (ms) of the last query that found something, None for none.
    """

    name: str
    share: Share
    bytes: int
    samples: int
    last_queried: int | None


@dataclass(frozen=True, slots=True)
class JobShare:
    """A job ("" for the series without one) and its series."""

    name: str
    share: Share


@dataclass(frozen=True, slots=True)
class LabelShare:
    """A label: how many values it takes in how many series, and the bytes of the values over all series."""

    name: str
    values: int
    series: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PairShare:
    """A label with a value, and how many series have it."""

    name: str
    value: str
    series: int


@dataclass(frozen=True, slots=True)
class Unused:
    """Metrics that nobody has read for ``days``: the costliest first, and of all of them the number, series and bytes.

    What is read is noted since ``since`` (ms): a metric may have been read before.
    """

    days: int
    since: int
    count: int
    series: int
    bytes: int
    metrics: Sequence[MetricShare]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cardinality:
    """The answer: each list has the largest first, and beside it how many there are in all.

    ``stored`` counts series of any time, ``labels`` go by their values and ``heaviest`` by the bytes of these.
    """

    total: Share
    stored: int
    bytes: int
    metrics: Sequence[MetricShare]
    metric_count: int
    growing: Sequence[MetricShare]
    jobs: Sequence[JobShare]
    job_count: int
    labels: Sequence[LabelShare]
    heaviest: Sequence[LabelShare]
    label_count: int
    pairs: Sequence[PairShare]
    pair_count: int
    values: Sequence[PairShare]
    unused: Unused
