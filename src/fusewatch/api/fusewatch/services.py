"""What our own API is built on: everything comes in through here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusewatch.api.config import WebhooksSettings
from fusewatch.api.fusewatch.backups import Audit, BackupService
from fusewatch.api.fusewatch.history import History
from fusewatch.api.fusewatch.models import Host, Target, Version
from fusewatch.api.fusewatch.remote_writes import RemoteWriteState
from fusewatch.api.prometheus.pool import QueryPool
from fusewatch.rules.group_run import GroupRun
from fusewatch.saved_queries.book import SavedQueryBook
from fusewatch.storage.cardinality import Cardinality, CardinalityQuestion
from fusewatch.storage.ingest_health import IngestStatistics
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import EventReader, EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServices:
    """What the routes need.

    ``components`` and ``storage`` return objects with the attributes of :class:`~fusewatch.api.fusewatch.models.Component` and
    :class:`~fusewatch.api.fusewatch.models.Storage`. ``storage``, ``cardinality`` and ``ingest`` block and are called from
    a thread; the other callables answer at once.
    ``host`` is None while nothing was read; ``host_off`` says why it never will be. Without a ``history`` findings do not say since when.
    ``config_problem`` is what is wrong with a configuration that could not be loaded. Relative secret files of webhooks are looked for in
    ``secrets_base``. Where there are ``backups``, ``audit`` notes who starts one.
    """

    clock: Clock
    pool: QueryPool
    host: Callable[[], Host | None]
    targets: Callable[[], tuple[Sequence[Target], int]]
    components: Callable[[], Sequence[Any]]
    storage: Callable[[], Any]
    cardinality: Callable[[CardinalityQuestion], Cardinality]
    ingest: Callable[[], IngestStatistics]
    version: Callable[[], Version]
    event_sink: EventSink
    event_reader: EventReader
    host_off: Callable[[], str | None] = lambda: None
    config_problem: Callable[[], str | None] = lambda: None
    remote_writes: Callable[[], Sequence[RemoteWriteState]] = tuple
    rules: Callable[[], Sequence[GroupRun]] = tuple
    history: History | None = None
    webhooks: Callable[[], WebhooksSettings] = WebhooksSettings
    secrets_base: Path | None = None
    saved_queries: SavedQueryBook | None = None
    backups: BackupService | None = None
    audit: Audit | None = None
