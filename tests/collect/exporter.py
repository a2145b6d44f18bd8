"""A real HTTP exporter on the loopback address, for tests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from aiohttp import web

from fusewatch.collect.config import GlobalConfig, ScrapeConfig, resolve_scrape_configs
from fusewatch.collect.scrape.manager import ScrapeManager
from fusewatch.telemetry.clock import SystemClock


class Exporter:
    """Answers every request with ``body``, or with what ``answer(request)`` returns; remembers the requests' headers."""

    def __init__(self, body="a 1\n", content_type="text/plain"):
        self.body = body
        self.content_type = content_type
        self.answer = None
        self.requests = []
        self.address = ""

    async def handle(self, request):
        self.requests.append(request)
        if self.answer is not None:
            return await self.answer(request)
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        return web.Response(body=body, headers={"Content-Type": self.content_type})


@asynccontextmanager
async def running(exporter, ssl_context=None):
    """The exporter on a free port, its ``address`` set."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", exporter.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl_context)
    await site.start()
    exporter.address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield exporter
    finally:
        await runner.cleanup()


def job(*addresses, **settings):
    """A resolved scrape configuration of the addresses, scraped often."""
    config = {
        "job_name": "test",
        "scrape_interval": "250ms",
        "scrape_timeout": "250ms",
        "static_configs": [{"targets": list(addresses)}] if addresses else [],
        **settings,
    }
    (resolved,) = resolve_scrape_configs(GlobalConfig(), [ScrapeConfig.model_validate(config)])
    return resolved


@asynccontextmanager
async def scraping(sink, *configs, **options):
    """A manager at work on the configurations."""
    manager = ScrapeManager(configs=configs, sink=sink, metadata_sink=sink, clock=SystemClock(), **options)
    task = asyncio.create_task(manager.run())
    try:
        yield manager
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
