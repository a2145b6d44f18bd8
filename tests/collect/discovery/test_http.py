from __future__ import annotations

import asyncio
import gzip

import orjson
import pytest
from aiohttp import web
from tests.collect.exporter import Exporter, job, running, scraping
from tests.collect.memory import MemorySink


def test_an_endpoint_names_targets_and_a_failure_keeps_them():
    async def work():
        target, directory, sink = Exporter("a 1\n"), Exporter(content_type="application/json"), MemorySink()
        async with running(target), running(directory):
            directory.body = orjson.dumps([{"targets": [target.address], "labels": {"__meta_zone": "x", "env": "prod"}}])
            url = f"http://{directory.address}/targets"
            config = job(
                http_sd_configs=[{"url": url, "refresh_interval": "50ms", "authorization": {"credentials": "token"}}],
                relabel_configs=[{"source_labels": ["__meta_zone", "__meta_url"], "target_label": "found"}],
            )
            async with scraping(sink, config) as manager:
                await sink.until(lambda: any("a" in sink.metrics(batch) for batch in sink.batches))
                assert directory.requests[0].headers["Authorization"] == "Bearer token"
                assert directory.requests[0].headers["X-Prometheus-Refresh-Interval-Seconds"] == "0.05"
                labels = manager.targets().active[0].labels
                assert (labels["env"], labels["found"]) == ("prod", f"x;{url}")
                directory.body = b"not json"
                await sink.until(lambda: manager.discoveries()[0].last_error)
                assert (manager.discoveries()[0].kind, manager.discoveries()[0].targets) == ("http", 1)
                assert len(manager.targets().active) == 1
                directory.body = gzip.compress(b"[]")
                directory.answer = _compressed(directory)
                await sink.until(lambda: any(sink.metrics(batch).get("a") == "stale" for batch in sink.batches))

    asyncio.run(work())


def _compressed(exporter):
    async def answer(request):
        return web.Response(body=exporter.body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})

    return answer


@pytest.mark.parametrize(
    ("content_type", "reason"), [("text/html", "unsupported content type 'text/html'"), ("application/json", "expected a list")]
)
def test_an_answer_of_another_kind_is_visible(content_type, reason):
    async def work():
        directory, sink = Exporter(b"{}", content_type), MemorySink()
        async with running(directory), running(Exporter()) as other:
            config = job(other.address, http_sd_configs=[{"url": f"http://{directory.address}/"}])
            async with scraping(sink, config) as manager:
                await sink.until(lambda: any(reason in state.last_error for state in manager.discoveries()))

    asyncio.run(work())
