"""Go's ``time.Time`` and ``time.Duration`` in templates.

https://pkg.go.dev/time
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from fusewatch.telemetry.time_intervals import zone_of
from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.values import Method

_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Go's zero time, year 1.
_ZERO_S: Final = -62_135_596_800
_LAST_S: Final = 253_402_300_799

_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Go's layouts show how one certain moment would be written; the longer pieces first.
_LAYOUT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2006|_2|002|01|02|03|04|05|06|15|PM|pm|"
    r"Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5"
)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, ``ns`` nanoseconds."""

    ns: int
    go_type = "time.Duration"

    def template_field(self, name: str) -> Any:
        """See :class:`~.values.Struct`."""
        return Method(_DURATION_METHODS[name](self))

    def __str__(self) -> str:
        """Like ``1h2m3.5s``."""
        if not self.ns:
            return "0s"
        sign, rest = ("-" if self.ns < 0 else ""), abs(self.ns)
        for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
            if rest < size * 1000:
                return f"{sign}{_decimal(rest, size)}{unit}"
        minutes, seconds = divmod(rest, 60 * _SECOND)
        hours, minutes = divmod(minutes, 60)
        text = f"{_decimal(seconds, _SECOND)}s"
        text = f"{minutes}m{text}" if minutes or hours else text
        return sign + (f"{hours}h{text}" if hours else text)


def _decimal(amount: int, size: int) -> str:
    whole, part = divmod(amount, size)
    digits = str(part).rjust(len(str(size)) - 1, "0").rstrip("0") if part else ""
    return f"{whole}.{digits}" if digits else str(whole)


