"""What Fusewatch says of itself: a registry of its own, filled when it is read."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusewatch import __version__
from fusewatch.server.ingest_metrics import IngestMetrics
from fusewatch.server.supervisor import STATE_RUNNING, ComponentStatus
from fusewatch.storage.ingest_health import IngestStatistics

_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: The route of requests that no route took: pages, assets, refusals.
UNROUTED: Final = "other"
# Fields of the storage statistics that only grow.
_GROWING: Final = frozenset(
    {
        "commits",
        "written_samples",
        "refused_samples",
        "sealed_samples",
        "merged_samples",
        "scrapes",
        "failed",
        "lost",
        "samples",
        "rejected",
        "completed",
    }
)


class OwnMetrics:
    """The registry behind ``/metrics``; parts of the server register their own metrics in :attr:`registry`."""

    def __init__(self) -> None:
        # Times of creation would double the number of series and tell nobody anything.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        build = Gauge("fusewatch_build_info", "Always 1; the version is in the label.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self.requests = Counter(
            "fusewatch_http_requests_total", "HTTP requests answered.", ["method", "route", "code"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "fusewatch_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.reload_ok = Gauge(
            "fusewatch_config_last_reload_successful", "1 when the last reload of the configuration worked.", registry=self.registry
        )
        self.reload_time = Gauge(
            "fusewatch_config_last_reload_success_timestamp_seconds",
            "When the configuration in use was loaded.",
            registry=self.registry,
        )

    def configuration_loaded(self, *, ok: bool) -> None:
        """Notes the outcome of loading the configuration."""
        self.reload_ok.set(1 if ok else 0)
        if ok:
            self.reload_time.set(time.time())

    def watch_components(self, statuses: Callable[[], Iterable[ComponentStatus]], *, ready: Callable[[], bool]) -> None:
        """Shows ``fusewatch_component_up`` and ``fusewatch_component_restarts_total`` for each component, and ``fusewatch_ready``."""
        self.registry.register(_Components(statuses))
        gauge = Gauge("fusewatch_ready", "1 when every part does its work.", registry=self.registry)
        gauge.set_function(lambda: 1.0 if ready() else 0.0)

    def watch_ingest(self, statistics: Callable[[], IngestStatistics]) -> None:
        """Shows who sends what, what is refused, and how far storing is behind as ``fusewatch_ingest_<name>``."""
        self.registry.register(IngestMetrics(statistics))

    def watch_queries(self, statistics: Callable[[], Any]) -> None:
        """Shows every number of the query pool's statistics (a dataclass) as ``fusewatch_query_<name>``."""
        self.registry.register(_Statistics("fusewatch_query_", "Queries", statistics))

    def watch_query_cache(self, statistics: Callable[[], Any]) -> None:
        """Shows every number of the statistics of kept answers (a dataclass) as ``fusewatch_query_cache_<name>``."""
        self.registry.register(_Statistics("fusewatch_query_cache_", "Kept answers", statistics))

    def watch_backups(self, statistics: Callable[[], Any]) -> None:
        """Shows every number of the statistics of backups (a dataclass) as ``fusewatch_backup_<name>``."""
        self.registry.register(_Statistics("fusewatch_backup_", "Backups", statistics))

    def watch_scrapes(self, statistics: Callable[[], Any]) -> None:
        """Shows every number of the scrape statistics (a dataclass) as ``fusewatch_scrape_<name>``."""
        self.registry.register(_Statistics("fusewatch_scrape_", "Scraping", statistics))

    def watch_storage(self, statistics: Callable[[], Any]) -> None:
        """Shows every number of the storage statistics (a dataclass) as ``fusewatch_storage_<name>``."""
        self.registry.register(_Statistics("fusewatch_storage_", "Storage", statistics))


class RequestMetrics:
    """Pure ASGI middleware: counts requests by route and code, so that paths with values in them stay few series.

    ``names`` has the path template of each endpoint, such as ``/api/v1/label/{name}/values``; it may be filled later.
    """

    def __init__(self, app: ASGIApp, *, metrics: OwnMetrics, names: Mapping[object, str]) -> None:
        self._app = app
        self._metrics = metrics
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and notes how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code = 500
        started = time.perf_counter()

        async def observe(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observe)
        finally:
            route = self._names.get(scope.get("endpoint"), UNROUTED)
            self._metrics.requests.labels(scope["method"] if scope["method"] in _METHODS else "other", route, str(code)).inc()
            self._metrics.request_seconds.labels(route).observe(time.perf_counter() - started)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Components(Collector):
    def __init__(self, statuses: Callable[[], Iterable[ComponentStatus]]) -> None:
        self._statuses = statuses

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("fusewatch_component_up", "1 when the component does its work.", labels=["component"])
        restarts = CounterMetricFamily(
            "fusewatch_component_restarts", "How often a component failed and was started again.", labels=["component"]
        )
        for status in self._statuses():
            up.add_metric([status.name], 1 if status.state == STATE_RUNNING else 0)
            restarts.add_metric([status.name], status.restarts)
        return [up, restarts]


class _Statistics(Collector):
    """Numbers of a dataclass, one family each; nested ones joined by underscores, what is None left out."""

    def __init__(self, prefix: str, subject: str, statistics: Callable[[], Any]) -> None:
        self._prefix = prefix
        self._subject = subject
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        for name, value in _numbers(dataclasses.asdict(self._statistics()), self._prefix):
            text = f"{self._subject}: {name.removeprefix(self._prefix).replace('_', ' ')}."
            if name.removeprefix(self._prefix) in _GROWING:
                yield CounterMetricFamily(name, text, value=value)
            else:
                yield GaugeMetricFamily(name, text, value=value)


def _numbers(values: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}_")
        elif isinstance(value, int | float):
            yield prefix + name, float(value)
