"""Errors that no endpoint answers itself, in the style of the API that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_PROMETHEUS_KINDS: Final = {
    400: "bad_data",
    404: "not_found",
    405: "bad_data",
    413: "bad_data",
    422: "execution",
    500: "internal",
    503: "unavailable",
}
_OWN_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "bad_request",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
    507: "storage_full",
}


def error_response(
    scope: Mapping[str, Any], status: int, message: str, *, field: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An error body: Prometheus' under ``/api/v1``, else ours ``{"error": {"code", "message", "field"?}, "request_id"}``."""
    if str(scope["path"]).startswith("/api/v1/"):
        body: dict[str, Any] = {"status": "error", "errorType": _PROMETHEUS_KINDS.get(status, "internal"), "error": message}
    else:
        detail = {"code": _OWN_CODES.get(status, "error"), "message": message, **({"field": field} if field else {})}
        body = {"error": detail, "request_id": scope.get("state", {}).get("request_id", "")}
    return Response(orjson.dumps(body), status, dict(headers or {}), "application/json")


async def http_exception_handler(request: Request, error: Exception) -> Response:
    """Starlette's handler for ``HTTPException``: unknown paths, wrong methods."""
    problem = cast("HTTPException", error)  # the only class it is registered for
    return error_response(request.scope, problem.status_code, problem.detail, headers=problem.headers)
