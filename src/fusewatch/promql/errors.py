"""What a query can fail with.

QueryError
├── ParseError          the text is not PromQL, or its types do not fit ("bad_data", 400)
├── ParameterError      a parameter beside the text is wrong: times, step, too many steps ("bad_data", 400)
├── ExecutionError      the data does not fit the expression ("execution", 422)
│   ├── UnsupportedError    right PromQL that this engine does not evaluate yet
│   └── TooManySamplesError a limit on samples or series was passed
├── QueryTimeoutError   the query's time was over ("timeout", 503)
└── QueryCanceledError  the client went away ("canceled", 503)
"""

from __future__ import annotations

from typing import ClassVar, Final

TOO_MANY_SAMPLES: Final = "query processing would load too many samples into memory in query execution"


class QueryError(Exception):
    """A query has no answer; ``error_type`` is the word of Prometheus' HTTP API for it."""

    error_type: ClassVar[str] = "internal"


class ParseError(QueryError):
    """The text can't be read as PromQL.

    ``position`` is the line and the column (in bytes of UTF-8), from 1, of where it went wrong; None where that is not known.
    """

    error_type = "bad_data"

    def __init__(self, reason: str, position: tuple[int, int] | None = None) -> None:
        self.reason = reason
        self.position = position
        place = "unknown position" if position is None else f"{position[0]}:{position[1]}"
        super().__init__(f"{place}: parse error: {reason}")


class ParameterError(QueryError):
    """A time, step or limit that was asked for makes no sense."""

    error_type = "bad_data"


class ExecutionError(QueryError):
    """The expression can't be evaluated on this data."""

    error_type = "execution"


class UnsupportedError(ExecutionError):
    """Right PromQL that this engine does not evaluate yet; the message names it."""


class TooManySamplesError(ExecutionError):
    """The query would hold more samples or series than it may."""


class QueryTimeoutError(QueryError):
    """The query's time was over."""

    error_type = "timeout"


class QueryCanceledError(QueryError):
    """Whoever asked went away."""

    error_type = "canceled"
