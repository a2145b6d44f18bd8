"""Reading a 10,000-line page beside prometheus_client; scraping 50 targets of 1,000 series each second; 10,000 targets in one file.

The sink only counts, so that the cost of scraping stands alone; the whole program, storing, is measured beside Prometheus.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.scrape.exporters import exporters, page
from benchmarks.scrape.peer import fusewatch_cpu, prometheus_cpu
from fusewatch.collect.config import GlobalConfig, ScrapeConfig, resolve_scrape_configs
from fusewatch.collect.scrape.manager import ScrapeManager
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import SampleBatch

_LINES = 10_000
_TARGETS, _SERIES, _SECONDS = 50, 1_000, 15
_LISTED = 10_000


class CountingSink:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.samples = 0

    async def write(self, batch: SampleBatch) -> None:  # noqa: D102 - of SampleSink
        self.samples += len(batch)

    async def write_metadata(self, entries: Sequence[MetricMetadata]) -> None:  # noqa: D102 - of MetadataSink
        pass


def main() -> None:
    read_pages()
    settle()
    with exporters(_TARGETS, _SERIES) as addresses:
        asyncio.run(scrape(addresses))
        whole, peer = fusewatch_cpu(addresses, _SECONDS), prometheus_cpu(addresses, _SECONDS)
    print(f"  Fusewatch as a whole, storing            {whole:6.3f} processor seconds per second")
    if peer is not None:
        print(f"  Prometheus as a whole, storing           {peer:6.3f} processor seconds per second")
    settle()
    asyncio.run(take_up_targets())


def settle() -> None:
    """Full garbage collections over all that the libraries keep (0.2 s) are not what is measured here."""
    gc.collect()
    gc.freeze()


def read_pages() -> None:
    pages = [page(_LINES, seed) for seed in range(4)]
    reader = PageReader(Labels)
    reader.read(page(10, 0), Format.TEXT)  # loads the compiled code
    print(f"a page of {_LINES:,} lines, {len(pages[0]) / 1e6:.2f} MB")
    first = seconds(lambda: reader.read(pages[0], Format.TEXT))
    known = min(seconds(lambda body=body: reader.read(body, Format.TEXT)) for body in pages * 3)
    client = min(seconds(lambda body=body: sum(1 for _ in text_string_to_metric_families(body.decode()))) for body in pages[:2])
    print(f"  Fusewatch, for the first time            {first * 1e3:8.2f} ms")
    print(f"  Fusewatch, lines known                   {known * 1e3:8.2f} ms  ({known / _LINES * 1e9:.0f} ns a line)")
    print(f"  prometheus_client                        {client * 1e3:8.2f} ms  ({client / known:.0f} times as long)")


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def manager_of(sink: CountingSink, **job: Any) -> ScrapeManager:
    config = ScrapeConfig.model_validate({"job_name": "bench", **job})
    return ScrapeManager(configs=resolve_scrape_configs(GlobalConfig(), [config]), sink=sink, metadata_sink=sink, clock=SystemClock())


async def scrape(addresses: list[str]) -> None:
    sink = CountingSink()
    task = asyncio.create_task(manager_of(sink, scrape_interval="1s", static_configs=[{"targets": addresses}]).run())
    await asyncio.sleep(5)
    samples, cpu, started = sink.samples, time.process_time(), time.perf_counter()
    lag = await longest_turn(_SECONDS)
    elapsed = time.perf_counter() - started
    print(f"{_TARGETS} targets of {_SERIES:,} series each second")
    print(f"  Fusewatch, without storing               {(time.process_time() - cpu) / elapsed:6.3f} processor seconds per second")
    print(f"  samples per second {(sink.samples - samples) / elapsed:,.0f}; the loop was busy at a stretch for at most {lag * 1e3:.1f} ms")
    await stop(task)


async def take_up_targets() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "targets.json")
        write_targets(file, 0)
        manager = manager_of(CountingSink(), scrape_interval="1h", file_sd_configs=[{"files": [str(file)], "refresh_interval": "500ms"}])
        task = asyncio.create_task(manager.run())
        await asyncio.sleep(3)
        started = time.perf_counter()
        write_targets(file, _LISTED)
        lag = 0.0
        while len(manager.targets().active) < _LISTED:
            lag = max(lag, await longest_turn(0.25))
        print(f"{_LISTED:,} targets in a file, taken up in {time.perf_counter() - started:.1f} s")
        print(f"  the loop was busy at a stretch for at most {lag * 1e3:.1f} ms")
        await stop(task)


def write_targets(file: Path, count: int) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps([{"targets": [f"host-{number}.invalid:1" for number in range(count)]}]))
    new.rename(file)


async def longest_turn(duration_s: float) -> float:
    """The most processor time that the event loop's thread took in the next seconds before it came back to us.

    Processor time, because on a busy machine the thread also waits for a core.
    """
    longest, end = 0.0, time.perf_counter() + duration_s
    while time.perf_counter() < end:
        before = time.thread_time()
        await asyncio.sleep(0.001)
        longest = max(longest, time.thread_time() - before)
    return longest


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    main()
