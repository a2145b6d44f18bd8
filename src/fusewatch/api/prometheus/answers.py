"""The envelope around every answer: ``{"status": "success", "data": …, "warnings": […], "infos": […]}`` or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

import orjson
from starlette.responses import Response

from fusewatch.api.prometheus.errors import ApiError

T = TypeVar("T")

JSON = "application/json"
#: Printing holds the GIL: of a million label sets for seconds, of these for a millisecond.
_ROWS_AT_ONCE: Final = 1_000


def success(data: Any, *, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Response:
    """``data`` (anything orjson writes) as an answer."""
    return Response(b"".join(envelope([orjson.dumps(data)], warnings=warnings, infos=infos)), media_type=JSON)


def envelope(data: Iterable[bytes], *, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Iterator[bytes]:
    """``data``, pieces of JSON, in its envelope; at most ten warnings and ten infos, as in Prometheus.

    Pieces, because an answer can be hundreds of megabytes: see :mod:`fusewatch.api.prometheus.streaming`.
    """
    yield b'{"status":"success","data":'
    yield from data
    for name, notes in (("warnings", warnings), ("infos", infos)):
        if notes:
            yield b',"%b":%b' % (name.encode(), orjson.dumps(_at_most_ten(notes, name)))
    yield b"}"


def listed(rows: Sequence[T], shown: Callable[[T], Any]) -> Iterator[bytes]:
    """A JSON list of what ``shown`` makes of each row, in parts that are printed as they are taken."""
    yield b"["
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        yield b"," if at else b""
        yield orjson.dumps([shown(row) for row in rows[at : at + _ROWS_AT_ONCE]])[1:-1]
    yield b"]"


def failure(error: ApiError) -> Response:
    """That error as an answer."""
    body = orjson.dumps({"status": "error", "errorType": error.kind, "error": str(error)})
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(body, error.status, headers, JSON)


def _at_most_ten(notes: Sequence[str], name: str) -> list[str]:
    unique = list(dict.fromkeys(notes))
    more = len(unique) - 10
    return [*unique[:10], f"{more} more {name.removesuffix('s')} annotations omitted"] if more > 0 else unique
