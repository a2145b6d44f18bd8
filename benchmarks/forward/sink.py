"""A server that takes remote write as fast as it can be had: it answers, and looks at nothing. Closed, it answers 503."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_CLOSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Sink:
    """Where it answers, and the switch that opens it."""

    url: str
    opened: multiprocessing.synchronize.Event


@contextmanager
def running() -> Iterator[Sink]:
    """A closed sink, until the block ends."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    opened = context.Event()
    process = context.Process(target=_run, args=(opened, theirs), daemon=True)
    process.start()
    try:
        yield Sink(f"http://127.0.0.1:{ours.recv()}/api/v1/write", opened)
    finally:
        process.terminate()
        process.join()


class _Connection(asyncio.Protocol):
    def __init__(self, opened: multiprocessing.synchronize.Event) -> None:
        self._opened = opened
        self._head = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        while data:
            if not self._left:
                head, end, data = (self._head + data).partition(b"\r\n\r\n")
                self._head = b"" if end else head
                if not end:
                    return
                self._left = int(_LENGTH.search(head)[1])
            self._left, data = self._left - min(self._left, len(data)), data[self._left :]
            if not self._left:
                self._transport.write(_TAKEN if self._opened.is_set() else _CLOSED)


def _run(opened: multiprocessing.synchronize.Event, told: multiprocessing.connection.Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(opened), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())
