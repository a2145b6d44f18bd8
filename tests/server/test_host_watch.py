from __future__ import annotations

import asyncio

from fusewatch.server.host_watch import HostWatch
from fusewatch.server.settings.model import HostSettings
from fusewatch.telemetry.clock import SystemClock


class Store:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.written = asyncio.Event()

    async def write(self, _batch) -> None:
        self.written.set()

    async def write_metadata(self, _entries) -> None:
        pass


def test_collection_goes_on_and_off_with_the_settings():
    async def scenario():
        store = Store()
        watch = HostWatch(settings=HostSettings(enabled=False), sink=store, metadata_sink=store, clock=SystemClock())
        running = asyncio.create_task(watch.run())
        await asyncio.sleep(0)
        assert watch.reading() is None
        assert "host collection is off" in (watch.off_reason() or "")
        watch.apply(HostSettings.model_validate({"enabled": True, "interval": "1s"}))
        await asyncio.wait_for(store.written.wait(), 30)
        reading = watch.reading()
        assert reading is not None
        assert reading.cpu.cores
        assert 0 <= reading.memory.by_type.used <= 1
        assert watch.off_reason() is None
        watch.apply(HostSettings(enabled=False))
        while watch.reading() is not None:  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
