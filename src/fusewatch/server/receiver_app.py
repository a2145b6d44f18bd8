"""What answers HTTP in the receiver: the door's own protocols, and the relay for all else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusewatch.server.relay import Relay, plain_text
from fusewatch.telemetry.refusals import Refusal

#: What the gate before an app answers; the app itself never does.
_TURNED_AWAY: Final = {
    401: (Refusal.UNAUTHENTICATED, "the request came without credentials, or with unknown ones"),
    403: (Refusal.FORBIDDEN, "the credentials are those of a role that may not write: it needs operator"),
}


class ReceiverApp:
    """Pure ASGI. ``ingest`` has an app, with its gate, for each path and method (upper case) that is the door's.

    ``unready`` says why nothing can be taken in yet. ``requests`` counts answers by path and status; ``turned_away`` is told of requests
    that no app has seen: why, and that in words.
    """

    def __init__(
        self,
        ingest: Mapping[tuple[str, str], ASGIApp],
        relay: Relay,
        *,
        unready: Callable[[], str | None],
        turned_away: Callable[[Scope, Refusal, str], None] = lambda *_: None,
    ) -> None:
        self.requests = Counter[tuple[str, int]]()
        self._ingest = ingest
        self._relay = relay
        self._unready = unready
        self._turned_away = turned_away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request."""
        if scope["type"] != "http":
            return
        app = self._ingest.get((scope["path"], scope["method"]))
        if app is None:
            await self._relay(scope, receive, send)
            return
        status = 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if (reason := self._unready()) is not None:
                self._turned_away(scope, Refusal.NOT_READY, reason)
                for message in plain_text(503, f"{reason}: try again\n", (b"retry-after", b"1")):
                    await observe(message)
                return
            await app(scope, receive, observe)
        except Exception:  # noqa: BLE001 - one request's misfortune
            structlog.get_logger(component="receiver").exception("a request failed", path=scope["path"])
            self._turned_away(scope, Refusal.FAILED, "internal error: see the log")
            for message in plain_text(500, "internal error: see the log\n"):
                await observe(message)
        finally:
            self.requests[scope["path"], status] += 1
            if status in _TURNED_AWAY:
                self._turned_away(scope, *_TURNED_AWAY[status])
