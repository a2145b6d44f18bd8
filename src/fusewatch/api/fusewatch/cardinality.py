"""Where the series come from: metrics, labels, jobs, what grew, what nobody reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field

from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.errors import ApiProblem
from fusewatch.api.fusewatch.models import Answer
from fusewatch.api.prometheus.pool import QueryPool
from fusewatch.api.prometheus.selectors import parse_selectors
from fusewatch.storage.cardinality import Cardinality, CardinalityQuestion, JobShare, LabelShare, MetricShare, Order, PairShare, Share
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.matchers import BadRegexError

_HOUR_MS: Final = 3_600_000
_DEFAULT_ROWS: Final = 20
_MOST_ROWS: Final = 1_000


class CardinalityQuery(Answer):
    """What may be asked."""

    start: int | None = None
    end: int | None = None
    match: Annotated[list[str], Field(alias="match[]", default_factory=list)]
    metric: str = ""
    label: str = ""
    job: str = ""
    limit: Annotated[int, Field(ge=1, le=_MOST_ROWS)] = _DEFAULT_ROWS
    sort: Order = Order.SERIES

    def question(self, now: int) -> CardinalityQuestion:
        """The same as the store is asked.

        Raises:
            ApiProblem, ApiError: the time is none, or a selector can't be read.
        """
        end = now if self.end is None else self.end
        start = end - _HOUR_MS if self.start is None else self.start
        if start > end:
            raise ApiProblem(400, "start is after end", field="start")
        return CardinalityQuestion(start, end, tuple(parse_selectors(self.match)), self.metric, self.label, self.job, self.limit, self.sort)


class SeriesShare(Answer):
    """Series of a group, as of the end of the time asked for.

    ``share`` is their part of all series that fit; ``active`` were seen in the last hour or two, ``new`` for the first time in the last 24
    hours; ``growth`` is how many more are active than 24 hours before. ``samples_per_second`` is the rate of the last minutes.
    """

    series: int
    share: float
    active: int
    new: int
    growth: int
    samples_per_second: float


class MetricRow(SeriesShare):
    """A metric; ``bytes`` on disk and ``samples`` are of all that is kept. ``last_queried`` is the day of the last query, None for none."""

    name: str
    bytes: int
    samples: int
    last_queried: int | None


class JobRow(SeriesShare):
    """Who sends the series; "" for those without a label ``job``."""

    name: str


class LabelRow(Answer):
    """A label: in how many series, with how many values, and the bytes of the values over all these series."""

    name: str
    values: int
    series: int
    bytes: int


class PairRow(Answer):
    """A label with a value."""

    name: str
    value: str
    series: int
    share: float


class UnusedMetrics(Answer):
    """Metrics without a query for ``days``: the costliest, and the sums over all. Queries are noted since ``since``, which may be later."""

    days: int
    since: int
    count: int
    series: int
    bytes: int
    metrics: Sequence[MetricRow]


class CardinalityAnswer(Answer):
    """Where the series come from. Lists hold the largest first; beside each is how many there are. ``stored`` counts series of any time."""

    as_of: int
    start: int
    end: int
    total: SeriesShare
    stored: int
    bytes: int
    metrics: Sequence[MetricRow]
    metric_count: int
    growing: Sequence[MetricRow]
    jobs: Sequence[JobRow]
    job_count: int
    labels: Sequence[LabelRow]
    label_count: int
    pairs: Sequence[PairRow]
    pair_count: int
    values: Sequence[PairRow] = Field(description="The largest values of the label in focus.")
    unused: UnusedMetrics


def cardinality_router(*, count: Callable[[CardinalityQuestion], Cardinality], pool: QueryPool, clock: Clock) -> APIRouter:
    """``GET /cardinality``. ``count`` blocks and is called from a thread."""
    router = APIRouter(tags=["status"], dependencies=[needs(Need.VIEWER)])

    @router.get("/cardinality")
    async def cardinality(request: Request, asked: Annotated[CardinalityQuery, Query()]) -> CardinalityAnswer:
        """Where the series come from that were seen from ``start`` to ``end`` (milliseconds; the last hour unless told otherwise).

        ``metric``, ``label`` and ``job`` leave the others out, ``match[]`` those that no selector matches.
        """
        now = clock.now_ms()
        question = asked.question(now)
        try:
            found = await pool.run(lambda _: count(question), receive=request.receive)
        except BadRegexError as error:
            raise ApiProblem(400, str(error), field="match[]") from error
        return _answer(found, question, now)

    return router


def _answer(found: Cardinality, question: CardinalityQuestion, now: int) -> CardinalityAnswer:
    series, unused = found.total.series, found.unused
    return CardinalityAnswer(
        as_of=now,
        start=question.start,
        end=question.end,
        total=SeriesShare.model_validate(_share(found.total, series)),
        stored=found.stored,
        bytes=found.bytes,
        metrics=[_metric(row, series) for row in found.metrics],
        metric_count=found.metric_count,
        growing=[_metric(row, series) for row in found.growing],
        jobs=[_job(row, series) for row in found.jobs],
        job_count=found.job_count,
        labels=[_label(row) for row in found.labels],
        label_count=found.label_count,
        pairs=[_pair(row, series) for row in found.pairs],
        pair_count=found.pair_count,
        values=[_pair(row, series) for row in found.values],
        unused=UnusedMetrics(
            days=unused.days,
            since=unused.since,
            count=unused.count,
            series=unused.series,
            bytes=unused.bytes,
            metrics=[_metric(row, series) for row in unused.metrics],
        ),
    )


def _share(share: Share, of: int) -> dict[str, int | float]:
    return {
        "series": share.series,
        "share": _ratio(share.series, of),
        "active": share.active,
        "new": share.new,
        "growth": share.growth,
        "samples_per_second": share.samples_per_second,
    }


def _metric(row: MetricShare, of: int) -> MetricRow:
    costs = {"bytes": row.bytes, "samples": row.samples, "last_queried": row.last_queried}
    return MetricRow.model_validate({"name": row.name, **costs, **_share(row.share, of)})


def _job(row: JobShare, of: int) -> JobRow:
    return JobRow.model_validate({"name": row.name, **_share(row.share, of)})


def _label(row: LabelShare) -> LabelRow:
    return LabelRow.model_validate(row)


def _pair(row: PairShare, of: int) -> PairRow:
    return PairRow(name=row.name, value=row.value, series=row.series, share=_ratio(row.series, of))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
