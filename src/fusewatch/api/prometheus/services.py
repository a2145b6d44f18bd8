"""What Prometheus' API is built on: everything comes in through here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fusewatch.access.identity import Identity
from fusewatch.api.prometheus.pool import QueryPool
from fusewatch.promql.engine import Engine
from fusewatch.rules.group_run import GroupRun
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import EMPTY, Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import SeriesReader


class SeriesAdmin(Protocol):
    """What deletes series; its methods block."""

    def delete_series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int) -> None:
        """Deletes the samples that series matching any selector have from ``start`` to ``end`` (ms, both included).

        Raises:
            StorageError: nothing was deleted.
        """
        ...

    def clean_tombstones(self) -> None:
        """Removes what was deleted from disk.

        Raises:
            StorageError: it is still hidden.
        """
        ...


async def audit_nothing(who: Identity, action: str, target: str) -> None:
    """An audit trail for where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveTarget:
    """A target that is scraped. Times in ms UTC (0: never), durations in ms, ``last_duration_s`` in seconds."""

    pool: str
    url: str
    labels: Labels
    discovered_labels: Labels
    health: str
    last_error: str
    last_scrape: int
    last_duration_s: float
    interval_ms: int
    timeout_ms: int
    samples: int = 0


@dataclass(frozen=True, slots=True)
class DroppedTarget:
    """A target that relabelling dropped."""

    pool: str
    discovered_labels: Labels


@dataclass(frozen=True, slots=True)
class TargetList:
    """Everything that discovery found; ``dropped`` may be cut, ``dropped_counts`` (by pool) is whole."""

    active: Sequence[ActiveTarget] = ()
    dropped: Sequence[DroppedTarget] = ()
    dropped_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeInfo:
    """How this process runs; times in ms UTC."""

    started_at: int
    working_directory: str
    hostname: str
    config_ok: bool
    config_loaded_at: int
    storage_retention: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A name and how many series or values belong to it."""

    name: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cardinality:
    """Which metrics and labels make the most series; each list holds the largest first. ``chunks``: of all that is kept."""

    series: int
    label_pairs: int
    oldest: int
    newest: int
    chunks: int = 0
    by_metric: Sequence[Counted] = ()
    values_by_label: Sequence[Counted] = ()
    bytes_by_label: Sequence[Counted] = ()
    by_pair: Sequence[Counted] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusServices:
    """What the routes need. The callables answer at once; ``cardinality`` blocks and is called from a thread.

    ``audit`` is told who did what to what.
    """

    engine: Engine
    reader: SeriesReader
    pool: QueryPool
    clock: Clock
    targets: Callable[[], TargetList]
    config_text: Callable[[], str]
    flags: Callable[[], Mapping[str, str]]
    runtime: Callable[[], RuntimeInfo]
    cardinality: Callable[[int], Cardinality]
    rules: Callable[[], Sequence[GroupRun]] = lambda: ()
    admin: SeriesAdmin | None = None
    audit: Callable[[Identity, str, str], Awaitable[None]] = audit_nothing
    external_labels: Callable[[], Labels] = lambda: EMPTY
    lookback_ms: int = 300_000
    #: Samples that one query of a remote read may answer with (0: no limit), and the size of a frame of its streamed answers.
    read_sample_limit: int = 50_000_000
    read_frame_bytes: int = 1 << 20
