"""The store alone: decoding, log and head, with the committer at work beside it; no HTTP."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.ingest.bodies import ROWS, build_requests
from fusewatch.ingest.remote_writes import RemoteWrites
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.ports import OverloadedError

CONNECTIONS = 8
SERIES = 20_000


async def _send(writes: RemoteWrites, bodies: list[bytes]) -> None:
    for number, body in enumerate(bodies):
        while True:
            try:
                await writes.write_remote(body)
                break
            except OverloadedError:
                await asyncio.sleep(0.01)
        if number % 8 == 0:
            await asyncio.sleep(0)


async def _write(store: MetricStore, bodies: list[bytes]) -> None:
    writes = RemoteWrites(store.door)
    working = asyncio.gather(*(component.run() for component in store.components()))
    await asyncio.gather(*(_send(writes, bodies[k::CONNECTIONS]) for k in range(CONNECTIONS)))
    working.cancel()


def measure(bodies: list[bytes], *, fsync: bool) -> float:
    """Acknowledged samples a second, once the series are known."""
    known = SERIES // ROWS
    with tempfile.TemporaryDirectory() as folder:
        store = MetricStore.open(StorageSettings(fsync=fsync), Path(folder))
        asyncio.run(_write(store, bodies[:known]))
        started = time.perf_counter()
        asyncio.run(_write(store, bodies[known:]))
        rate = (len(bodies) - known) * ROWS / (time.perf_counter() - started)
        store.close()
    return rate


def main() -> None:
    MetricStore.warm()
    start = time.time_ns() // 1_000_000 - 3_600_000
    bodies = list(build_requests(series=SERIES, samples=3_000_000, start_ms=start, step_ms=1000))
    for fsync in (False, True):
        print(f"store alone, fsync={fsync}: {measure(bodies, fsync=fsync) / 1e6:.2f} M samples/s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
