"""The gate in front of every route: finds out who asks, and lets nobody through that no route has admitted."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusewatch.access.authentication import Authenticator
from fusewatch.access.guard import ADMISSION_KEY, Admission
from fusewatch.access.identity import SCOPE_KEY
from fusewatch.access.refusals import Refused, refusal

#: Where pages lead those who are not logged in.
LOGIN_PATH: Final = "/login"
_NO_PAGES: Final = (
    "/api/",
    "/v1/",
    "/-/",
    "/loki/",
    "/tempo/",
    "/jaeger/",
    "/elastic/",
    "/alertmanager/",
    "/federate",
    "/metrics",
    "/health",
)


class Gate:
    """Pure ASGI middleware, inside of CORS and outside of all routes: ``Middleware(Gate, authenticator=authenticator)``.

    It leaves an Identity in the scope (see ``identity_of``). For somebody without credentials it stands between the routes and the
    network: until a public route has taken the request, no body is read and whatever answer comes out becomes a 401, or leads a page
    to the login. So a route that forgot its need, an unknown path and a wrong method look all the same from outside.
    """

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its identity, or answers it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            verdict = await self._authenticator.judge(scope)
        except Refused as refused:
            await _refuse(scope, receive, send, refused)
            return
        scope[SCOPE_KEY] = verdict.identity
        if verdict.refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _refuse(scope, receive, send, verdict.refused)
        else:
            await _Doorkeeper(scope, receive, send, verdict.refused).run(self._app)


class _NotAdmittedError(Exception):
    """Somebody wants to read the body of a request that no route has admitted."""


class _Doorkeeper:
    """One request without credentials."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._refused = refused
        self._admission = scope[ADMISSION_KEY] = Admission()
        self._answered = False

    async def run(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self._receive_admitted, self._send_admitted)
        except _NotAdmittedError:
            await self._answer()

    async def _receive_admitted(self) -> Message:
        if not self._admission.granted:
            raise _NotAdmittedError
        return await self._receive()

    async def _send_admitted(self, message: Message) -> None:
        if self._admission.granted:
            await self._send(message)
        else:
            await self._answer()

    async def _answer(self) -> None:
        if not self._answered:
            self._answered = True
            await _refuse(self._scope, self._receive, self._send, self._refused)


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": refused.detail})
        return
    response: Response = refusal(scope, refused)
    if refused.status_code == 401 and _is_page(scope):
        response = RedirectResponse(f"{LOGIN_PATH}?next={quote(_target(scope), safe='/')}", 303, {"Cache-Control": "no-store"})
    await response(scope, receive, send)


def _is_page(scope: Scope) -> bool:
    """Whether a person waits for a page: a browser went there itself."""
    path = scope["path"]
    if scope["method"] not in {"GET", "HEAD"} or path == LOGIN_PATH or path.startswith(_NO_PAGES):
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _target(scope: Scope) -> str:
    # One slash: //name would lead to another site after the login.
    path = "/" + scope["path"].lstrip("/\\")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path
