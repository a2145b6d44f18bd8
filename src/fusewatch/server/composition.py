"""Which part gets what: the one place that knows all rooms. Nothing imports it but the engine's life."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from fusewatch import __version__
from fusewatch.access.audit import Actor
from fusewatch.access.config import is_loopback
from fusewatch.access.http import access_router
from fusewatch.access.identity import Identity
from fusewatch.access.service import Access
from fusewatch.api.fusewatch.history import History
from fusewatch.api.fusewatch.router import PREFIX, own_router
from fusewatch.api.fusewatch.services import OwnServices
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.api.prometheus.routes import prometheus_routes
from fusewatch.api.prometheus.services import Cardinality, PrometheusServices
from fusewatch.collect.config import ScrapeConfig, resolve_scrape_configs
from fusewatch.collect.scrape.manager import ScrapeManager
from fusewatch.forward.manager import RemoteWrites
from fusewatch.forward.target import ForwardTools
from fusewatch.promql.cache import ResultCache
from fusewatch.promql.engine import Engine, QueryLimits
from fusewatch.rules.manager import RuleManager
from fusewatch.saved_queries.book import SavedQueryBook
from fusewatch.server import views
from fusewatch.server.app import build_app
from fusewatch.server.backup_source import backup_source
from fusewatch.server.backups import BackupKeeper
from fusewatch.server.configuration import Configuration
from fusewatch.server.event_loop import EventLoopMonitor
from fusewatch.server.health import Health
from fusewatch.server.host_watch import HostWatch
from fusewatch.server.logs import configure_logging
from fusewatch.server.memory import MemoryTrimmer
from fusewatch.server.own_metrics import OwnMetrics
from fusewatch.server.reload_route import reload_route
from fusewatch.server.remote_write_metrics import RemoteWriteMetrics
from fusewatch.server.rooms import Rooms
from fusewatch.server.rule_metrics import RuleMetrics
from fusewatch.server.rule_plan import rule_plan
from fusewatch.server.self_collector import SelfCollector
from fusewatch.server.settings.model import Settings
from fusewatch.server.settings.source import SettingsSource
from fusewatch.server.static_files import StaticFiles
from fusewatch.server.supervisor import Supervisor
from fusewatch.server.warmup import Warmup
from fusewatch.storage.cardinality import CardinalityQuestion
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.alerts import Nobody
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.components import Component
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.senders import Sender, SentBy

#: Queries compute in native code without the GIL, large ones on all cores; more threads than this only wait for cores.
_QUERY_THREADS: Final = max(4, os.cpu_count() or 1)


class Composition:
    """Everything of a running server but the rooms, which are open already, and the socket.

    ``app`` answers HTTP; :meth:`start` starts all components in the order of their dependencies, :meth:`stop` ends them in reverse.
    """

    def __init__(
        self,
        *,
        source: SettingsSource,
        settings: Settings,
        rooms: Rooms,
        warmup: Warmup,
        listener: socket.socket,
        data_dir: Path,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._base_dir = Path(source.path.parent if source.path else ".").absolute()
        self._rooms = rooms
        self._warmup = warmup
        self._data_dir = data_dir
        self._started_at = clock.now_ms()
        self._listen = "{}:{}".format(*listener.getsockname()[:2])
        self.metrics = OwnMetrics()
        self.supervisor = Supervisor(clock=clock)
        self.access = Access(database=rooms.database, settings=settings.access, loopback=is_loopback(settings.address[0]), clock=clock)
        self.pool = QueryPool(_pool_limits(settings))
        self.scrape = ScrapeManager(
            configs=_jobs(settings),
            sink=SentBy(Sender("scrape"), rooms.store),
            metadata_sink=rooms.store,
            clock=clock,
            base_dir=self._base_dir,
            version=__version__,
            zero_samples=settings.storage.start_time_zero_sample,
        )
        self.remote_writes = RemoteWrites(
            settings.remote_write, external=settings.global_.external_labels, tools=self._forward_tools(settings)
        )
        self.host = HostWatch(settings=settings.host, sink=SentBy(Sender("host"), rooms.store), metadata_sink=rooms.store, clock=clock)
        self.configuration = Configuration(
            source=source,
            settings=settings,
            clock=clock,
            metrics=self.metrics,
            events=rooms.store,
            apply=[self._apply],
        )
        self.backups = BackupKeeper(
            settings=settings.backup, source=backup_source(rooms.store, settings, source.path), events=rooms.store, clock=clock
        )
        cache = ResultCache(settings.query.cache, clock)
        self._engine = Engine(rooms.store, _query_limits(settings), lookback_ms=settings.query.lookback_delta, cache=cache)
        self.rules = RuleManager(
            rule_plan(settings),
            engine=self._engine,
            reader=rooms.store,
            sink=SentBy(Sender("rules"), rooms.store),
            notifier=Nobody(),
            clock=clock,
            concurrency=settings.rules.concurrency,
        )
        self._watch(cache)
        self.app = self._build_app(settings)

    def _watch(self, cache: ResultCache) -> None:
        """Shows how all parts are in /metrics."""
        store = self._rooms.store
        self.metrics.watch_components(self.supervisor.statuses, ready=lambda: not self.supervisor.unready_reasons())
        self.metrics.watch_storage(store.statistics)
        self.metrics.watch_ingest(store.ingest_statistics)
        self.metrics.watch_queries(self.pool.statistics)
        self.metrics.watch_query_cache(lambda: cache.statistics)
        self.metrics.watch_scrapes(self.scrape.statistics)
        self.metrics.watch_backups(self.backups.statistics)
        self.metrics.registry.register(RuleMetrics(lambda: self.rules.groups))
        self.metrics.registry.register(
            RemoteWriteMetrics(
                statistics=self.remote_writes.statistics, backlog=self._rooms.backlog.figures, newest=store.newest, clock=self._clock
            )
        )

    def start(self) -> None:
        """Starts all components."""
        self.supervisor.start(self._components())

    async def stop(self, *, within_s: float) -> None:
        """Ends all components, then what they used; blocks at most that long, roughly."""
        await self.supervisor.stop(within_s=within_s)
        self.pool.close()
        self.rules.close()
        await asyncio.to_thread(self.access.close)

    def _components(self) -> list[Component]:
        return [
            EventLoopMonitor(clock=self._clock, registry=self.metrics.registry),
            MemoryTrimmer(self._rooms.store.give_back),
            self._warmup,
            *self._rooms.store.components(),
            self.backups,
            self.host,
            self.scrape,
            self.rules,
            *self.remote_writes.components(),
            SelfCollector(
                registry=self.metrics.registry,
                sink=SentBy(Sender("self"), self._rooms.store),
                metadata_sink=self._rooms.store,
                clock=self._clock,
                instance=self._listen,
            ),
        ]

    async def _apply(self, settings: Settings) -> None:
        """Takes up what can change while the server runs."""
        configure_logging(level=settings.log.level, log_format=settings.log.format)
        self.scrape.apply(_jobs(settings))
        self.host.apply(settings.host)
        self.rules.apply(rule_plan(settings))
        await self.remote_writes.apply(settings.remote_write, settings.global_.external_labels, self.supervisor)

    def _forward_tools(self, settings: Settings) -> ForwardTools:
        store = self._rooms.store
        return ForwardTools(
            backlog=self._rooms.backlog,
            log_folder=log_folder(self._data_dir),
            series=store.labels,
            metadata=lambda: store.metadata(None, 0),
            clock=self._clock,
            base_dir=self._base_dir,
            version=__version__,
            label_bytes=settings.storage.memory_limit // 16,
        )

    def _build_app(self, settings: Settings) -> FastAPI:
        health = Health(statuses=self.supervisor.statuses, unready_reasons=self.supervisor.unready_reasons, backup=self.backups.age)
        return build_app(
            routes=[
                *health.routes(),
                reload_route(self.configuration, self.access),
                *prometheus_routes(self._prometheus_services(settings)),
            ],
            routers=[own_router(self._own_services()), _prefixed(access_router(self.access))],
            access=self.access,
            metrics=self.metrics,
            static=StaticFiles(),
            cors_origin=settings.access.cors_origin,
        )

    def _prometheus_services(self, settings: Settings) -> PrometheusServices:
        config_file = self.configuration.path
        return PrometheusServices(
            engine=self._engine,
            reader=self._rooms.store,
            rules=lambda: self.rules.groups,
            admin=self._rooms.store,
            audit=self._audit,
            pool=self.pool,
            clock=self._clock,
            targets=lambda: views.prometheus_targets(self.scrape.targets()),
            config_text=self.configuration.effective,
            flags=lambda: views.flags_of(self.configuration.settings, config_file=config_file, data_dir=str(self._data_dir)),
            runtime=lambda: views.runtime_info(self.configuration, started_at=self._started_at),
            cardinality=self._cardinality,
            external_labels=lambda: Labels(self.configuration.settings.global_.external_labels),
            lookback_ms=settings.query.lookback_delta,
        )

    def _cardinality(self, limit: int) -> Cardinality:
        store, now = self._rooms.store, self._clock.now_ms()
        return views.cardinality_of(store.cardinality(CardinalityQuestion(now - HOUR_MS, now, limit=limit)), store.statistics())

    def _own_services(self) -> OwnServices:
        return OwnServices(
            clock=self._clock,
            pool=self.pool,
            host=self.host.reading,
            targets=lambda: views.own_targets(self.scrape.targets()),
            components=self.supervisor.statuses,
            storage=lambda: views.storage_of(self._rooms.store.statistics()),
            cardinality=self._rooms.store.cardinality,
            ingest=self._rooms.store.ingest_statistics,
            version=lambda: views.version_of(
                self.configuration,
                started_at=self._started_at,
                listen=self._listen,
                data_dir=str(self._data_dir),
                authentication=lambda: self.access.authentication,
            ),
            event_sink=self._rooms.store,
            event_reader=self._rooms.store,
            host_off=self.host.off_reason,
            config_problem=self.configuration.problem,
            remote_writes=lambda: views.remote_writes_of(self.remote_writes.statistics(), self._rooms.backlog.figures()),
            rules=lambda: self.rules.groups,
            history=History(engine=self._engine, clock=self._clock),
            webhooks=lambda: self.configuration.settings.events.webhooks,
            secrets_base=self._base_dir,
            saved_queries=SavedQueryBook(self.access),
            backups=self.backups,
            audit=self._audit,
        )

    async def _audit(self, who: Identity, action: str, target: str, values: Mapping[str, Any] | None = None) -> None:
        await self.access.change(Actor(who.name, who.address), lambda change: change.record(action, target, after=values))


def _prefixed(router: APIRouter) -> APIRouter:
    outer = APIRouter(prefix=PREFIX)
    outer.include_router(router)
    return outer


def _jobs(settings: Settings) -> tuple[ScrapeConfig, ...]:
    return resolve_scrape_configs(settings.global_, settings.scrape_configs, starts=settings.storage.start_time_zero_sample)


def _pool_limits(settings: Settings) -> PoolLimits:
    query = settings.query
    workers = min(query.max_concurrency, _QUERY_THREADS)
    return PoolLimits(
        workers=workers,
        # More of them than processors only wait for each other, each with memory of its own, and stand in the way of quick ones.
        heavy=min(query.max_concurrency, os.cpu_count() or 1),
        waiting=max(query.max_concurrency - workers, 1) * 8,
        wait_s=query.timeout / 1000,
        timeout_s=query.timeout / 1000,
        max_samples=query.max_samples,
        max_series=query.max_series,
    )


def _query_limits(settings: Settings) -> QueryLimits:
    query = settings.query
    return QueryLimits(query.max_samples, query.max_series, query.max_steps, query.timeout / 1000)
