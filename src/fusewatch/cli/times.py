"""Points in time as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

from fusewatch.telemetry.durations import parse_duration


def parse_time(text: str, now_ms: int) -> int:
    """Milliseconds UTC of ``now``, ``-1h``, ``now-1h``, ``now+5m``, seconds since the epoch, or an ISO 8601 date with time.

    A date without a zone is UTC.

    Raises:
        ValueError: none of these.
    """
    rest = text.strip().removeprefix("now")
    if not rest:
        return now_ms
    if rest[0] in "+-" and not rest[1:].replace(".", "").isdecimal():
        return now_ms + (1 if rest[0] == "+" else -1) * parse_duration(rest[1:])
    try:
        return round(float(rest) * 1000)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(rest)
    except ValueError as error:
        raise ValueError(f"not a time: {text!r} (write now, -1h, 1735689600 or 2025-01-01T00:00:00Z)") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def parse_step(text: str) -> int:
    """Milliseconds of a step: a duration such as ``15s``, or seconds.

    Raises:
        ValueError: neither, or not positive.
    """
    try:
        step = round(float(text) * 1000)
    except ValueError:
        step = parse_duration(text)
    if step <= 0:
        raise ValueError("a step must be longer than 0")
    return step


def show_time(seconds: float) -> str:
    """Date and time in UTC, with milliseconds where there are any."""
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return moment.isoformat(sep=" ", timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
