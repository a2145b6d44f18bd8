"""What is scraped: ``/targets``, ``/scrape_pools``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.answers import success
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.parameters import Parameters
from fusewatch.api.prometheus.services import ActiveTarget, DroppedTarget, PrometheusServices, TargetList
from fusewatch.telemetry.durations import format_duration

#: Go's zero time, which means "never" in Prometheus' answers.
NEVER = "0001-01-01T00:00:00Z"


def target_routes(services: PrometheusServices) -> list[GuardedRoute]:
    """Both routes."""

    async def targets(_: Request, parameters: Parameters) -> Response:
        """Active and dropped targets, filtered by state and scrape pool."""
        known, state, pool = services.targets(), parameters.text("state").lower(), parameters.text("scrapePool")
        # In a thread: ten thousand targets take a while to print.
        return await asyncio.to_thread(lambda: success(_listed(known, state, pool)))

    async def scrape_pools(_: Request, __: Parameters) -> Response:
        """The names of all scrape pools that have targets."""
        known = services.targets()
        return success({"scrapePools": sorted({target.pool for target in known.active} | known.dropped_counts.keys())})

    return [endpoint("/targets", targets), endpoint("/scrape_pools", scrape_pools)]


def _listed(known: TargetList, state: str, pool: str) -> dict[str, object]:
    active = known.active if state in {"", "any", "active"} else ()
    dropped = known.dropped if state in {"", "any", "dropped"} else ()
    return {
        "activeTargets": [_active(target) for target in sorted(active, key=_pool_of) if pool in {"", target.pool}],
        "droppedTargets": [_dropped(target) for target in sorted(dropped, key=_pool_of) if pool in {"", target.pool}],
        "droppedTargetCounts": known.dropped_counts if state in {"", "any", "dropped"} else None,
    }


def rfc3339(timestamp: int) -> str:
    """``2026-01-15T15:20:53.5Z`` of milliseconds UTC; "never" of 0."""
    if timestamp == 0:
        return NEVER
    moment = datetime.fromtimestamp(timestamp / 1000, UTC)
    fraction = f".{timestamp % 1000:03d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _pool_of(target: ActiveTarget | DroppedTarget) -> str:
    return target.pool


def _active(target: ActiveTarget) -> dict[str, object]:
    return {
        "discoveredLabels": target.discovered_labels.as_dict(),
        "labels": target.labels.as_dict(),
        "scrapePool": target.pool,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": target.last_error,
        "lastScrape": rfc3339(target.last_scrape),
        "lastScrapeDuration": target.last_duration_s,
        "health": target.health,
        "scrapeInterval": format_duration(target.interval_ms),
        "scrapeTimeout": format_duration(target.timeout_ms),
    }


def _dropped(target: DroppedTarget) -> dict[str, object]:
    return {"discoveredLabels": target.discovered_labels.as_dict(), "scrapePool": target.pool}
