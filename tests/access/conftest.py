from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fusewatch.access.config import AccessSettings
from fusewatch.access.gate import Gate
from fusewatch.access.guard import PublicParts
from fusewatch.access.http import access_router
from fusewatch.access.identity import identity_of
from fusewatch.access.need import Need
from fusewatch.access.offline import add_user, create_token
from fusewatch.access.passwords import Passwords
from fusewatch.access.routing import mount, needs, route
from fusewatch.access.service import Access
from fusewatch.records.config import DATABASE_FILE, RecordsSettings
from fusewatch.records.database import Database

PASSWORD = "correct horse battery"
API = "/api/fusewatch/v1"


@pytest.fixture
def anyio_backend():
    return "asyncio"


class ManualClock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.seconds = 1_000_000.0

    def now_ms(self):
        return int(self.seconds * 1000)

    def monotonic(self):
        return self.seconds

    def advance(self, seconds):
        self.seconds += seconds


def cheap_hasher():
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def whoami(request: Request) -> Response:
    identity = identity_of(request.scope)
    role = identity.role.value if identity.role else "-"
    return PlainTextResponse(f"{identity.kind} {identity.name} {role} {identity.address}")


async def receive_body(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def take(body: dict[str, str]) -> int:
    return len(body)


def build_app(access: Access) -> FastAPI:
    """A small real app: every way to declare a need, and one route that forgot."""
    app = FastAPI(openapi_url=None, middleware=[Middleware(Gate, authenticator=access.authenticator)])
    for need in Need:
        app.router.routes.append(route(f"/need/{need.name.lower()}", whoami, methods=["GET", "POST"], need=need))
    app.router.routes.append(route("/api/v1/query", whoami, methods=["GET", "POST"], need=Need.VIEWER))
    app.router.routes.append(route("/body", receive_body, methods=["POST"], need=Need.VIEWER))
    app.router.routes.append(mount("/assets", PlainTextResponse("asset"), need=Need.PUBLIC))
    app.add_api_route("/dependency", lambda: "in", methods=["GET", "POST"], dependencies=[needs(Need.EDITOR)])
    app.add_api_route("/dependency/body", take, methods=["POST"], dependencies=[needs(Need.EDITOR)])
    app.router.default = PublicParts(PlainTextResponse("page"), public=("/login", "/ui/"), need=Need.VIEWER, name="ui")
    app.add_api_route("/forgotten", lambda: "secret")
    app.include_router(access_router(access), prefix=API)
    return app


@dataclass
class Server:
    """A server's access with a client's view of it."""

    database: Database
    clock: ManualClock
    access: Access
    app: FastAPI
    options: dict[str, Any] = field(default_factory=dict)

    def client(self, *, address="127.0.0.1", base="http://localhost:9470", **options):
        transport = httpx.ASGITransport(self.app, client=(address, 5555))
        return httpx.AsyncClient(transport=transport, base_url=base, **options)

    def user(self, name="ada", role="admin", password=PASSWORD):
        """Adds a user as the command line does, seen after the time that it may take."""
        add_user(self.database, name=name, role=role, password=password, clock=self.clock, hasher=cheap_hasher())
        self.clock.advance(5)

    def token(self, name="robot", role="viewer", lifetime_ms=None):
        token = create_token(self.database, name=name, role=role, lifetime_ms=lifetime_ms, clock=self.clock)
        self.clock.advance(5)
        return token

    async def login(self, client, name="ada", password=PASSWORD):
        """Logs in and makes the client send what its pages would."""
        answer = await client.post(f"{API}/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return answer


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """The file of a migrated database without users."""
    folder = tmp_path_factory.mktemp("records")
    Database.open(RecordsSettings(), folder).close()
    return folder / DATABASE_FILE


@pytest.fixture
def start(tmp_path, empty_database):
    """Starts servers on one data folder; they end with the test."""
    started = []
    shutil.copy(empty_database, tmp_path)

    def begin(settings=None, *, loopback=True, clock=None):
        clock = clock or ManualClock()
        database = Database.open(RecordsSettings(), tmp_path)
        access = Access(
            database=database, settings=settings or AccessSettings(), loopback=loopback, clock=clock, passwords=Passwords(cheap_hasher())
        )
        server = Server(database, clock, access, build_app(access))
        started.append(server)
        return server

    yield begin
    for server in started:
        server.access.close()
        server.database.close()


@pytest.fixture
def server(start):
    """A fresh server on a loopback address."""
    return start()
