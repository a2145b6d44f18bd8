"""Everything that answers HTTP, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, request_response

from fusewatch import __version__
from fusewatch.access.gate import Gate
from fusewatch.access.guard import PublicParts
from fusewatch.access.need import Need
from fusewatch.access.refusals import Refused, refused_handler
from fusewatch.access.routing import route, undeclared
from fusewatch.access.service import Access
from fusewatch.api.fusewatch.errors import exception_handlers
from fusewatch.api.middleware.stack import stack
from fusewatch.server.own_metrics import OwnMetrics, RequestMetrics
from fusewatch.server.static_files import StaticFiles

OPENAPI_PATH = "/api/fusewatch/v1/openapi.json"
#: What a browser needs to show the login page.
_LOGIN_PARTS: Final = ("/login", "/assets/", "/scheme.js", "/favicon.svg", "/manifest.webmanifest")


class UndeclaredRouteError(Exception):
    """A route does not say what it needs: a mistake of ours, never of the user."""


def build_app(
    *,
    routes: Sequence[BaseRoute],
    routers: Sequence[APIRouter],
    access: Access,
    metrics: OwnMetrics,
    static: StaticFiles,
    cors_origin: str | None = None,
) -> FastAPI:
    """The one ASGI app: ``routes`` speak foreign protocols, ``routers`` our own API; what neither knows is the web UI's.

    Raises:
        UndeclaredRouteError: a route does not declare its need.
    """
    names: dict[object, str] = {}
    app = FastAPI(
        title="Fusewatch",
        version=__version__,
        description="Fusewatch's own API. Times are milliseconds UTC; errors carry a code, a message and the request's id.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Our own metrics are below; its own would look for an OpenTelemetry exporter at every start.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        middleware=[
            Middleware(RequestMetrics, metrics=metrics, names=names),
            *stack(cors_origin=cors_origin, inside=[Middleware(Gate, authenticator=access.authenticator)]),
        ],
        exception_handlers={**exception_handlers(), Refused: refused_handler},
    )
    app.router.routes.extend(routes)
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(_own_routes(app, metrics.registry))
    # The router's last resort instead of a route for every path: a wrong method on a known path stays 405.
    app.router.default = PublicParts(request_response(static.answer), public=_LOGIN_PARTS, need=Need.VIEWER, name="ui")
    names.update((found.endpoint, found.path) for found in iter_route_contexts(app.routes) if found.endpoint and found.path)
    missing = undeclared(app.routes)
    if missing:
        raise UndeclaredRouteError(f"these routes do not say what they need: {', '.join(missing)}")
    return app


def _own_routes(app: FastAPI, registry: CollectorRegistry) -> list[BaseRoute]:
    async def metrics(request: Request) -> Response:
        """Fusewatch's own metrics, as text or OpenMetrics."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(await run_in_threadpool(encode, registry), headers={"Content-Type": content_type})

    async def openapi(_request: Request) -> Response:
        """The document of our own API."""
        return Response(orjson.dumps(app.openapi()), media_type="application/json")

    return [
        route("/metrics", metrics, methods=["GET"], need=Need.VIEWER),
        route(OPENAPI_PATH, openapi, methods=["GET"], need=Need.VIEWER),
    ]
