"""What the receiver passes on to the engine: every request that is not for the door."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from yarl import URL

#: Where the receiver says who asked, and how; what comes from outside by these names is dropped.
CLIENT_HEADER: Final = b"x-fusewatch-client"
SCHEME_HEADER: Final = b"x-fusewatch-scheme"
#: Of one connection alone (RFC 9110, 7.6.1), or set by the server that answers.
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"transfer-encoding",
        b"te",
        b"trailer",
        b"upgrade",
        b"expect",
        b"date",
    }
)
_OURS: Final = frozenset({CLIENT_HEADER, SCHEME_HEADER})
_AWAY: Final = b"Fusewatch's engine is starting again. Try again in a moment.\n"
_NO_ADDED_HEADERS: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Relay:
    """An ASGI app that asks the engine behind a local socket; bodies are streamed both ways.

    While the engine is away requests wait for it in the socket's queue; one that it took and did not answer gets 503.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and the answer back; ends the engine's work when the client hangs up."""
        exchange = asyncio.create_task(_Exchange(self._engine(), scope, receive, send).run())
        try:
            await exchange
        finally:
            exchange.cancel()

    def _engine(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._path), limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_NO_ADDED_HEADERS,
            )
        return self._session

    async def close(self) -> None:
        """Ends all connections."""
        if self._session is not None:
            await self._session.close()


class _Exchange:
    """One request and its answer."""

    def __init__(self, engine: aiohttp.ClientSession, scope: Scope, receive: Receive, send: Send) -> None:
        self._engine = engine
        self._scope, self._receive, self._send = scope, receive, send
        self._read_all = asyncio.Event()
        self._started = False

    async def run(self) -> None:
        answering = asyncio.create_task(self._answer())
        leaving = asyncio.create_task(self._client_leaves())
        try:
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _client_leaves(self) -> None:
        await self._read_all.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _answer(self) -> None:
        # One connection of the pool may have closed this moment; what carries no body can be asked again.
        for again in (True, False):
            try:
                await self._ask()
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                if again and not self._started and self._scope["method"] in {"GET", "HEAD"}:
                    continue
                await self._give_up(error)
            return

    async def _ask(self) -> None:
        body = self._body() if _has_body(self._scope["headers"]) else None
        if body is None:
            self._read_all.set()
        url = URL.build(scheme="http", host="engine", path=_target(self._scope), encoded=True)
        async with self._engine.request(
            self._scope["method"], url, headers=self._headers(), data=body, allow_redirects=False, expect100=False
        ) as answer:
            headers = [(name.lower(), value) for name, value in answer.raw_headers if name.lower() not in _HOP_BY_HOP]
            await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
            self._started = True
            async for chunk in answer.content.iter_any():
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})

    def _headers(self) -> list[tuple[str, str]]:
        client = self._scope.get("client") or ("", 0)
        passed = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._scope["headers"]
            if name not in _HOP_BY_HOP and name not in _OURS
        ]
        return [
            *passed,
            (CLIENT_HEADER.decode(), f"{client[0]} {client[1]}"),
            (SCHEME_HEADER.decode(), self._scope["scheme"]),
        ]

    async def _body(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise aiohttp.ClientConnectionError("the client hung up")
            yield message.get("body", b"")
            if not message.get("more_body", False):
                self._read_all.set()
                return

    async def _give_up(self, error: Exception) -> None:
        structlog.get_logger(component="relay").warning("the engine did not answer", path=self._scope["path"], reason=str(error))
        if self._started:
            raise error  # cut off: the client must not take it for whole
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"1")]
        with contextlib.suppress(OSError):
            await self._send({"type": "http.response.start", "status": 503, "headers": headers})
            await self._send({"type": "http.response.body", "body": _AWAY})


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


def _target(scope: Scope) -> str:
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


class Relayed:
    """Pure ASGI middleware of the engine: the request as the receiver got it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Puts the client's address and scheme back in their places."""
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == CLIENT_HEADER:
                    host, _, port = value.decode("latin-1").rpartition(" ")
                    scope["client"] = (host, int(port))
                elif name == SCHEME_HEADER:
                    scope["scheme"] = value.decode("latin-1")
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _OURS]
        await self._app(scope, receive, send)


def plain_text(status: int, text: str, *headers: tuple[bytes, bytes]) -> list[Message]:
    """The two messages of a short answer."""
    start = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    return [
        {"type": "http.response.start", "status": status, "headers": start},
        {"type": "http.response.body", "body": text.encode()},
    ]
