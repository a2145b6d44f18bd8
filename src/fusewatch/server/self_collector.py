"""Fusewatch's own metrics, kept in Fusewatch itself, without a detour over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np
import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import MetadataSink, SampleSink, StorageError
from fusewatch.telemetry.samples import STALE_NAN, SampleBatch

JOB: Final = "fusewatch"


class SelfCollector:
    """Writes the registry's metrics as job ``fusewatch`` every ``interval_s``, each series with a staleness marker when it is gone."""

    name = "self-collector"

    def __init__(
        self,
        *,
        registry: CollectorRegistry,
        sink: SampleSink,
        metadata_sink: MetadataSink,
        clock: Clock,
        instance: str,
        interval_s: float = 15.0,
    ) -> None:
        self._registry = registry
        self._sink = sink
        self._metadata_sink = metadata_sink
        self._clock = clock
        self._instance = instance
        self._interval_s = interval_s
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], Labels] = {}
        self._last: dict[int, Labels] = {}
        self._log = structlog.get_logger("fusewatch.self").bind(component=self.name)

    async def run(self) -> None:
        """Collects until cancelled; a store that is full for a moment costs one round."""
        while True:
            try:
                await self.collect()
            except StorageError as error:
                self._log.warning("own metrics could not be stored", error=str(error))
            await asyncio.sleep(self._interval_s)

    async def collect(self) -> None:
        """Writes the registry as it is now.

        Raises:
            StorageError: the store does not take it.
        """
        families = await asyncio.to_thread(lambda: list(self._registry.collect()))
        await self._metadata_sink.write_metadata([_metadata(family) for family in families])
        await self._sink.write(self._batch(families))

    def _batch(self, families: Sequence[Metric]) -> SampleBatch:
        current: dict[int, Labels] = {}
        values: list[float] = []
        for family in families:
            for sample in family.samples:
                labels = self._labels(sample.name, sample.labels)
                if labels.id not in current:
                    current[labels.id] = labels
                    values.append(sample.value)
        up = self._labels("up", {})
        current[up.id] = up
        values.append(1.0)
        gone = {series: labels for series, labels in self._last.items() if series not in current}
        self._last = current
        ids = np.fromiter((*current, *gone), np.uint64, len(current) + len(gone))
        timestamps = np.full(len(ids), self._clock.now_ms(), np.int64)
        return SampleBatch(ids, timestamps, np.array([*values, *([STALE_NAN] * len(gone))], np.float64), current)

    def _labels(self, name: str, labels: dict[str, str]) -> Labels:
        key = (name, tuple(labels.items()))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Labels({**labels, METRIC_NAME: name, "job": JOB, "instance": self._instance})
        return found


def _metadata(family: Metric) -> MetricMetadata:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return MetricMetadata(name, family.type, family.documentation, family.unit, JOB)
