"""How samples come in: who sends what, what is refused and why, how far storing is behind, how full the limits are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from fastapi import APIRouter

from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.models import Answer
from fusewatch.storage.ingest_health import IngestStatistics
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.refusals import Refusal


class SenderRow(Answer):
    """Who sends. ``series`` are active and were sent by it last; rates are of the last minute, the other numbers since the start.

    ``protocol`` is a short word such as remote_write_1.0, otlp, scrape or host; ``agent`` what the sender calls itself; ``refused`` counts
    samples, or requests where nobody looked at their samples.
    """

    protocol: str
    agent: str
    identity: str
    address: str
    first_seen: int
    last_seen: int
    requests: int
    samples: int
    bytes: int
    series: int
    new_series: int
    refused: int
    requests_per_second: float
    samples_per_second: float
    bytes_per_second: float


class ProtocolRow(Answer):
    """All senders of a protocol, since the start."""

    protocol: str
    requests: int
    samples: int
    bytes: int
    new_series: int


class RefusalRow(Answer):
    """A class of reasons, ``since`` when (there was none in the five minutes before), and the last of them in words with its sender."""

    reason: Refusal
    requests: int
    samples: int
    since: int
    last: int
    requests_per_second: float
    samples_per_second: float
    message: str
    protocol: str
    agent: str
    address: str


class GroupRow(Answer):
    """A metric or a job, "" for all series, and its active series."""

    name: str
    series: int


class LimitRow(Answer):
    """A limit on active series (0: none), named by its setting, and the largest groups that it counts."""

    setting: str
    limit: int
    largest: Sequence[GroupRow]


class IngestAnswer(Answer):
    """How samples come in, now. Lags are seconds that something has waited or been due, 0 while nothing is.

    ``refusing`` is why nothing at all is taken, ``unready`` why the receiver does not work yet.
    """

    as_of: int
    refusing: str | None
    unready: str | None
    fsync: bool
    active_series: int
    written_samples: int
    refused_samples: int
    queue_bytes: int
    queue_limit_bytes: int
    waiting_samples: int
    commits: int
    commit_seconds: float
    commit_lag_seconds: float
    sealed_samples: int
    seal_seconds: float
    seal_lag_seconds: float
    merged_samples: int
    merge_seconds: float
    merge_lag_seconds: float
    senders: Sequence[SenderRow]
    sender_count: int
    protocols: Sequence[ProtocolRow]
    refusals: Sequence[RefusalRow]
    limits: Sequence[LimitRow]


def ingest_router(*, statistics: Callable[[], IngestStatistics], clock: Clock) -> APIRouter:
    """``GET /ingest``. ``statistics`` blocks and is called from a thread."""
    router = APIRouter(tags=["status"], dependencies=[needs(Need.VIEWER)])

    @router.get("/ingest")
    async def ingest() -> IngestAnswer:
        """How samples come in: senders, refusals, queues, lags, limits."""
        return _answer(await asyncio.to_thread(statistics), clock.now_ms())

    return router


def _answer(found: IngestStatistics, now: int) -> IngestAnswer:
    door = found.door
    return IngestAnswer(
        as_of=now,
        refusing=door.refusing,
        unready=door.unready,
        fsync=door.fsync,
        active_series=door.active_series,
        written_samples=door.written,
        refused_samples=door.refused,
        queue_bytes=door.queue_bytes,
        queue_limit_bytes=door.queue_limit,
        waiting_samples=found.waiting_samples,
        commits=found.commits,
        commit_seconds=found.commit_s,
        commit_lag_seconds=found.commit_lag_s,
        sealed_samples=found.sealed_samples,
        seal_seconds=found.seal_s,
        seal_lag_seconds=found.seal_lag_s,
        merged_samples=found.merged_samples,
        merge_seconds=found.merge_s,
        merge_lag_seconds=found.merge_lag_s,
        senders=[SenderRow.model_validate(one) for one in door.senders],
        sender_count=door.sender_count,
        protocols=[ProtocolRow.model_validate(one) for one in door.protocols],
        refusals=[RefusalRow.model_validate(one) for one in door.refusals],
        limits=[LimitRow.model_validate(one) for one in door.limits],
    )
