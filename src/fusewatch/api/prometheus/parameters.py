"""What clients send: form fields, times, durations, limits; read as strictly and refused in the same words as Prometheus."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from fusewatch.api.prometheus.errors import BadDataError, CanceledError
from fusewatch.telemetry.durations import parse_duration

#: The first and last moment that Prometheus' API knows, ms; what "no start" and "no end" mean.
MIN_TIME: Final = (-(1 << 63) // 1000 + 62_135_596_801) * 1000
MAX_TIME: Final = ((1 << 63) // 1000 - 62_135_596_801) * 1000 + 999
_BOUNDARIES: Final = {"-292273086-05-16T16:47:06Z": MIN_TIME, "292277025-08-18T07:12:54.999999999Z": MAX_TIME}
_FLOAT: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_LONGEST_DURATION_S: Final = (1 << 63) / 1e9
#: Go's bound on a form.
_FORM_LIMIT: Final = 10 << 20
_FORM_TYPE: Final = "application/x-www-form-urlencoded"


class Parameters:
    """The fields of a request: those of the body first, then those of the URL, each as often as it was sent."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        """The first value of the field, "" without one."""
        return self._fields.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        """All values of the field."""
        return self._fields.get(name, [])

    def time(self, name: str, default: int | None = None) -> int:
        """Milliseconds UTC.

        Raises:
            BadDataError: not a time, or missing where there is no default.
        """
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            return parse_time(text)
        except ValueError as error:
            # Prometheus words the error of an optional time in this roundabout way.
            raise BadDataError.parameter(name, error if default is None else f"invalid time value for '{name}': {error}") from error

    def duration(self, name: str) -> int | None:
        """Milliseconds, None without the field.

        Raises:
            BadDataError: not a duration.
        """
        return self.required_duration(name) if self.text(name) else None

    def required_duration(self, name: str) -> int:
        """Milliseconds.

        Raises:
            BadDataError: missing, or not a duration.
        """
        try:
            return parse_seconds_or_duration(self.text(name))
        except ValueError as error:
            raise BadDataError.parameter(name, error) from error

    def limit(self, name: str = "limit") -> int:
        """A number of results, 0 for no limit.

        Raises:
            BadDataError: not a whole number of at least 0.
        """
        text = self.text(name)
        if not text:
            return 0
        try:
            number = parse_whole(text)
        except ValueError as error:
            raise BadDataError.parameter(name, error) from error
        if number < 0:
            raise BadDataError.parameter(name, "limit must be non-negative")
        return number


async def read_parameters(request: Request) -> Parameters:
    """The fields of a request's form body and URL.

    Raises:
        BadDataError: the body is longer than a form may be.
        CanceledError: the client went away before the body was whole.
    """
    pairs: list[tuple[str, str]] = []
    if request.method in {"POST", "PUT"} and request.headers.get("content-type", "").split(";")[0].strip().lower() == _FORM_TYPE:
        pairs += _fields((await _form(request)).decode("utf-8", "replace"))
    return Parameters([*pairs, *_fields(request.url.query)])


def _fields(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


async def _form(request: Request) -> bytes:
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > _FORM_LIMIT:
                raise BadDataError("error parsing form values: http: POST too large")
    except ClientDisconnect as error:
        raise CanceledError("context canceled") from error
    return b"".join(chunks)


def parse_time(text: str) -> int:
    """Milliseconds of a Unix time in seconds, with decimals, or of an RFC 3339 time.

    Raises:
        ValueError: neither, or further away than Prometheus' own bounds.
    """
    if text in _BOUNDARIES:
        return _BOUNDARIES[text]
    timestamp = _unix_ms(text) if _FLOAT.match(text) else _rfc3339_ms(text)
    if timestamp is None or not MIN_TIME <= timestamp <= MAX_TIME:
        raise ValueError(f"cannot parse {_quoted(text)} to a valid timestamp")
    return timestamp


def _unix_ms(text: str) -> int | None:
    seconds = float(text)
    if math.isinf(seconds):
        return None
    fraction, whole = math.modf(seconds)
    return int(whole) * 1000 + int(math.copysign(math.floor(abs(fraction) * 1000 + 0.5), fraction))


def _rfc3339_ms(text: str) -> int | None:
    found = _RFC3339.match(text)
    if found is None:
        return None
    second, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(second + zone)
        since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1000 + int(((fraction or "") + "000")[:3])


def parse_seconds_or_duration(text: str) -> int:
    """Milliseconds of a number of seconds (``15``, ``0.5``) or of a duration (``1m30s``).

    Raises:
        ValueError: neither, or more than 292 years.
    """
    if _FLOAT.match(text):
        seconds = float(text)
        if abs(seconds) > _LONGEST_DURATION_S:
            raise ValueError(f"cannot parse {_quoted(text)} to a valid duration. It overflows int64")
        return math.trunc(seconds * 1000)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"cannot parse {_quoted(text)} to a valid duration") from error


def parse_whole(text: str) -> int:
    """A whole number of 64 bits, in the words of Go's ``strconv.Atoi``.

    Raises:
        ValueError: not a number, or out of range.
    """
    if not re.fullmatch(r"[+-]?\d{1,4000}", text, re.ASCII):
        raise ValueError(f"strconv.Atoi: parsing {_quoted(text)}: invalid syntax")
    number = int(text)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"strconv.Atoi: parsing {_quoted(text)}: value out of range")
    return number


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
