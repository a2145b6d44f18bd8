"""What runs here: ``/status/…``, and the endpoints of rooms that have nothing to tell yet."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fusewatch import __version__
from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.answers import success
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.errors import BadDataError
from fusewatch.api.prometheus.parameters import Parameters, parse_whole
from fusewatch.api.prometheus.services import Counted, PrometheusServices
from fusewatch.api.prometheus.targets import rfc3339

#: Whose API this is: clients such as Grafana switch features on by it.
PROMETHEUS_VERSION: Final = "3.5.0"
_MOST_ROWS: Final = 10_000


def status_routes(services: PrometheusServices) -> list[GuardedRoute]:
    """All of ``/status``, and no Alertmanagers."""
    known = _Status(services)
    return [
        endpoint("/status/config", known.config),
        endpoint("/status/flags", known.flags),
        endpoint("/status/runtimeinfo", known.runtime),
        endpoint("/status/buildinfo", known.build),
        endpoint("/status/tsdb", known.tsdb),
        endpoint("/alertmanagers", alertmanagers),
    ]


class _Status:
    def __init__(self, services: PrometheusServices) -> None:
        self._services = services

    async def config(self, _: Request, __: Parameters) -> Response:
        """The configuration in force, secrets hidden."""
        return success({"yaml": self._services.config_text()})

    async def flags(self, _: Request, __: Parameters) -> Response:
        """The settings that Prometheus has as flags."""
        return success(dict(self._services.flags()))

    async def runtime(self, _: Request, __: Parameters) -> Response:
        """How this process runs. The Go runtime's own fields say nothing here, and are there because clients read them."""
        info = self._services.runtime()
        answer = {
            "startTime": rfc3339(info.started_at),
            "CWD": info.working_directory,
            "hostname": info.hostname,
            "serverTime": rfc3339(self._services.clock.now_ms()),
            "reloadConfigSuccess": info.config_ok,
            "lastConfigTime": rfc3339(info.config_loaded_at),
            "corruptionCount": 0,
            "goroutineCount": threading.active_count(),
            "GOMAXPROCS": os.cpu_count() or 1,
            "GOMEMLIMIT": 0,
            "GOGC": "",
            "GODEBUG": "",
            "storageRetention": info.storage_retention,
        }
        return success(answer)

    async def build(self, _: Request, __: Parameters) -> Response:
        """Whose API this is, and what answers it."""
        answer = {
            "version": PROMETHEUS_VERSION,
            "revision": f"fusewatch-{__version__}",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": f"python{platform.python_version()}",
            "application": "fusewatch",
            "applicationVersion": __version__,
        }
        return success(answer)

    async def tsdb(self, request: Request, parameters: Parameters) -> Response:
        """Which metrics and labels make the most series."""
        limit = _rows(parameters.text("limit"))
        found = await self._services.pool.run(lambda _: self._services.cardinality(limit), receive=request.receive)
        answer = {
            "headStats": {
                "numSeries": found.series,
                "numLabelPairs": found.label_pairs,
                "chunkCount": found.chunks,
                "minTime": found.oldest,
                "maxTime": found.newest,
            },
            "seriesCountByMetricName": _counted(found.by_metric),
            "labelValueCountByLabelName": _counted(found.values_by_label),
            "memoryInBytesByLabelName": _counted(found.bytes_by_label),
            "seriesCountByLabelValuePair": _counted(found.by_pair),
        }
        return success(answer)


async def alertmanagers(_: Request, __: Parameters) -> Response:
    """No Alertmanagers beside our own."""
    return success({"activeAlertmanagers": [], "droppedAlertmanagers": []})


def _rows(text: str) -> int:
    try:
        limit = parse_whole(text or "10")
    except ValueError as error:
        raise BadDataError("limit must be a positive number") from error
    if limit < 1:
        raise BadDataError("limit must be a positive number")
    if limit > _MOST_ROWS:
        raise BadDataError(f"limit must not exceed {_MOST_ROWS}")
    return limit


def _counted(rows: Sequence[Counted]) -> list[dict[str, object]]:
    return [{"name": row.name, "value": row.value} for row in rows]