_DURATION_METHODS: Final[dict[str, Callable[[Duration], Callable[[], Any]]]] = {
    "Seconds": lambda length: lambda: length.ns / _SECOND,
    "Minutes": lambda length: lambda: length.ns / (60 * _SECOND),
    "Hours": lambda length: lambda: length.ns / (3600 * _SECOND),
    "Milliseconds": lambda length: lambda: int(length.ns / 1_000_000),
    "Nanoseconds": lambda length: lambda: length.ns,
    "String": lambda length: lambda: str(length),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, ``ns`` nanoseconds since the epoch, shown in a time zone."""

    ns: int
    zone: tzinfo = UTC
    go_type = "time.Time"

    @classmethod
    def of_ms(cls, milliseconds: int, zone: tzinfo = UTC) -> Moment:
        """From milliseconds since the epoch."""
        return cls(milliseconds * 1_000_000, zone)

    def __lt__(self, other: Moment) -> bool:
        return self.ns < other.ns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and self.ns == other.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    @property
    def date(self) -> datetime:
        """The moment as Python has it, whole seconds.

        Raises:
            TemplateRunError: it lies outside of the years 1 to 9999.
        """
        seconds = self.ns // _SECOND
        if not _ZERO_S <= seconds <= _LAST_S:
            raise TemplateRunError(f"{seconds} is no time between the years 1 and 9999")
        try:
            return (_EPOCH + timedelta(seconds=seconds)).astimezone(self.zone)
        except OverflowError:
            return _EPOCH + timedelta(seconds=seconds)

    def format(self, layout: str) -> str:
        """The moment in Go's way of layouts: as ``Mon Jan 2 15:04:05 MST 2006`` would be written."""
        date, part = self.date, self.ns % _SECOND
        return _LAYOUT.sub(lambda match: _piece(match[0], date, part), layout)

    def __str__(self) -> str:
        """As Go prints it."""
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def template_field(self, name: str) -> Any:
        """See :class:`~.values.Struct`."""
        return _MOMENT_METHODS[name](self)


def zone_named(name: str) -> tzinfo:
    """The time zone of that name in the IANA database; ``""`` and ``UTC`` are UTC, ``Local`` the machine's own.

    Raises:
        TemplateRunError: there is none.
    """
    try:
        return zone_of(name)
    except ValueError as error:
        raise TemplateRunError(f"unknown time zone {name}") from error


def _piece(piece: str, date: datetime, part: int) -> str:
    if piece[0] in ".," and piece[1:]:
        digits = f"{part:09d}"
        if piece[1] == "0":
            return piece[0] + digits[: len(piece) - 1]
        kept = digits[: len(piece) - 1].rstrip("0")
        return piece[0] + kept if kept else ""
    if piece[0] in "Z-" and len(piece) > 1:
        return _offset(piece, date)
    return _PIECES[piece](date)


def _offset(piece: str, date: datetime) -> str:
    shift = date.utcoffset() or timedelta()
    if piece[0] == "Z" and not shift:
        return "Z"
    seconds = int(shift.total_seconds())
    sign, seconds = ("-" if seconds < 0 else "+"), abs(seconds)
    parts = [f"{seconds // 3600:02d}", f"{seconds // 60 % 60:02d}", f"{seconds % 60:02d}"]
    count = len(re.findall(r"\d\d", piece))
    return sign + (":" if ":" in piece else "").join(parts[:count])


def _zone_name(date: datetime) -> str:
    name = date.tzname() or ""
    return _offset("-07", date) if not name or name.startswith(("UTC+", "UTC-")) else name


_PIECES: Final[dict[str, Callable[[datetime], str]]] = {
    "January": lambda date: _MONTHS[date.month - 1],
    "Jan": lambda date: _MONTHS[date.month - 1][:3],
    "Monday": lambda date: _DAYS[date.weekday()],
    "Mon": lambda date: _DAYS[date.weekday()][:3],
    "MST": _zone_name,
    "2006": lambda date: f"{date.year:04d}",
    "_2006": lambda date: f"_{date.year:04d}",
    "06": lambda date: f"{date.year % 100:02d}",
    "__2": lambda date: f"{date.timetuple().tm_yday:3d}",
    "002": lambda date: f"{date.timetuple().tm_yday:03d}",
    "_2": lambda date: f"{date.day:2d}",
    "02": lambda date: f"{date.day:02d}",
    "2": lambda date: str(date.day),
    "01": lambda date: f"{date.month:02d}",
    "1": lambda date: str(date.month),
    "15": lambda date: f"{date.hour:02d}",
    "03": lambda date: f"{(date.hour + 11) % 12 + 1:02d}",
    "3": lambda date: str((date.hour + 11) % 12 + 1),
    "04": lambda date: f"{date.minute:02d}",
    "4": lambda date: str(date.minute),
    "05": lambda date: f"{date.second:02d}",
    "5": lambda date: str(date.second),
    "PM": lambda date: "PM" if date.hour >= 12 else "AM",
    "pm": lambda date: "pm" if date.hour >= 12 else "am",
}


def _method(call: Callable[..., Any], *kinds: str) -> Callable[[Moment], Method]:
    return lambda moment: Method(lambda *given: call(moment, *given), *kinds)


_MOMENT_METHODS: Final[dict[str, Callable[[Moment], Method]]] = {
    "Format": _method(lambda moment, layout: moment.format(layout), "string"),
    "String": _method(str),
    "UTC": _method(lambda moment: Moment(moment.ns, UTC)),
    "Local": _method(lambda moment: Moment(moment.ns, zone_named("Local"))),
    "Unix": _method(lambda moment: moment.ns // _SECOND),
    "UnixMilli": _method(lambda moment: moment.ns // 1_000_000),
    "UnixNano": _method(lambda moment: moment.ns),
    "Year": _method(lambda moment: moment.date.year),
    "Month": _method(lambda moment: _MONTHS[moment.date.month - 1]),
    "Day": _method(lambda moment: moment.date.day),
    "Hour": _method(lambda moment: moment.date.hour),
    "Minute": _method(lambda moment: moment.date.minute),
    "Second": _method(lambda moment: moment.date.second),
    "Nanosecond": _method(lambda moment: moment.ns % _SECOND),
    "YearDay": _method(lambda moment: moment.date.timetuple().tm_yday),
    "Weekday": _method(lambda moment: _DAYS[moment.date.weekday()]),
    "IsZero": _method(lambda moment: moment.ns == _ZERO_S * _SECOND),
    "Sub": _method(lambda moment, other: Duration(moment.ns - other.ns), "time.Time"),
    "Add": _method(lambda moment, length: Moment(moment.ns + length.ns, moment.zone), "time.Duration"),
    "Before": _method(lambda moment, other: moment.ns < other.ns, "time.Time"),
    "After": _method(lambda moment, other: moment.ns > other.ns, "time.Time"),
    "Equal": _method(lambda moment, other: moment.ns == other.ns, "time.Time"),
}
