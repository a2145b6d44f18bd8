"""From the bytes of an answer to a page: unpacking within bounds, then reading."""

from __future__ import annotations

import zlib
from typing import Final

from fusewatch.collect.errors import LimitError, ScrapeError

_GZIP: Final = 31  # zlib's window bits for a gzip member, largest window


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its ``Content-Encoding``, at most ``limit`` bytes long.

    Raises:
        LimitError: it is longer when unpacked.
        ScrapeError: not gzip, or cut off.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        message = f"unsupported Content-Encoding {encoding!r}"
        raise ScrapeError(message)
    parts, size = [], 0
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            part = member.decompress(body, limit - size + 1)
        except zlib.error as error:
            message = f"gzip: {error}"
            raise ScrapeError(message) from error
        size += len(part)
        if size > limit:
            raise LimitError("body size limit exceeded")
        if not member.eof:
            raise ScrapeError("gzip: unexpected EOF")
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)
