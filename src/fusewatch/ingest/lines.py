"""What the receivers of plain lines share: names in Prometheus' alphabet, references by key, rows to columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fusewatch.telemetry.known_series import Decoded, KnownSeries
from fusewatch.telemetry.ports import SamplesRejectedError

_NOT_IN_A_METRIC = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_IN_A_LABEL = re.compile(r"[^a-zA-Z0-9_]")
#: Times further from 1970 are refused before they meet an int64 of milliseconds.
_MOST_MS: Final = 1 << 53


class LineError(ValueError):
    """A line that can't be understood; the message says why, without the line's number."""


def metric_name(text: str) -> str:
    """The text with underscores for what a metric's name can't have."""
    name = _NOT_IN_A_METRIC.sub("_", text)
    return "_" + name if name[:1].isdigit() else name


def label_name(text: str) -> str:
    """The text with underscores for what a label's name can't have."""
    name = _NOT_IN_A_LABEL.sub("_", text)
    return "_" + name if name[:1].isdigit() else name


class References:
    """References by whatever names a series on the wire, good within an epoch; forgotten when there are more than ``most``."""

    def __init__(self, series: KnownSeries, most: int = 1 << 20) -> None:
        self._series = series
        self._most = most
        self._epoch = series.epoch
        self.by_key: dict[object, int] = {}

    def begin(self) -> int:
        """To be called before each request: the epoch that its references belong to."""
        if self._epoch != self._series.epoch or len(self.by_key) > self._most:
            self._epoch = self._series.epoch
            self.by_key.clear()
        return self._epoch


@dataclass(slots=True)
class Rows:
    """Samples of a request, and what is wrong with it: the first bad line by its number, and how many there are."""

    epoch: int
    refs: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    problem: SamplesRejectedError | None = None
    rejected: int = 0

    def add(self, ref: int, time_ms: int, value: float) -> None:
        """One more sample."""
        self.refs.append(ref)
        self.times.append(time_ms)
        self.values.append(value)

    def refuse(self, number: int, error: Exception) -> None:
        """Counts a line that is left out."""
        self.rejected += 1
        if self.problem is None:
            text = f"line {number}: {error}"
            # A limit stays what it is: senders are told something else then.
            self.problem = type(error)(text, 1) if isinstance(error, SamplesRejectedError) else SamplesRejectedError(text, 1)

    def decoded(self) -> Decoded:
        """As columns."""
        if self.problem is not None:
            self.problem.rejected = self.rejected
        bits = np.array(self.values, np.float64).view(np.uint64)
        return Decoded(self.epoch, np.array(self.refs, np.uint32), np.array(self.times, np.int64), bits, problem=self.problem)


def checked_time(time_ms: int) -> int:
    """The time.

    Raises:
        LineError: it is no time that a clock may show.
    """
    if not -_MOST_MS < time_ms < _MOST_MS:
        raise LineError("the timestamp is out of range: is its precision the one that was named?")
    return time_ms
