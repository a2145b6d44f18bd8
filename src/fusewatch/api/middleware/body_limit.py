"""No body larger than its path may take, and none that never ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusewatch.api.refusals import error_response


class _RefusedError(Exception):
    """The body is not read any further."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BodyLimit:
    """Answers 413 before a byte is read where the length is announced, else as soon as the body is too long; 408 when it stops coming.

    ``limits`` maps a path, or a prefix that ends in ``/``, to bytes; ``default`` is for everything else. ``wait_s`` bounds the wait for
    each next piece.
    """

    def __init__(self, app: ASGIApp, *, default: int = 16 << 20, limits: Mapping[str, int] | None = None, wait_s: float = 30.0) -> None:
        self._app = app
        self._default = default
        self._wait_s = wait_s
        self._exact = {path: size for path, size in (limits or {}).items() if not path.endswith("/")}
        self._prefixes = {path: size for path, size in (limits or {}).items() if path.endswith("/")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI hands it over."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if _announced(scope) > limit:
                raise _too_large(limit)
            await self._app(scope, self._counted(receive, limit), watched_send)
        except _RefusedError as refused:
            if started:
                raise
            # The rest of the body is not read, so the connection can't be used again.
            answer = error_response(scope, refused.status, str(refused), headers={"Connection": "close"})
            await answer(scope, receive, send)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        size, complete = 0, False

        async def next_piece() -> Message:
            nonlocal size, complete
            if complete:
                return await receive()  # what comes now is the end of the connection, whenever that is
            try:
                async with asyncio.timeout(self._wait_s):
                    message = await receive()
            except TimeoutError as error:
                raise _RefusedError(408, f"nothing more of the body arrived for {self._wait_s:g} s") from error
            size += len(message.get("body", b""))
            if size > limit:
                raise _too_large(limit)
            complete = not message.get("more_body", False)
            return message

        return next_piece

    def _limit(self, path: str) -> int:
        found = self._exact.get(path)
        if found is None:
            found = next((size for prefix, size in self._prefixes.items() if path.startswith(prefix)), self._default)
        return found


def _announced(scope: Scope) -> int:
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(text) if text.isdigit() and len(text) < 20 else 0


def _too_large(limit: int) -> _RefusedError:
    return _RefusedError(413, f"the body is larger than the {limit} bytes that this path takes")
