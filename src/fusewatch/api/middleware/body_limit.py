"""No body larger than its path may take."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusewatch.api.refusals import error_response


class _TooLargeError(Exception):
    """The body grew past its limit while it was read."""


class BodyLimit:
    """Answers 413 before a byte is read where the length is announced, else as soon as the body is too long.

    ``limits`` maps a path, or a prefix that ends in ``/``, to bytes; ``default`` is for everything else.
    """

    def __init__(self, app: ASGIApp, *, default: int = 16 << 20, limits: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._default = default
        self._exact = {path: size for path, size in (limits or {}).items() if not path.endswith("/")}
        self._prefixes = {path: size for path, size in (limits or {}).items() if path.endswith("/")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI hands it over."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if _announced(scope) > limit:
            await _refuse(scope, receive, send, limit)
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        size, started = 0, False

        async def counted_receive() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise _TooLargeError
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted_receive, watched_send)
        except _TooLargeError:
            if started:
                raise
            await _refuse(scope, receive, send, limit)

    def _limit(self, path: str) -> int:
        found = self._exact.get(path)
        if found is None:
            found = next((size for prefix, size in self._prefixes.items() if path.startswith(prefix)), self._default)
        return found


def _announced(scope: Scope) -> int:
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(text) if text.isdigit() and len(text) < 20 else 0


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    # The rest of the body is not read, so the connection can't be used again.
    message = f"the body is larger than the {limit} bytes that this path takes"
    await error_response(scope, 413, message, headers={"Connection": "close"})(scope, receive, send)
