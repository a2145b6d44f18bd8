from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import orjson
from tests.collect.memory import MemorySink

from fusewatch.collect.host.collector import HostCollector
from fusewatch.collect.publisher import SeriesPublisher
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import OverloadedError

#: As the catalogue names and labels them, beside job and instance.
CATALOGUE = {
    "node_cpu_usage": {"cpu_core"},
    "node_memory_usage": {"memory_type"},
    "node_disk_usage": {"device", "mount_point"},
    "node_network_io": {"interface", "direction"},
    "node_network_connections": {"state"},
}
VALUES = {
    "memory_type": {"used", "cached", "buffers", "free", "swap"},
    "direction": {"receive", "transmit"},
    "state": {"established", "listen", "time_wait", "close_wait", "other"},
}


@asynccontextmanager
async def collecting(sink, **options):
    collector = HostCollector(sink=sink, metadata_sink=sink, clock=SystemClock(), interval_ms=100, **options)
    task = asyncio.create_task(collector.run())
    try:
        yield collector
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_the_machine_is_seen_as_the_catalogue_says():
    async def work():
        sink = MemorySink()
        async with collecting(sink, instance="here") as collector:
            await sink.until(lambda: len(sink.batches) >= 2)
            for metric, names in CATALOGUE.items():
                found = [labels for labels in sink.names.values() if labels.metric == metric]
                assert found, metric
                assert all(set(labels) == {"__name__", "job", "instance", *names} for labels in found)
                for name in names & VALUES.keys():
                    assert {labels[name] for labels in found} == VALUES[name]
            metrics = sink.metrics(sink.batches[-1])
            assert metrics["up"] == 1.0
            assert {"node_load1", "node_filefd_allocated", "node_boot_time_seconds", "node_memory_MemTotal_bytes"} <= metrics.keys()
            assert {labels["instance"] for labels in sink.names.values()} == {"here"}
            assert {labels["job"] for labels in sink.names.values()} == {"fusewatch-host"}
            assert {labels.metric for labels in sink.names.values()} <= {metric for _, metric in sink.metadata}
            shown = orjson.loads(orjson.dumps(collector.snapshot()))
            assert shown["cpu"]["cores"][0].keys() == {"core", "usage"}
            assert shown["processes"]["by_memory"]

    asyncio.run(work())


def test_a_machine_that_can_not_be_read_is_down(tmp_path):
    async def work():
        sink = MemorySink()
        collector = HostCollector(sink=sink, metadata_sink=sink, clock=SystemClock(), proc=tmp_path)
        await collector._collect(1_000)
        assert sink.metrics(sink.batches[-1])["up"] == 0.0
        assert collector.snapshot() is None

    asyncio.run(work())


def test_what_is_gone_is_marked_and_what_was_lost_is_made_up_for():
    async def work():
        sink = MemorySink()
        publisher = SeriesPublisher(sink)
        one, two = Labels({"__name__": "one"}), Labels({"__name__": "two"})
        await publisher.publish(1_000, {one: 1.0, two: 2.0})
        sink.failure = OverloadedError("full")
        try:
            await publisher.publish(2_000, {one: 1.0})
        except OverloadedError:
            sink.failure = None
        await publisher.publish(3_000, {one: 1.0})
        assert sink.metrics(sink.batches[-1]) == {"one": 1.0, "two": "stale"}
        await publisher.publish(4_000, {one: 1.0})
        assert sink.metrics(sink.batches[-1]) == {"one": 1.0}
        await publisher.publish(5_000, {one: 1.0, two: 2.0})
        assert list(sink.batches[-1].series.values()) == [two]

    asyncio.run(work())
