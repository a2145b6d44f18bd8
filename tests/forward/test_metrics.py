from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry
from tests.forward.conftest import NOW, sending, series, until
from tests.forward.sink import Sink, serving

from fusewatch.server.remote_write_metrics import RemoteWriteMetrics
from fusewatch.telemetry.clock import SystemClock


def test_metrics_have_the_names_and_labels_that_prometheus_gives_them(sender):
    async def scenario():
        async with serving(Sink()) as sink:
            target = sender.target(sink.url, name="other")
            async with sending(target):
                await sender.write({series("up"): {NOW: 1.0, NOW + 1000: 2.0}})
                await until(lambda: sink.taken and not sender.figures.pending.samples)
                registry = CollectorRegistry(auto_describe=False)
                registry.register(
                    RemoteWriteMetrics(
                        statistics=lambda: [target.statistics()],
                        backlog=sender.backlog.figures,
                        newest=sender.store.newest,
                        clock=SystemClock(),
                    )
                )
                return registry, {"remote_name": "other", "url": sink.url}

    registry, labels = asyncio.run(scenario())
    found = {
        name: registry.get_sample_value(f"prometheus_remote_storage_{name}", labels)
        for name in ("samples_total", "samples_failed_total", "samples_retried_total", "samples_pending", "shards", "shards_max")
    }
    assert found == {
        "samples_total": 2.0,
        "samples_failed_total": 0.0,
        "samples_retried_total": 0.0,
        "samples_pending": 0.0,
        "shards": 1.0,
        "shards_max": 50.0,
    }
    dropped = registry.get_sample_value("prometheus_remote_storage_samples_dropped_total", {**labels, "reason": "too_old"})
    assert dropped == 0.0
    sent = registry.get_sample_value("prometheus_remote_storage_queue_highest_sent_timestamp_seconds", labels)
    assert sent == registry.get_sample_value("prometheus_remote_storage_highest_timestamp_in_seconds") == (NOW + 1000) / 1000
    assert registry.get_sample_value("prometheus_remote_storage_sent_batch_duration_seconds_count", labels) == 1.0
    assert registry.get_sample_value("fusewatch_remote_write_lag_seconds", labels) == 0.0
    assert registry.get_sample_value("fusewatch_remote_write_backlog_limit_bytes") == float(1 << 30)


def test_without_targets_there_are_no_metrics_of_them(sender):
    collector = RemoteWriteMetrics(statistics=list, backlog=sender.backlog.figures, newest=sender.store.newest, clock=SystemClock())
    assert list(collector.collect()) == []
