"""Bodies of requests: read up to a limit, unpacked up to a limit."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from starlette.types import Receive

#: Unpacked by a thread from this size on.
_INLINE_BYTES: Final = 1 << 16
#: zlib's window sizes that mean a gzip header, and a zlib header.
_GZIP, _ZLIB = 31, 15


class BodyError(ValueError):
    """A body that is not taken; ``status`` is the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body of an ASGI request, b"" when the sender went away.

    Raises:
        BodyError: it is larger than ``limit`` bytes (413).
    """
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyError(413, f"the body is larger than {limit} bytes: send smaller requests")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else bytes(chunk)


async def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its Content-Encoding: gzip, deflate or identity.

    Raises:
        BodyError: another encoding (415), damaged (400), or it unpacks to more than ``limit`` bytes (413).
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in {"gzip", "deflate"}:
        raise BodyError(415, f"content encoding {encoding!r} is not supported: send gzip, deflate or identity")
    if len(body) < _INLINE_BYTES:
        return _inflated(body, name, limit)
    return await asyncio.to_thread(_inflated, body, name, limit)


def _inflated(body: bytes, encoding: str, limit: int) -> bytes:
    parts, size = [], 0
    try:
        while body:
            stream = zlib.decompressobj(_window(body, encoding))
            part = stream.decompress(body, limit + 1 - size)
            size += len(part)
            if size > limit:
                raise BodyError(413, f"the body unpacks to more than {limit} bytes: send smaller requests")
            if not stream.eof:
                raise BodyError(400, f"{encoding}: the body is cut off")
            parts.append(part)
            body = stream.unused_data  # gzip files may be put behind each other
    except zlib.error as error:
        raise BodyError(400, f"{encoding}: the body is damaged ({error})") from error
    return b"".join(parts)


def _window(body: bytes, encoding: str) -> int:
    """What zlib is to expect; ``deflate`` means a zlib header, but some senders leave it out."""
    if encoding == "gzip":
        return _GZIP
    has_header = len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _ZLIB if has_header else -_ZLIB
