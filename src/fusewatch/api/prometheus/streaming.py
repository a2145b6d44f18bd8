"""Long answers, sent while the rest of them is printed: of 100 megabytes of JSON only some are ever in memory.

What makes an answer is an iterator of pieces of about a megabyte. The first is made where the query ran, so that a failure still has a
status; an answer that ends with it is sent whole. The others are made in threads of the pool, one ahead of what the client has taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from fusewatch.api.prometheus.answers import JSON
from fusewatch.api.prometheus.pool import QueryPool

#: An answer of at most so many bytes is sent whole; a longer one in pieces of about that size.
PIECE_BYTES: Final = 1 << 20
#: How long a client may take for one piece before its answer is given up, and what it is made of goes.
_PATIENCE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Begun:
    """The beginning of an answer and what makes the rest of it, None where that is all."""

    first: bytes
    rest: Iterator[bytes] | None


def begin(pieces: Iterator[bytes]) -> Begun:
    """Makes the beginning of an answer; call it in a thread."""
    made = gathered(pieces)
    first = next(made, b"")
    return Begun(first, made if len(first) >= PIECE_BYTES else None)


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at least PIECE_BYTES, the last one excepted."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


def respond(begun: Begun, pool: QueryPool, *, patience_s: float = _PATIENCE_S) -> Response:
    """The answer: whole, or in pieces that a client has ``patience_s`` seconds each to take."""
    if begun.rest is None:
        return Response(begun.first, media_type=JSON)
    return _Streamed(_following(begun.first, pool.rendered(begun.rest)), patience_s)


async def _following(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


class _Streamed(StreamingResponse):
    """Ends when its client has gone, or takes nothing any more."""

    def __init__(self, pieces: AsyncIterator[bytes], patience_s: float) -> None:
        super().__init__(pieces, media_type=JSON)
        self._patience_s = patience_s

    async def stream_response(self, send: Send) -> None:
        """Sends piece after piece, each once the one before is on its way."""

        async def patiently(message: Message) -> None:
            try:
                async with asyncio.timeout(self._patience_s):
                    await send(message)
            except TimeoutError as error:
                raise ClientDisconnect from error

        await super().stream_response(patiently)
