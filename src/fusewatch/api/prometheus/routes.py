"""All routes of Prometheus' API."""

from __future__ import annotations

from starlette.routing import Route

from fusewatch.api.prometheus.admin import admin_routes
from fusewatch.api.prometheus.federate import federate_route
from fusewatch.api.prometheus.metadata import metadata_routes
from fusewatch.api.prometheus.queries import query_routes
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.api.prometheus.status import status_routes
from fusewatch.api.prometheus.targets import target_routes
from fusewatch.api.prometheus.write import write_route


def prometheus_routes(services: PrometheusServices) -> list[Route]:
    """``/api/v1/…`` and ``/federate``; each declares what it needs."""
    return [
        write_route(services.sink, body_limit=services.write_body_limit),
        *query_routes(services),
        *metadata_routes(services),
        *target_routes(services),
        *status_routes(services),
        *admin_routes(services),
        federate_route(services),
    ]
