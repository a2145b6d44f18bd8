"""Which lines of a text page belong to one metric: those named after a family whose type a TYPE line tells."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from fusewatch.telemetry.exposition.members import Members
from fusewatch.telemetry.exposition.numbers import parse_number
from fusewatch.telemetry.exposition.slots import BUCKET, COUNT, CREATED, SERIES, SUM
from fusewatch.telemetry.labels import METRIC_NAME

_HISTOGRAM: Final = "histogram"
_PARTS: Final = {"_bucket": BUCKET, "_count": COUNT, "_sum": SUM}
_BOUNDS: Final = {_HISTOGRAM: "le", "summary": "quantile"}
#: What the names of a family's series add to its own, and what these are, where it matters when a metric began.
_STARTED: Final = {
    "counter": {"_total": SERIES, "": SERIES, "_created": CREATED},
    "summary": {"_count": SERIES, "_sum": SERIES, "": SERIES, "_created": CREATED},
    _HISTOGRAM: {"_bucket": SERIES, "_count": SERIES, "_sum": SERIES, "_created": CREATED},
}


class MemberLines:
    """Tells lines that belong together from other series, which ``series`` gives a slot.

    ``convert``: those of classic histograms become parts. ``starts``: those of ``_created`` say when a metric began, as in OpenMetrics.
    """

    def __init__(
        self, members: Members, series: Callable[[dict[str, str]], int], *, convert: bool, starts: bool, types: dict[str, str] | None = None
    ) -> None:
        self._members = members
        self._series = series
        roles: dict[str, dict[str, int]] = _STARTED if starts else {}
        self._roles = roles | {_HISTOGRAM: roles.get(_HISTOGRAM, {}) | _PARTS} if convert else roles
        self._suffixes = {suffix for found in self._roles.values() for suffix in found}
        self._taken: dict[str, str] = {}
        #: Types of families.
        self.types = types if types is not None else {}
        #: Lines were taken for something else than what a TYPE line says now: all lines must be learned again.
        self.is_outdated = False

    def tell(self, family: str, kind: str) -> None:
        """A TYPE line says so."""
        self.types[family] = kind
        if self._roles.get(self._taken.get(family, kind)) is not self._roles.get(kind):
            self.is_outdated = True

    def slot(self, labels: dict[str, str]) -> int:
        """The slot of a line with these labels."""
        for family, suffix in self._families(labels[METRIC_NAME]):
            kind = self._taken[family] = self.types.get(family, "")
            role = self._roles.get(kind, {}).get(suffix)
            if role == CREATED:
                return self._members.created(labels, family)
            if role == SERIES:
                return self._members.started(labels, family, _BOUNDS.get(kind, ""))
            bound = _bound(labels.get("le", "")) if role == BUCKET else 0.0
            if role is not None and not math.isnan(bound):
                return self._members.part(labels, family, role, bound)
        return self._series(labels)

    def _families(self, name: str) -> Iterator[tuple[str, str]]:
        """The families that a series may belong to, by its name, and what that adds to each one's."""
        stem, mark, end = name.rpartition("_")
        for family, suffix in ((stem, mark + end), (name, "")):
            if suffix in self._suffixes:
                yield family, suffix


def _bound(text: str) -> float:
    """The upper bound; NaN where it is none."""
    try:
        return parse_number(text)
    except ValueError:
        return math.nan
