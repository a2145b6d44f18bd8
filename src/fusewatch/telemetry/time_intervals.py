"""Time intervals as Alertmanager has them: times of day, weekdays, days of the month, months and years, in a time zone.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from fusewatch.telemetry.config import Block

#: First and last, both included.
Span = tuple[int, int]

_WEEKDAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS: Final = tuple(name.lower() for name in calendar.month_name[1:])
_TIME: Final = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)\Z")
_MINUTES_A_DAY: Final = 1440
_DAYS_A_MONTH: Final = 31


def _minutes(value: Any) -> Any:
    found = _TIME.match(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'couldn\'t parse timestamp {value}, invalid format: write it like "09:30"')
    return int(found[1]) * 60 + int(found[2]) if found[1] else _MINUTES_A_DAY


def _spans(value: Any, number: Callable[[str], int], check: Callable[[Span], None]) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list (lines that begin with -)")  # noqa: TRY004 - pydantic takes no other
    return tuple(_span(str(text), number, check) for text in value)


def _span(text: str, number: Callable[[str], int], check: Callable[[Span], None]) -> Span:
    first, colon, last = text.strip().lower().partition(":")
    span = number(first), number(last if colon else first)
    check(span)
    return span


def _named(names: Sequence[str], *, what: str, first: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if text in names:
            return names.index(text) + first
        if first and text.isdigit() and 1 <= int(text) <= len(names):
            return int(text)
        raise ValueError(f"{text} is not a valid {what}")

    return number


def _ascending(span: Span) -> None:
    if span[0] > span[1]:
        raise ValueError("the range ends before it starts")


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _check_days(span: Span) -> None:
    first, last = span
    for day in span:
        if not 1 <= abs(day) <= _DAYS_A_MONTH:
            raise ValueError(f"{day} is not a valid day of the month: out of range")
    if first < 0 < last:
        raise ValueError("end day must be negative if start day is negative")
    # What can't be ascending in the longest month is so in none.
    begin = first if first > 0 else _DAYS_A_MONTH + first + 1
    end = last if last > 0 else _DAYS_A_MONTH + last + 1
    if begin > end:
        raise ValueError(f"end day {last} is always before start day {first}")


def _zone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    zone_of(value)
    return value


def zone_of(name: str) -> tzinfo:
    """The time zone of the IANA database; ``""`` is UTC, ``Local`` that of this machine.

    Raises:
        ValueError: there is none of that name.
    """
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        local = datetime.now().astimezone().tzinfo
        return UTC if local is None else local
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/Berlin") from error


Weekdays = Annotated[tuple[Span, ...], BeforeValidator(lambda value: _spans(value, _named(_WEEKDAYS, what="weekday", first=0), _ascending))]
DaysOfMonth = Annotated[tuple[Span, ...], BeforeValidator(lambda value: _spans(value, _integer, _check_days))]
Months = Annotated[tuple[Span, ...], BeforeValidator(lambda value: _spans(value, _named(_MONTHS, what="month", first=1), _ascending))]
Years = Annotated[tuple[Span, ...], BeforeValidator(lambda value: _spans(value, _integer, _ascending))]


class TimeRange(Block):
    """Minutes of a day: from `start_time`, up to but not including `end_time`."""

    #: Such as "09:00".
    start_time: Annotated[int, BeforeValidator(_minutes)]
    #: Such as "17:00"; "24:00" is the day's end.
    end_time: Annotated[int, BeforeValidator(_minutes)]

    @model_validator(mode="after")
    def _is_ascending(self) -> TimeRange:
        if self.start_time >= self.end_time:
            raise ValueError("start time cannot be equal or greater than end time")
        return self


class TimeInterval(Block):
    """When all that it names holds."""

    #: Times of day, such as `{start_time: "09:00", end_time: "17:00"}`.
    times: tuple[TimeRange, ...] = ()
    #: Days and ranges of days, such as `monday:friday`.
    weekdays: Weekdays = ()
    #: Days and ranges of days; negative ones count from the month's end.
    days_of_month: DaysOfMonth = ()
    #: Names, numbers, and ranges of them.
    months: Months = ()
    #: Years, and ranges of them.
    years: Years = ()
    #: The time zone in which all of this is meant; UTC by default.
    location: Annotated[str, BeforeValidator(_zone)] = ""

    def contains(self, now_ms: int) -> bool:
        """Whether the moment (ms UTC) lies in it."""
        now = datetime.fromtimestamp(now_ms / 1000, zone_of(self.location))
        minute = now.hour * 60 + now.minute
        return (
            (not self.times or any(times.start_time <= minute < times.end_time for times in self.times))
            and _within(self.weekdays, now.isoweekday() % 7)
            and self._has_day(now)
            and _within(self.months, now.month)
            and _within(self.years, now.year)
        )

    def _has_day(self, now: datetime) -> bool:
        days = calendar.monthrange(now.year, now.month)[1]
        spans = [tuple(day if day > 0 else days + day + 1 for day in span) for span in self.days_of_month]
        return not spans or any(begin <= now.day <= end for begin, end in spans)


def _within(spans: Iterable[Span], value: int) -> bool:
    spans = tuple(spans)
    return not spans or any(first <= value <= last for first, last in spans)


class NamedTimeInterval(Block):
    """Time intervals under one name; it lasts while any of them does."""

    #: How others name it.
    name: Annotated[str, Field(min_length=1)]
    time_intervals: tuple[TimeInterval, ...] = ()


def contains_any(intervals: Mapping[str, Sequence[TimeInterval]], names: Iterable[str], now_ms: int) -> bool:
    """Whether any of the named time intervals has the moment (ms UTC) in it.

    Raises:
        KeyError: there is none of that name.
    """
    return any(interval.contains(now_ms) for name in names for interval in intervals[name])
