"""A name for every request, in its answer, its log lines and its errors."""

from __future__ import annotations

import os
import re
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-Id"
_HEADER_NAME: Final = HEADER.lower().encode()
#: What a proxy in front may hand in; anything else is replaced.
_ACCEPTABLE: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}\Z")


def request_id_of(scope: Scope) -> str:
    """The id that :class:`RequestId` gave, "" outside of it."""
    return str(scope.get("state", {}).get("request_id", ""))


class RequestId:
    """Leaves the id in ``scope["state"]["request_id"]`` and structlog's context, and sends it back as ``X-Request-Id``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI hands it over."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _taken_up(scope) or os.urandom(8).hex()
        scope.setdefault("state", {})["request_id"] = request_id
        header = (_HEADER_NAME, request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            structlog.contextvars.reset_contextvars(**bound)


def _taken_up(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode("ascii") if _ACCEPTABLE.match(given) else ""
