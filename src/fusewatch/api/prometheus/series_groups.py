"""Many series, a few at a time: groups that matchers can tell from all others, so that no more than one group need be in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import re2

from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp


@dataclass(frozen=True, slots=True)
class Group:
    """Some series of one metric; ``matchers`` mean all of them, and maybe some others of the metric."""

    series: Sequence[Labels]
    matchers: Sequence[Matcher]

    def halves(self) -> list[Group]:
        """Smaller groups of the same series; the group itself where it has but one."""
        return list(_split(self.series, self.matchers, (len(self.series) + 1) // 2))


def groups(series: Sequence[Labels], most: int) -> Iterator[Group]:
    """The series in groups of at most ``most``, metric by metric in the order of their names."""
    for metric, found in groupby(sorted(series, key=lambda labels: (labels.metric, labels.pairs)), key=lambda labels: labels.metric):
        yield from _split(list(found), (Matcher(METRIC_NAME, MatchOp.EQUAL, metric),), most)


def _split(series: Sequence[Labels], matchers: Sequence[Matcher], most: int) -> Iterator[Group]:
    """Splits by the label that has the most values, and goes on with another where one value has too many series."""
    if len(series) <= max(most, 1):
        yield Group(series, matchers)
        return
    name = _telling(series)
    by_value: dict[str, list[Labels]] = {}
    for labels in series:
        by_value.setdefault(labels.get(name, ""), []).append(labels)
    values: list[str] = []
    together: list[Labels] = []
    for value, found in sorted(by_value.items()):
        if together and len(together) + len(found) > most:
            yield from _split(together, (*matchers, _any_of(name, values)), most)
            values, together = [], []
        values.append(value)
        together += found
    yield from _split(together, (*matchers, _any_of(name, values)), most)


def _telling(series: Sequence[Labels]) -> str:
    """The label with the most values among the series, of which there are at least two."""
    values: dict[str, set[str]] = {}
    for labels in series:
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    missing = {name: any(name not in labels for labels in series) for name in values}
    return max(sorted(values), key=lambda name: len(values[name]) + missing[name])


def _any_of(name: str, values: Sequence[str]) -> Matcher:
    if len(values) == 1:
        return Matcher(name, MatchOp.EQUAL, values[0])
    return Matcher(name, MatchOp.REGEX, "|".join(re2.escape(value) for value in values))
