"""All routes of Prometheus' API."""

from __future__ import annotations

from starlette.routing import Route

from fusewatch.api.prometheus.admin import admin_routes
from fusewatch.api.prometheus.export import export_route
from fusewatch.api.prometheus.federate import federate_route
from fusewatch.api.prometheus.links import graph_route
from fusewatch.api.prometheus.metadata import metadata_routes
from fusewatch.api.prometheus.queries import query_routes
from fusewatch.api.prometheus.read import read_route
from fusewatch.api.prometheus.rules import rule_routes
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.api.prometheus.status import status_routes
from fusewatch.api.prometheus.targets import target_routes


def prometheus_routes(services: PrometheusServices) -> list[Route]:
    """``/api/v1/…`` and ``/federate``; each declares what it needs."""
    return [
        read_route(services),
        *query_routes(services),
        *metadata_routes(services),
        *target_routes(services),
        *rule_routes(services),
        graph_route(),
        *status_routes(services),
        *admin_routes(services),
        federate_route(services),
        export_route(services),
    ]
