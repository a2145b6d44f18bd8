"""Type, help and unit of the metrics that a target shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fusewatch.telemetry.exposition.lines import MetadataLine
from fusewatch.telemetry.metadata import MetricMetadata


class TargetMetadata:
    """What a target's HELP, TYPE and UNIT lines say, by metric family."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._known: dict[str, MetricMetadata] = {}
        self._unwritten: set[str] = set()

    @property
    def entries(self) -> list[MetricMetadata]:
        """All families, in the order they came."""
        return list(self._known.values())

    def learn(self, lines: Iterable[MetadataLine]) -> Sequence[MetricMetadata]:
        """The families that are new, changed, or still owed to the store."""
        for line in lines:
            known = self._known.get(line.family) or MetricMetadata(line.family, "unknown", "", job=self._job)
            self._known[line.family] = replace(known, **{line.about.value.lower(): line.text})
            self._unwritten.add(line.family)
        news = [self._known[family] for family in self._unwritten]
        self._unwritten.clear()
        return news

    def forget(self, entries: Iterable[MetricMetadata]) -> None:
        """The store did not take these: they are news again."""
        self._unwritten.update(entry.metric for entry in entries)
