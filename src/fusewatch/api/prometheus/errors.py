"""What goes wrong in Prometheus' API, with its own names and codes.

ApiError
├── BadDataError      400 bad_data     a parameter or a query that can't be read
├── ExecutionError    422 execution    the query can't be answered, or would pass a limit
├── CanceledError     499 canceled     the client went away
├── TimeoutExceeded   503 timeout      the query took longer than it may
├── UnavailableError  503 unavailable  too many queries at once, or not ready yet
├── NotFoundError     404 not_found
└── InternalError     500 internal     the storage failed

Codes: https://github.com/prometheus/prometheus/blob/main/web/api/v1/api.go (getDefaultErrorCode).
"""

from __future__ import annotations

from typing import ClassVar


class ApiError(Exception):
    """An answer with ``status: error``; its text is what the client reads."""

    kind: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BadDataError(ApiError):
    """A parameter or a query that can't be read."""

    kind = "bad_data"
    status = 400

    @classmethod
    def parameter(cls, name: str, reason: object) -> BadDataError:
        """Prometheus' words for a parameter that can't be read."""
        return cls(f'invalid parameter "{name}": {reason}')


class ExecutionError(ApiError):
    """The query was understood and can't be answered."""

    kind = "execution"
    status = 422


class CanceledError(ApiError):
    """The client went away; nobody reads the answer."""

    kind = "canceled"
    status = 499


class TimeoutExceeded(ApiError):  # noqa: N818  TimeoutError is a builtin
    """The query took longer than it may."""

    kind = "timeout"
    status = 503


class UnavailableError(ApiError):
    """Try again later."""

    kind = "unavailable"
    status = 503


class NotFoundError(ApiError):
    """There is no such thing."""

    kind = "not_found"
    status = 404


class InternalError(ApiError):
    """Our own fault; the log says more."""

    kind = "internal"
    status = 500
