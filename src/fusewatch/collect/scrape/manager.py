"""All scrape jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.discovery.groups import DiscoveryState
from fusewatch.collect.discovery.providers import DiscoveryTools
from fusewatch.collect.discovery.watch import DirectoryWatch
from fusewatch.collect.scrape.gate import Gate
from fusewatch.collect.scrape.loop import ScrapeTools
from fusewatch.collect.scrape.pool import ScrapePool
from fusewatch.collect.scrape.state import ScrapeStatistics, ScrapeTotals, Targets
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.exposition.reader import warm
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import MetadataSink, SampleSink

_MOST_CONCURRENT: Final = 1_000
_WORKERS: Final = 2


class ScrapeManager:
    """Discovers and scrapes the targets of all jobs.

    ``configs`` are resolved ones (:func:`fusewatch.collect.config.resolve_scrape_configs`). ``base_dir`` is where relative file names
    begin. At most ``most_concurrent`` scrapes are under way at a time. With ``zero_samples``, a zero is stored where a metric says that it
    began. As in Prometheus, ending it leaves series without staleness
    markers: it may be a restart.
    """

    name = "scrape"

    def __init__(
        self,
        *,
        configs: Sequence[ScrapeConfig],
        sink: SampleSink,
        metadata_sink: MetadataSink,
        clock: Clock,
        base_dir: Path = Path(),
        version: str = "",
        most_concurrent: int = _MOST_CONCURRENT,
        zero_samples: bool = False,
    ) -> None:
        self._configs = tuple(configs)
        self._sink = sink
        self._metadata_sink = metadata_sink
        self._clock = clock
        self._base_dir = base_dir
        self._version = version
        self._zero_samples = zero_samples
        self._gate = Gate(most_concurrent)
        self._totals = ScrapeTotals()
        self._pools: dict[str, ScrapePool] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Scrapes until it is cancelled."""
        workers = ThreadPoolExecutor(_WORKERS, "scrape")
        tools = ScrapeTools(
            sink=self._sink,
            metadata_sink=self._metadata_sink,
            clock=self._clock,
            gate=self._gate,
            workers=workers,
            totals=self._totals,
            version=self._version,
            zero_samples=self._zero_samples,
        )
        try:
            protobuf = any("PrometheusProto" in config.scrape_protocols for config in self._configs)
            await asyncio.get_running_loop().run_in_executor(workers, partial(warm, protobuf=protobuf, starts=self._zero_samples))
            async with asyncio.TaskGroup() as tasks:
                await self._run_pools(tools, tasks)
        finally:
            for pool in self._pools.values():
                await pool.close_clients()
            self._pools.clear()
            workers.shutdown(wait=False, cancel_futures=True)

    def apply(self, configs: Sequence[ScrapeConfig]) -> None:
        """Goes on with other jobs, soon; what stays the same is not disturbed."""
        self._configs = tuple(configs)
        self._changed.set()

    def targets(self) -> Targets:
        """All targets and how they fare."""
        active, dropped, counts = [], [], {}
        for job, pool in self._pools.items():
            active += pool.states()
            some, counts[job] = pool.dropped()
            dropped += some
        return Targets(active, dropped, counts)

    def target_metadata(self) -> list[tuple[dict[str, str], list[MetricMetadata]]]:
        """The labels of each target and the metadata that it exposes."""
        return [(loop.target.labels.as_dict(), loop.metadata.entries) for pool in self._pools.values() for loop in pool.loops()]

    def discoveries(self) -> list[DiscoveryState]:
        """How each source of targets fares."""
        return [state for pool in self._pools.values() for state in pool.discoveries()]

    def statistics(self) -> ScrapeStatistics:
        """How scraping fares in all."""
        return ScrapeStatistics(
            targets=sum(len(pool.loops()) for pool in self._pools.values()),
            under_way=self._gate.under_way,
            most_under_way=self._gate.limit,
            **asdict(self._totals),
        )

    async def _run_pools(self, tools: ScrapeTools, tasks: asyncio.TaskGroup) -> None:
        def spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            return tasks.create_task(work)

        watch = DirectoryWatch()
        watching = spawn(watch.run())
        discovery = DiscoveryTools(clock=self._clock, base_dir=self._base_dir, watch=watch, version=self._version)
        while not watching.done():
            self._changed.clear()
            wanted = {config.job_name: config for config in self._configs}
            for job in [job for job in self._pools if job not in wanted]:
                self._pools.pop(job).close()
            for job, config in wanted.items():
                if job in self._pools:
                    self._pools[job].apply(config)
                else:
                    self._pools[job] = ScrapePool(config, tools=tools, discovery=discovery, base_dir=self._base_dir, spawn=spawn)
            await self._changed.wait()
