"""One target: reads the log from its place on, sends, and moves its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from fusewatch.collect.http_client import HttpClient
from fusewatch.collect.http_config import redact
from fusewatch.collect.relabel import Relabeller
from fusewatch.forward.backlog import Backlog
from fusewatch.forward.config import V1, RemoteWriteConfig
from fusewatch.forward.delivery import Delivery, Request
from fusewatch.forward.figures import Figures, Tally, TargetStatistics
from fusewatch.forward.labels import Renamer
from fusewatch.forward.loader import Loader, NamedSeries
from fusewatch.forward.metadata import metadata_requests
from fusewatch.forward.pipeline import Load, Pipeline
from fusewatch.forward.shards import Shards
from fusewatch.forward.tail import LogTail
from fusewatch.forward.wire import Wire, make_wire
from fusewatch.storage.wal import Position
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.metadata import MetricMetadata

P = ParamSpec("P")
R = TypeVar("R")

#: How often the log is looked at while a request is not full.
_LOOK_S: Final = 0.1
#: Rows of a load, however many shards there are: two of them are in memory at a time.
_MOST_ROWS: Final = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardTools:
    """What all targets use. ``metadata`` says what is known of all metrics; labels of one target take at most ``label_bytes``."""

    backlog: Backlog
    log_folder: Path
    series: NamedSeries
    metadata: Callable[[], Sequence[MetricMetadata]]
    clock: Clock
    base_dir: Path
    version: str
    label_bytes: int = 128 << 20


class RemoteTarget:
    """A component that sends what the log has to one server, until cancelled; a new start goes on where it was.

    A target that does not answer is waited for, not an error of the component.
    """

    #: The server is as ready as it would be without it.
    dispensable = True

    def __init__(self, name: str, config: RemoteWriteConfig, *, external: Mapping[str, str], tools: ForwardTools, figures: Figures) -> None:
        self.name = f"remote write {name}"
        self.config = config
        self.external = external
        self._target = name
        self._tools = tools
        self._figures = figures
        self._place = tools.backlog.place(name)
        self._pipeline: Pipeline | None = None
        self._loader: Loader | None = None

    async def run(self) -> None:
        """Sends until cancelled."""
        tools, config, place = self._tools, self.config, self._place
        renamer = Renamer(external=self.external, relabeller=Relabeller(config.write_relabel_configs))
        wire = make_wire(config.protobuf_message, renamer, limit=tools.label_bytes)
        client, log = HttpClient(config, tools.base_dir), Position(tools.log_folder)
        tail = LogTail(backlog=tools.backlog, log=log, position=place.under_way[0].start if place.under_way else place.done)
        wire.describe(tools.metadata())
        delivery = self._delivery(client, wire)
        self._figures.pending = Tally()
        try:
            async with asyncio.TaskGroup() as tasks:
                if config.metadata_config.send and config.protobuf_message == V1:
                    tasks.create_task(self._send_metadata(delivery))
                await self._forward(delivery, wire, tail, tasks)
        finally:
            self._pipeline = self._loader = None
            tail.close()
            log.close()
            await client.close()
            tools.backlog.save(place)

    def statistics(self) -> TargetStatistics:
        """How it fares."""
        queue, figures = self.config.queue_config, self._figures
        waiting = [load.since for load in (self._pipeline.loads if self._pipeline is not None else ()) if load.since]
        if self._loader is not None and self._loader.since:
            waiting.append(self._loader.since)
        figures.waiting_since = min(waiting, default=None)
        return TargetStatistics(
            name=self._target,
            url=redact(self.config.url),
            figures=figures,
            lost=self._place.lost,
            shard_capacity=queue.capacity,
            min_shards=queue.min_shards,
            max_shards=queue.max_shards,
            per_request=queue.max_samples_per_send,
        )

    def _delivery(self, client: HttpClient, wire: Wire) -> Delivery:
        tools = self._tools
        return Delivery(
            self.config,
            name=self._target,
            client=client,
            headers=wire.headers,
            figures=self._figures,
            clock=tools.clock,
            version=tools.version,
        )

    async def _forward(self, delivery: Delivery, wire: Wire, tail: LogTail, tasks: asyncio.TaskGroup) -> None:
        tools, place, figures = self._tools, self._place, self._figures
        loader = Loader(self.config, tail=tail, wire=wire, series=tools.series, figures=figures, clock=tools.clock, name=self._target)

        async def deliver(load: Load, request: Request) -> None:
            await delivery.deliver(request, sent_before=load.sent_before)
            figures.pending.add(request.counts, -1)

        pipeline = Pipeline(deliver=deliver, done=self._done, tasks=tasks)
        self._pipeline, self._loader = pipeline, loader
        for stretch in tuple(place.under_way):
            load = await _in_thread(loader.repeat, stretch)
            await pipeline.room(stretch.shards)
            self._put(pipeline, load)
        await self._follow(loader, tail, pipeline)

    async def _follow(self, loader: Loader, tail: LogTail, pipeline: Pipeline) -> None:
        place, clock = self._place, self._tools.clock
        shards = Shards(self.config.queue_config.min_shards, self.config.queue_config.max_shards)
        while True:
            count, begun = shards.count, clock.monotonic()
            full = await self._gather(loader, tail, pipeline, count)
            load = await _in_thread(loader.build, count)
            ready = clock.monotonic()
            await pipeline.room(count)
            now = clock.monotonic()
            shards.note(now, full=full, waited_s=now - ready, cycle_s=now - begun)
            # Noted before its first request is sent, so that it is sent again as the same requests.
            place.under_way.append(load.stretch)
            await _in_thread(self._tools.backlog.save, place)
            self._put(pipeline, load)

    async def _gather(self, loader: Loader, tail: LogTail, pipeline: Pipeline, shards: int) -> bool:
        """Returns once there is enough for a request per shard, or the first sample has waited long enough; whether there is more."""
        queue, clock = self.config.queue_config, self._tools.clock
        enough = min(shards * queue.max_samples_per_send, max(_MOST_ROWS, queue.max_samples_per_send))
        most = max(enough, min(shards * queue.capacity, _MOST_ROWS))
        first_seen: float | None = None
        while True:
            full = await _in_thread(loader.read, most) if tail.is_behind else False
            self._place.read = tail.position
            if loader.count >= enough:
                return full
            if loader.count:
                first_seen = first_seen if first_seen is not None else clock.monotonic()
                if clock.monotonic() - first_seen >= queue.batch_send_deadline / 1000:
                    return False
            elif not pipeline.loads:
                self._place.done = tail.position
                loader.skip()
            if not pipeline.loads and self._place.saved != self._place.done:
                await _in_thread(self._tools.backlog.save, self._place)
            await asyncio.sleep(_LOOK_S)

    def _put(self, pipeline: Pipeline, load: Load) -> None:
        for requests in load.shards:
            for request in requests:
                self._figures.pending.add(request.counts)
        self._figures.shards = len(load.shards)
        pipeline.put(load)

    def _done(self, load: Load) -> None:
        self._place.under_way.pop(0)
        self._place.done = load.stretch.end

    async def _send_metadata(self, delivery: Delivery) -> None:
        config = self.config.metadata_config
        while True:
            await asyncio.sleep(config.send_interval / 1000)
            for request in metadata_requests(self._tools.metadata(), config.max_samples_per_send):
                await delivery.deliver(request)


async def _in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs ``work`` in a thread; when cancelled, its end is waited for, so that nothing is closed under its hands."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
