"""Errors of our own API, in one shape: ``{"error": {"code", "message", "field"?}, "request_id"}``.

ApiProblem       a status, a sentence and, where one field is to blame, its name
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fusewatch.api.prometheus.errors import ApiError
from fusewatch.api.refusals import error_response, http_exception_handler
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, StorageError

Handler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


class ApiProblem(Exception):  # noqa: N818 - reads as what the client gets
    """A request that can't be answered as asked."""

    def __init__(self, status: int, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.field = field


def exception_handlers() -> dict[int | type[Exception], Handler]:
    """What an app needs so that every error of our own API has the agreed shape."""
    return {
        ApiProblem: _problem,
        ApiError: _pool_error,
        RequestValidationError: _invalid,
        StorageError: _storage_error,
        HTTPException: http_exception_handler,
    }


async def _problem(request: Request, error: Exception) -> Response:
    problem = cast("ApiProblem", error)
    return error_response(request.scope, problem.status, str(problem), field=problem.field)


async def _pool_error(request: Request, error: Exception) -> Response:
    problem = cast("ApiError", error)
    return error_response(request.scope, problem.status, str(problem), headers=_retry_after(problem.retry_after_s))


async def _invalid(request: Request, error: Exception) -> Response:
    first = cast("RequestValidationError", error).errors()[0]
    if first["type"] == "json_invalid":
        return error_response(request.scope, 400, f"the body is not JSON: {first['ctx']['error']}")
    # The location starts with where the field stands: body, query, path.
    field = ".".join(str(part) for part in first["loc"][1:])
    reason = str(first["msg"]).removeprefix("Value error, ")
    return error_response(request.scope, 400, f"{field}: {reason}" if field else reason, field=field)


async def _storage_error(request: Request, error: Exception) -> Response:
    if isinstance(error, OverloadedError):
        return error_response(request.scope, 503, str(error), headers=_retry_after(error.retry_after_s))
    return error_response(request.scope, 507 if isinstance(error, ReadOnlyError) else 500, str(error))


def _retry_after(seconds: int | None) -> Mapping[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}
