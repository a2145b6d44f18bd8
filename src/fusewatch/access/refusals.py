"""What somebody hears who may not pass: the status, the body in the style of the API that was asked, the challenge.

The status of a Refused says why: 401 no credentials or wrong ones, 403 a role too low or a foreign page, 429 too many guesses, 503 the
users can't be read, or too many want to log in at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "too_many_requests",
    503: "unavailable",
}
_PROMETHEUS_PATHS: Final = ("/api/v1/", "/federate", "/alertmanager/")


class Refused(HTTPException):
    """A request that access turned away; ``detail`` is the sentence for people."""

    def __init__(self, status_code: int, message: str, headers: Mapping[str, str] | None = None, *, field: str | None = None) -> None:
        super().__init__(status_code, message, headers)
        self.code = _CODES[status_code]
        self.field = field


def refusal(scope: Mapping[str, Any], refused: Refused) -> Response:
    """The answer for that refusal, as JSON in the style of the path's API."""
    if str(scope["path"]).startswith(_PROMETHEUS_PATHS):
        body: dict[str, Any] = {"status": "error", "errorType": refused.code, "error": refused.detail}
    else:
        request_id = scope.get("state", {}).get("request_id", "")
        problem = {"code": refused.code, "message": refused.detail, **({"field": refused.field} if refused.field else {})}
        body = {"error": problem, "request_id": request_id}
    headers = {"Cache-Control": "no-store", **(refused.headers or {})}
    return Response(orjson.dumps(body), refused.status_code, headers, "application/json")


async def refused_handler(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for :class:`Refused`; register it on an app whose routes use ``needs``."""
    if not isinstance(error, Refused):
        raise error
    return refusal(request.scope, error)


def unauthorized(scope: Mapping[str, Any], message: str = "log in, or send an API token") -> Refused:
    """A 401 with the challenges that fit the client.

    A browser is not offered Basic: it would open its own password window over our login page.
    """
    headers = HTTPConnection({**scope, "type": "http"}).headers
    browser = "sec-fetch-mode" in headers or headers.get("user-agent", "").startswith("Mozilla/")
    challenge = 'Bearer realm="Fusewatch"' if browser else 'Basic realm="Fusewatch", charset="UTF-8", Bearer realm="Fusewatch"'
    return Refused(401, message, {"WWW-Authenticate": challenge})
