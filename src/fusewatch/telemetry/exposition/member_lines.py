"""Which lines of a text page are parts of a classic histogram: those named after a family that a TYPE line calls a histogram."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from fusewatch.telemetry.exposition.members import Members
from fusewatch.telemetry.exposition.numbers import parse_number
from fusewatch.telemetry.exposition.slots import BUCKET, COUNT, SUM
from fusewatch.telemetry.labels import METRIC_NAME

_SUFFIXES: Final = {"_bucket": BUCKET, "_count": COUNT, "_sum": SUM}
_HISTOGRAM: Final = "histogram"


class MemberLines:
    """Tells the parts of histograms from other series, which ``series`` gives a slot."""

    def __init__(self, series: Callable[[dict[str, str]], int]) -> None:
        self._series = series
        self._types: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        #: Lines were taken for something else than what a TYPE line says now: all lines must be learned again.
        self.is_outdated = False

    def renew(self) -> None:
        """No line is known any more."""
        self._taken.clear()
        self.is_outdated = False

    def tell(self, family: str, kind: str) -> None:
        """A TYPE line says so."""
        self._types[family] = kind
        if (self._taken.get(family, kind) == _HISTOGRAM) != (kind == _HISTOGRAM):
            self.is_outdated = True

    def slot(self, labels: dict[str, str], members: Members) -> int:
        """The slot of a line with these labels."""
        name = labels[METRIC_NAME]
        stem, mark, suffix = name.rpartition("_")
        role, bound = _SUFFIXES.get(mark + suffix), 0.0
        if role is None:
            return self._series(labels)
        kind = self._taken[stem] = self._types.get(stem, "")
        if role == BUCKET:
            bound = _bound(labels.get("le", ""))
        if kind != _HISTOGRAM or math.isnan(bound):
            return self._series(labels)
        return members.slot(labels, stem, role, bound)


def _bound(text: str) -> float:
    """The upper bound; NaN where it is none."""
    try:
        return parse_number(text)
    except ValueError:
        return math.nan
