"""Influx line protocol, as Telegraf sends it (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/).

Each field becomes a series ``measurement_field`` with the tags as labels, as VictoriaMetrics and Prometheus' influxdb_exporter name them.
Strings are no samples and are left out; booleans are 1 and 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from line_protocol_parser import LineFormatError, parse_line

from fusewatch.ingest.lines import LineError, References, Rows, checked_time, label_name, metric_name
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.known_series import Decoded, KnownSeries
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import SamplesRejectedError

#: Units of a precision, in nanoseconds; the spellings of both versions of the API.
PRECISIONS: Final = {
    "": 1,
    "n": 1,
    "ns": 1,
    "u": 1_000,
    "us": 1_000,
    "µ": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_MS: Final = 1_000_000


class InfluxDecoder:
    """Decodes bodies of lines against the known series. Not for concurrent use.

    With ``drops_value_field`` a field named ``value`` gives the series the name of its measurement alone, as influxdb_exporter does.
    """

    def __init__(self, series: KnownSeries, clock: Clock, *, drops_value_field: bool = False) -> None:
        self._series = series
        self._clock = clock
        self._drops_value_field = drops_value_field
        self._references = References(series)

    def decode(self, body: bytes, *, precision: str = "", database: str = "") -> Decoded:
        """The samples of all lines that can be understood; the others are told in ``problem``, by the number of the first.

        A line without a timestamp gets the time of now; ``database`` becomes the label ``db`` where no tag has that name.

        Raises:
            ValueError: an unknown precision, or not UTF-8; nothing is used.
        """
        unit = PRECISIONS.get(precision)
        if unit is None:
            raise ValueError(f"unknown precision {precision!r}: expected ns, us, ms, s, m or h")
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            number = body.count(b"\n", 0, error.start) + 1
            raise ValueError(f"line {number}: not UTF-8") from error
        rows, now = Rows(self._references.begin()), self._clock.now_ms()
        for number, line in _lines(text):
            try:
                self._line(line, database, unit, now, rows)
            except (LineError, SamplesRejectedError) as error:
                rows.refuse(number, error)
        return rows.decoded()

    def _line(self, line: str, database: str, unit: int, now: int, rows: Rows) -> None:
        try:
            point = parse_line(line)
        except (LineFormatError, ValueError) as error:
            raise LineError(f"{str(error).rstrip('.')}: {line[:200]!r}") from error
        if point is None:
            return  # a comment
        time = now if point["time"] is None else checked_time(point["time"] * unit // _MS)
        # Without a backslash, the text in front of the first space names measurement and tags, and saves putting labels together.
        head = line.lstrip(" \t").partition(" ")[0] if "\\" not in line else (point["measurement"], *point["tags"].items())
        by_key, problem = self._references.by_key, None
        for name, value in point["fields"].items():
            if isinstance(value, str) or not math.isfinite(value):
                continue
            key = (database, head, name)
            ref = by_key.get(key)
            try:
                if ref is None:
                    ref = by_key[key] = self._series.learn(self._labels(point["measurement"], name, point["tags"], database))
                rows.add(ref, time, float(value))
            except (LineError, SamplesRejectedError) as error:
                problem = problem or error
        if problem is not None:
            raise problem

    def _labels(self, measurement: str, name: str, tags: Mapping[str, str], database: str) -> Labels:
        full = measurement if self._drops_value_field and name == "value" and measurement else f"{measurement}_{name}"
        labels = {label_name(tag): value for tag, value in tags.items()}
        if database:
            labels.setdefault("db", database)
        return Labels(labels | {METRIC_NAME: metric_name(full)})


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their numbers from 1 on; a string in quotes may hold line ends."""
    held: list[str] = []
    is_open, first = False, 1
    for number, line in enumerate(text.split("\n"), 1):
        first = first if held else number
        held.append(line)
        is_open = _leaves_open(line, is_open=is_open) if '"' in line else is_open
        if is_open:
            continue
        whole = "\n".join(held).rstrip("\r")
        held = []
        if not whole.isspace() and whole:
            yield first, whole
    if held:
        yield first, "\n".join(held)


def _leaves_open(line: str, *, is_open: bool) -> bool:
    """Whether a string is not closed at the line's end. Only behind ``=`` in the fields a quote begins one; elsewhere it is a character."""
    in_fields, before = is_open, ""
    for char in line.lstrip(" \t"):
        if before == "\\":
            char = ""  # noqa: PLW2901 - escaped, so it means nothing
        elif is_open:
            is_open = char != '"'
        elif char == " ":
            in_fields = True
        elif char == '"' and in_fields and before == "=":
            is_open = True
        before = char
    return is_open
