"""What routes say they need, however they say it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from tests.access.conftest import API

from fusewatch.access.http import access_router
from fusewatch.access.identity import SCOPE_KEY, Identity
from fusewatch.access.need import Need, Role
from fusewatch.access.routing import declarations, declared_need, mount, needs, route, undeclared


async def answer(_request):
    return PlainTextResponse("in")


async def socket(_websocket):
    """Never reached."""


def test_a_plain_route_carries_its_need():
    guarded = route("/a", answer, methods=["GET"], need=Need.EDITOR)
    assert (guarded.need, declared_need(guarded), guarded.name) == (Need.EDITOR, Need.EDITOR, "answer")
    assert declared_need(Route("/a", answer)) is None


def test_of_several_declarations_the_highest_counts():
    inner = APIRouter(dependencies=[needs(Need.VIEWER)])
    inner.add_api_route("/low", answer)
    inner.add_api_route("/high", answer, dependencies=[needs(Need.ADMIN)])
    app = FastAPI(openapi_url=None)
    app.include_router(inner, prefix="/v1", dependencies=[needs(Need.OPERATOR)])
    assert dict(declarations(app.routes)) == {"GET /v1/low": Need.OPERATOR, "GET /v1/high": Need.ADMIN}


def test_a_parameter_is_a_declaration():
    app = FastAPI(openapi_url=None)

    @app.get("/who")
    async def who(caller: Annotated[Identity, needs(Need.VIEWER)]) -> str:
        return caller.name

    assert dict(declarations(app.routes)) == {"GET /who": Need.VIEWER}


def test_whatever_forgets_is_named_with_its_full_path():
    included = APIRouter()
    included.add_api_route("/included", answer, methods=["POST"])
    app = FastAPI()
    app.include_router(included, prefix="/v1")
    app.router.routes += [
        Mount("/inner", routes=[Route("/plain", answer), route("/guarded", answer, methods=["GET"], need=Need.PUBLIC)]),
        Mount("/opaque", app=PlainTextResponse("files")),
        mount("/files", PlainTextResponse("files"), need=Need.PUBLIC),
        WebSocketRoute("/socket", socket),
    ]
    assert undeclared(app.routes) == [
        "GET|HEAD /openapi.json",
        "GET|HEAD /docs",
        "GET|HEAD /docs/oauth2-redirect",
        "GET|HEAD /redoc",
        "POST /v1/included",
        "GET|HEAD /inner/plain",
        "/opaque",
        "/socket",
    ]


def test_our_own_routes_all_declare(server):
    app = FastAPI(openapi_url=None)
    app.include_router(access_router(server.access), prefix=API)
    assert undeclared(app.routes) == []
    public = [where for where, need in declarations(app.routes) if need is Need.PUBLIC]
    assert public == [f"GET {API}/session", f"POST {API}/session"]


def test_the_document_of_our_api_can_be_made(server):
    app = FastAPI(openapi_url=None)
    app.include_router(access_router(server.access), prefix=API)
    document = app.openapi()
    assert set(document["paths"]) == {
        f"{API}/{path}" for path in ("session", "users", "users/{name}", "tokens", "tokens/{token_id}", "audit")
    }
    assert "409" in document["paths"][f"{API}/users/{{name}}"]["delete"]["responses"]


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.VIEWER, 403), (Role.OPERATOR, 200)])
@pytest.mark.parametrize("path", ["/plain", "/included/plain", "/files/x", "/dependency"])
def test_a_need_is_enforced_wherever_the_route_ends_up(role, status, path):
    app = FastAPI(openapi_url=None)
    router = APIRouter()
    router.routes.append(route("/plain", answer, methods=["GET"], need=Need.OPERATOR))
    app.include_router(router)
    app.include_router(router, prefix="/included")
    app.router.routes.append(mount("/files", PlainTextResponse("files"), need=Need.OPERATOR))
    app.add_api_route("/dependency", lambda: "in", dependencies=[needs(Need.OPERATOR)])

    async def with_identity(scope, receive, send):
        kind = "user" if role else "anonymous"
        await app({**scope, SCOPE_KEY: Identity(name="ada", role=role, kind=kind)}, receive, send)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(with_identity), base_url="http://localhost") as client:
            return await client.get(path)

    assert asyncio.run(ask()).status_code == status
