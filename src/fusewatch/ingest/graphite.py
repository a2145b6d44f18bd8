"""Graphite's plaintext protocol, with tags (https://graphite.readthedocs.io/en/latest/feeding-carbon.html).

A line is ``path value timestamp``, the path ``a.b.c`` or ``a.b.c;tag=value;…``. The path becomes the metric's name with underscores for
dots, as Prometheus' graphite_exporter writes it; tags become labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fusewatch.ingest.lines import LineError, References, Rows, checked_time, label_name, metric_name
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.known_series import Decoded, KnownSeries
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import SamplesRejectedError

#: Path, value and time.
_WITH_TIME: Final = 3
_NOW: Final = -1.0


@dataclass(frozen=True, slots=True)
class Point:
    """A line: ``path`` with its tags as they came, and the time in ms, None for now."""

    path: str
    value: float
    time_ms: int | None


def parse_line(line: str) -> Point:
    """One line without its end.

    Raises:
        LineError: not ``path value [timestamp]``.
    """
    parts = line.split()
    if len(parts) not in {_WITH_TIME - 1, _WITH_TIME}:
        raise LineError(f"expected a path, a value and a timestamp, not {line[:200]!r}")
    value = _number(parts[1], "value")
    time = _number(parts[2], "timestamp") if len(parts) == _WITH_TIME else _NOW
    if not math.isfinite(time):
        raise LineError(f"expected seconds since 1970 as timestamp, not {parts[2][:50]!r}")
    return Point(parts[0], value, None if time == _NOW else checked_time(round(time * 1000)))


def labels_of(path: str) -> Labels:
    """The labels that a path names.

    Raises:
        LineError: no name, or a tag that is not ``name=value``.
    """
    name, *tags = path.split(";")
    if not name:
        raise LineError(f"the path {path[:200]!r} has no name")
    labels = {}
    for tag in tags:
        key, separator, value = tag.partition("=")
        if not separator or not key or not value:
            raise LineError(f"expected a tag as name=value, not {tag[:100]!r}")
        labels[label_name(key)] = value
    return Labels(labels | {METRIC_NAME: metric_name(name)})


class GraphiteDecoder:
    """Decodes lines against the known series. Not for concurrent use."""

    def __init__(self, series: KnownSeries, clock: Clock) -> None:
        self._series = series
        self._clock = clock
        self._references = References(series)

    def decode(self, body: bytes) -> Decoded:
        """The samples of all lines that can be understood; the others are told in ``problem``, by the number of the first.

        A line without a timestamp, or with -1, gets the time of now. A value that is no number (``nan``) is left out, as carbon does.
        """
        rows, now = Rows(self._references.begin()), self._clock.now_ms()
        by_key = self._references.by_key
        for number, line in enumerate(body.split(b"\n"), 1):
            if not line or line.isspace():
                continue
            try:
                point = parse_line(line.decode())
                if math.isnan(point.value):
                    continue
                ref = by_key.get(point.path)
                if ref is None:
                    ref = by_key[point.path] = self._series.learn(labels_of(point.path))
            except UnicodeDecodeError:
                rows.refuse(number, LineError("not UTF-8"))
            except (LineError, SamplesRejectedError) as error:
                rows.refuse(number, error)
            else:
                rows.add(ref, now if point.time_ms is None else point.time_ms, point.value)
        return rows.decoded()


def _number(text: str, name: str) -> float:
    try:
        if "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise LineError(f"expected a number as {name}, not {text[:50]!r}")
