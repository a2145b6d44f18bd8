"""The gate in front of every route: finds out who asks and leaves it in the scope."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from fusewatch.access.identity import SCOPE_KEY
from fusewatch.access.service import Access


class Gate:
    """Pure ASGI middleware, outside every route and inside of CORS: ``Middleware(Gate, access=access)``."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its identity, or answers it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope[SCOPE_KEY] = await self._access.identify(scope)
        await self._app(scope, receive, send)
