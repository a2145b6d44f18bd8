from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import asynccontextmanager

import pytest
from tests.collect.exporter import job, scraping
from tests.collect.memory import MemorySink

pytestmark = pytest.mark.skipif(shutil.which("prometheus-node-exporter") is None, reason="prometheus-node-exporter is not installed")


@asynccontextmanager
async def node_exporter():
    """A real node_exporter on a free port; its address."""
    process = await asyncio.create_subprocess_exec(
        "prometheus-node-exporter",
        "--web.listen-address=127.0.0.1:0",
        "--collector.disable-defaults",
        "--collector.cpu",
        "--collector.meminfo",
        "--collector.loadavg",
        "--collector.filesystem",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(20):
            async for line in process.stderr:
                found = re.search(rb"127\.0\.0\.1:[1-9]\d*", line)
                if found:
                    yield found[0].decode()
                    break
    finally:
        process.terminate()
        await process.communicate()


def test_a_real_node_exporter_is_scraped():
    async def work():
        sink = MemorySink()
        async with node_exporter() as address, scraping(sink, job(address, scrape_interval="500ms", scrape_timeout="500ms")) as manager:
            await sink.until(lambda: len(sink.batches) >= 3 and sink.metrics(sink.batches[-1])["up"] == 1.0)
            metrics = sink.metrics(sink.batches[-1])
            assert metrics["scrape_samples_scraped"] > 100
            assert metrics["node_memory_MemTotal_bytes"] > 1 << 20
            assert metrics["scrape_series_added"] == 0.0
            names = {labels for labels in sink.names.values() if labels.metric == "node_cpu_seconds_total"}
            assert {labels["mode"] for labels in names} >= {"idle", "user", "system"}
            assert {labels["job"] for labels in names} == {"test"}
            assert sink.metadata["test", "node_load1"].type == "gauge"
            (state,) = manager.targets().active
            assert (state.health, state.last_error, state.instance) == ("up", "", address)

    asyncio.run(work())
