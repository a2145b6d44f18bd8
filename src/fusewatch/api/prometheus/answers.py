"""The envelope around every answer: ``{"status": "success", "data": …, "warnings": […], "infos": […]}`` or an error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from fusewatch.api.prometheus.errors import ApiError

JSON = "application/json"


def success(data: Any, *, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Response:
    """``data`` (anything orjson writes) as an answer."""
    return Response(envelope([orjson.dumps(data)], warnings=warnings, infos=infos), media_type=JSON)


def success_body(body: bytes) -> Response:
    """An answer whose envelope is written already, see :func:`envelope`."""
    return Response(body, media_type=JSON)


def envelope(data: Iterable[bytes], *, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> bytes:
    """``data``, pieces of JSON, in its envelope; at most ten warnings and ten infos, as in Prometheus.

    Pieces, because an answer can be hundreds of megabytes: they are put together once.
    """
    parts = [b'{"status":"success","data":', *data]
    for name, notes in ((b"warnings", warnings), (b"infos", infos)):
        if notes:
            parts += [b',"', name, b'":', orjson.dumps(_at_most_ten(notes, name.decode()))]
    return b"".join([*parts, b"}"])


def failure(error: ApiError) -> Response:
    """That error as an answer."""
    body = orjson.dumps({"status": "error", "errorType": error.kind, "error": str(error)})
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(body, error.status, headers, JSON)


def _at_most_ten(notes: Sequence[str], name: str) -> list[str]:
    unique = list(dict.fromkeys(notes))
    more = len(unique) - 10
    return [*unique[:10], f"{more} more {name.removesuffix('s')} annotations omitted"] if more > 0 else unique
