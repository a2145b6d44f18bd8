"""The last resort: an exception that nobody expected becomes an answer with a request id, and a log line that explains it."""

from __future__ import annotations

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusewatch.api.middleware.request_id import request_id_of
from fusewatch.api.refusals import error_response


class UnexpectedErrors:
    """Answers 500 in the style of the path's API; what went wrong goes to the log alone, without query string, headers and body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger().bind(component="api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI hands it over."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            self._log.exception("request failed", method=scope["method"], path=scope["path"], request_id=request_id_of(scope))
            if started:
                # Half an answer is out: only a broken connection tells the client.
                raise
            message = f"internal error; the log names its cause under request id {request_id_of(scope)}"
            await error_response(scope, 500, message)(scope, receive, send)
