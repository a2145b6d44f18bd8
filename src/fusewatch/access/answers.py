"""Errors of the routes of access as answers in our own style."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from fusewatch.access.errors import AccessError, ConflictError, InvalidError, NotAllowedError, UnknownError
from fusewatch.access.guard import enforce
from fusewatch.access.passwords import PasswordsBusyError
from fusewatch.access.refusals import Refused, refusal
from fusewatch.access.routing import declared_need
from fusewatch.records.errors import RecordsError

_STATUS: Final[dict[type[AccessError], int]] = {InvalidError: 400, NotAllowedError: 403, UnknownError: 404, ConflictError: 409}


class AnsweringRoute(APIRoute):
    """A FastAPI route that answers errors itself, and never repeats a value that it was sent: it may be a password.

    It enforces its need before the body is read; FastAPI alone runs dependencies only afterwards.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the guard before it and our errors around it."""
        handler = super().get_route_handler()
        need = declared_need(self)

        async def answer(request: Request) -> Response:
            try:
                if need is not None:
                    enforce(request.scope, need)
                return await handler(request)
            except (AccessError, Refused, RequestValidationError, PasswordsBusyError, RecordsError) as error:
                return refusal(request.scope, as_refused(error))

        return answer


def as_refused(error: Exception) -> Refused:
    """The refusal that tells of that error."""
    match error:
        case Refused():
            return error
        case AccessError():
            return Refused(_STATUS[type(error)], str(error), field=error.field if isinstance(error, InvalidError) else None)
        case RequestValidationError():
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"][1:])
            return Refused(400, f"{field or 'the body'}: {first['msg']}", field=field or None)
        case _:
            return Refused(503, "too much to do at the moment: try again", {"Retry-After": "1"})
