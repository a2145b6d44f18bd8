"""From a handler to a route: parameters in, an answer or Prometheus' error out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute, route
from fusewatch.api.prometheus.answers import failure
from fusewatch.api.prometheus.errors import (
    ApiError,
    BadDataError,
    CanceledError,
    ExecutionError,
    InternalError,
    TimeoutExceeded,
    UnavailableError,
)
from fusewatch.api.prometheus.parameters import Parameters, read_parameters
from fusewatch.promql.errors import QueryError
from fusewatch.telemetry.matchers import BadRegexError
from fusewatch.telemetry.ports import CancelledReadError, LimitExceededError, OverloadedError, StorageError

Handler = Callable[[Request, Parameters], Awaitable[Response]]

_QUERY_ERRORS: Final[dict[str, type[ApiError]]] = {
    error.kind: error for error in (BadDataError, ExecutionError, CanceledError, TimeoutExceeded, InternalError)
}


def endpoint(path: str, handler: Handler, *, methods: Sequence[str] = ("GET",), need: Need = Need.VIEWER) -> GuardedRoute:
    """A route under ``/api/v1`` whose errors have Prometheus' body and code."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request, await read_parameters(request))
        except (ApiError, QueryError, StorageError, BadRegexError) as error:
            return failure(as_api_error(error))

    answer.__name__ = handler.__name__
    return route(f"/api/v1{path}", answer, methods=methods, need=need, name=f"prometheus.{handler.__name__}")


def as_api_error(error: Exception) -> ApiError:
    """What a failure of any room below is called here."""
    match error:
        case ApiError():
            return error
        case QueryError():
            return _QUERY_ERRORS.get(error.error_type, InternalError)(str(error))
        case CancelledReadError():
            return TimeoutExceeded(str(error))
        case LimitExceededError():
            return ExecutionError(str(error))
        case OverloadedError():
            return UnavailableError(str(error), retry_after_s=error.retry_after_s)
        case BadRegexError():
            return BadDataError(str(error))
        case _:
            return InternalError(str(error))
