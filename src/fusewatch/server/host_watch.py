"""The host's collector, switched on and off by the settings."""

from __future__ import annotations

import asyncio

from fusewatch.api.fusewatch.models import Host
from fusewatch.collect.host.collector import HostCollector
from fusewatch.server.settings.model import HostSettings
from fusewatch.server.views import host_of
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import MetadataSink, SampleSink


class HostWatch:
    """Runs the collector while the settings want it, and a new one when they change."""

    name = "host"

    def __init__(self, *, settings: HostSettings, sink: SampleSink, metadata_sink: MetadataSink, clock: Clock) -> None:
        self._settings = settings
        self._sink = sink
        self._metadata_sink = metadata_sink
        self._clock = clock
        self._changed = asyncio.Event()
        self._collector: HostCollector | None = None

    def apply(self, settings: HostSettings) -> None:
        """Goes on with other settings, soon."""
        if settings != self._settings:
            self._settings = settings
            self._changed.set()

    def reading(self) -> Host | None:
        """The machine as last read; None before the first reading, or while collection is off."""
        snapshot = None if self._collector is None else self._collector.snapshot()
        return None if snapshot is None else host_of(snapshot)

    def off_reason(self) -> str | None:
        """Why there is no reading and will not be one; None while collection is on."""
        return None if self._settings.enabled else "host collection is off; host.enabled: true in fusewatch.yml switches it on"

    async def run(self) -> None:
        """Collects until cancelled."""
        while True:
            self._changed.clear()
            if not self._settings.enabled:
                self._collector = None
                await self._changed.wait()
                continue
            self._collector = HostCollector(
                sink=self._sink, metadata_sink=self._metadata_sink, clock=self._clock, interval_ms=self._settings.interval
            )
            await self._run_until_changed(self._collector)

    async def _run_until_changed(self, collector: HostCollector) -> None:
        tasks = [asyncio.create_task(work) for work in (collector.run(), self._changed.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
