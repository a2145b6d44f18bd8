from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Gauge

from fusewatch.server.self_collector import SelfCollector
from fusewatch.telemetry.samples import is_stale


class Store:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.batches = []
        self.metadata = []

    async def write(self, batch) -> None:
        self.batches.append(batch)

    async def write_metadata(self, entries) -> None:
        self.metadata.extend(entries)


class Clock:
    def now_ms(self) -> int:
        return 1_000

    def monotonic(self) -> float:
        return 1.0


def test_own_metrics_become_series_of_their_own_job_and_end_with_a_marker():
    async def scenario():
        registry, store = CollectorRegistry(), Store()
        gauge = Gauge("fill", "How full.", ["queue"], registry=registry)
        gauge.labels("a").set(1)
        gauge.labels("b").set(2)
        collector = SelfCollector(registry=registry, sink=store, metadata_sink=store, clock=Clock(), instance="here:1")
        await collector.collect()
        gauge.remove("b")
        await collector.collect()
        first, second = store.batches
        values = {str(first.series[int(series)]): value for series, value in zip(first.ids, first.values, strict=True)}
        assert values == {
            'fill{instance="here:1", job="fusewatch", queue="a"}': 1,
            'fill{instance="here:1", job="fusewatch", queue="b"}': 2,
            'up{instance="here:1", job="fusewatch"}': 1,
        }
        [gone] = second.ids[is_stale(second.values)]
        assert first.series[int(gone)]["queue"] == "b"
        assert (second.timestamps == 1_000).all()
        assert [(entry.metric, entry.type, entry.job) for entry in store.metadata] == [("fill", "gauge", "fusewatch")] * 2

    asyncio.run(scenario())
