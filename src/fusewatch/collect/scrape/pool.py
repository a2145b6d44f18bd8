"""One job: its discoveries, its targets, their loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.discovery.groups import Discovery, DiscoveryState, TargetGroup
from fusewatch.collect.discovery.providers import DiscoveryTools, make_discoveries
from fusewatch.collect.http_client import HttpClient
from fusewatch.collect.relabel import Relabeller
from fusewatch.collect.scrape.loop import JobTools, ScrapeTools, TargetLoop
from fusewatch.collect.scrape.state import DroppedTarget, TargetState
from fusewatch.collect.scrape.target import Target, TargetSet, build_targets

#: How long targets may be started before the event loop gets its turn; one takes about 0.1 ms.
_SLICE_S: Final = 0.005
#: Changes that come together are taken together.
_SETTLE_S: Final = 0.05

_log = structlog.stdlib.get_logger(component="scrape")

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class ScrapePool:
    """The targets of one job. ``spawn`` starts a task that the manager owns."""

    def __init__(self, config: ScrapeConfig, *, tools: ScrapeTools, discovery: DiscoveryTools, base_dir: Path, spawn: Spawn) -> None:
        self._tools = tools
        self._discovery = discovery
        self._base_dir = base_dir
        self._spawn = spawn
        self._changed = asyncio.Event()
        self._loops: dict[bytes, TargetLoop] = {}
        self._retiring: dict[bytes, TargetLoop] = {}
        self._tasks: dict[TargetLoop, asyncio.Task[None]] = {}
        self._groups: dict[str, Sequence[TargetGroup]] = {}
        self._sources: dict[str, tuple[Discovery, asyncio.Task[None]]] = {}
        self._built = TargetSet()
        self._forced: str | None = None
        self._restart = False
        self._outdated: list[HttpClient] = []
        self.config = config
        self._use(config)
        self._sync_task = spawn(self._sync_forever())

    def apply(self, config: ScrapeConfig) -> None:
        """Goes on with another configuration of the same job; targets that stay keep their series alive."""
        if config == self.config:
            return
        self._outdated.append(self._client)
        self._use(config)
        self._restart = True
        self._changed.set()

    def close(self) -> None:
        """Ends the job: its targets mark their series stale at their next time and end."""
        self._sync_task.cancel()
        for _, task in self._sources.values():
            task.cancel()
        for loop in self._loops.values():
            loop.retired = True
        self._closing = self._spawn(self._close_when_ended())

    async def close_clients(self) -> None:
        """Ends all connections."""
        for client in (*self._outdated, self._client):
            await client.close()
        self._outdated.clear()

    def states(self) -> list[TargetState]:
        """How each target fares."""
        return [loop.state for loop in self._loops.values()]

    def loops(self) -> list[TargetLoop]:
        """The targets being scraped."""
        return list(self._loops.values())

    def dropped(self) -> tuple[list[DroppedTarget], int]:
        """Targets that relabelling dropped (some of them), and how many there are."""
        job = self.config.job_name
        return [DroppedTarget(job, labels) for labels in self._built.dropped], self._built.dropped_count

    def discoveries(self) -> list[DiscoveryState]:
        """How each source of targets fares."""
        return [
            DiscoveryState(
                job=self.config.job_name,
                kind=source.kind,
                source=source.source,
                targets=sum(len(group.targets) for group in self._groups.get(name, ())),
                last_refresh=source.last_refresh,
                last_error=source.last_error,
            )
            for name, (source, _) in self._sources.items()
        ]

    def _use(self, config: ScrapeConfig) -> None:
        before, self.config = self.config, config
        self._relabeller = Relabeller(config.relabel_configs)
        self._client = HttpClient(config, self._base_dir)
        self._job = JobTools(
            config=config,
            client=self._client,
            metric_relabeller=Relabeller(config.metric_relabel_configs),
            forced_error=lambda: self._forced,
        )
        self._replace_sources(None if before is config else before, config)

    def _replace_sources(self, before: ScrapeConfig | None, config: ScrapeConfig) -> None:
        """Starts the discoveries whose configuration is new and ends those that are gone; the others go on undisturbed."""
        wanted = make_discoveries(config, self._discovery)
        known = make_discoveries(before, self._discovery) if before is not None else {}
        for name in list(self._sources):
            if name not in wanted or known[name].config != wanted[name].config:
                _, task = self._sources.pop(name)
                task.cancel()
            if name not in wanted:
                self._groups.pop(name, None)
        for name, plan in wanted.items():
            if name not in self._sources:
                source = plan.make()
                self._sources[name] = source, self._spawn(source.run(partial(self._publish, name)))

    def _publish(self, name: str, groups: Sequence[TargetGroup]) -> None:
        self._groups[name] = groups
        self._changed.set()

    async def _sync_forever(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(_SETTLE_S)
            self._changed.clear()
            await self._sync()

    async def _sync(self) -> None:
        """Makes the running loops fit what was discovered."""
        config, groups = self.config, [group for name in self._sources for group in self._groups.get(name, ())]
        built = await asyncio.to_thread(build_targets, config, self._relabeller, groups)
        for error in built.errors[:10]:
            _log.warning("a discovered target can't be scraped", job=config.job_name, reason=error)
        self._built = built
        limit, found = config.target_limit, len(built.targets)
        self._forced = f"target_limit exceeded (number of targets: {found}, limit: {limit})" if 0 < limit < found else None
        restart, self._restart = self._restart, False
        self._retire_missing(built.targets)
        clock = self._tools.clock
        turn_ends = clock.monotonic() + _SLICE_S
        for key, target in built.targets.items():
            await self._start(key, target, restart=restart)
            if clock.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = clock.monotonic() + _SLICE_S
        for client in self._outdated:
            await client.close()
        self._outdated.clear()

    def _retire_missing(self, targets: dict[bytes, Target]) -> None:
        for key in [key for key in self._loops if key not in targets]:
            loop = self._retiring[key] = self._loops.pop(key)
            loop.retired = True

    async def _start(self, key: bytes, target: Target, *, restart: bool) -> None:
        """A loop for the target: the running one, a retiring one called back, or a new one that knows the old one's series."""
        running = self._loops.get(key) or self._retiring.pop(key, None)
        if running is not None and not restart and running.target.interval == target.interval and running.target.timeout == target.timeout:
            running.retired = False
            running.target = target
            self._loops[key] = running
            return
        if running is not None:
            await self._cancel(running)
        loop = TargetLoop(target, tools=self._tools, job=self._job, tracker=running.tracker if running is not None else None)
        self._loops[key] = loop
        task = self._tasks[loop] = self._spawn(loop.run())
        task.add_done_callback(lambda _: self._ended(key, loop))

    async def _cancel(self, loop: TargetLoop) -> None:
        task = self._tasks.get(loop)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _close_when_ended(self) -> None:
        try:
            if self._tasks:
                await asyncio.wait(list(self._tasks.values()))
        finally:
            await self.close_clients()

    def _ended(self, key: bytes, loop: TargetLoop) -> None:
        self._tasks.pop(loop, None)
        if self._retiring.get(key) is loop:
            del self._retiring[key]
