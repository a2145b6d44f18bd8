"""A store whose samples go on to a sink, and the words to talk to both."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from fusewatch.forward.backlog import Backlog
from fusewatch.forward.config import RemoteWriteConfig
from fusewatch.forward.figures import Figures
from fusewatch.forward.target import ForwardTools, RemoteTarget
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.folder import DataFolder
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, SampleBatch

NOW = time.time_ns() // 1_000_000


@dataclass
class Sender:
    """A store in ``folder`` whose backlog has targets of these ``names``."""

    folder: Path
    names: tuple[str, ...] = ("other",)
    limit: int = 1 << 30
    settings: Mapping[str, object] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)

    def __post_init__(self) -> None:
        DataFolder.claim(self.folder).close()
        log = log_folder(self.folder)
        self.backlog = Backlog(log=log, folder=self.folder / "sending", limit=self.limit, sync=False, names=self.names)
        settings = StorageSettings.model_validate({"commit_interval": "1h", **self.settings})
        self.store = MetricStore.open(settings, self.folder, hand_over=self.backlog.take)

    def close(self) -> None:
        self.store.abandon()

    def commit(self) -> None:
        """Brings everything that waits into ClickHouse, whose segments the backlog gets."""
        self.store._parts.committer.commit_all()

    async def write(self, samples: Mapping[Labels, Mapping[int, float]]) -> None:
        rows = [(labels.id, at, value) for labels, points in samples.items() for at, value in points.items()]
        ids, times, values = zip(*rows, strict=True)
        batch = SampleBatch(
            np.array(ids, np.uint64), np.array(times, np.int64), np.array(values, np.float64), {labels.id: labels for labels in samples}
        )
        await self.store.write(batch)

    async def write_others(
        self,
        labels: Labels,
        *,
        histograms: Iterable[tuple[int, bytes]] = (),
        exemplars: Iterable[tuple[int, float, Labels]] = (),
    ) -> None:
        """Histograms as (ms, binary form), exemplars as (ms, value, labels), of one series."""
        await self.store.write(
            SampleBatch(
                np.empty(0, np.uint64),
                np.empty(0, np.int64),
                np.empty(0),
                {labels.id: labels},
                HistogramRows.of([(labels.id, at, body) for at, body in histograms]),
                ExemplarRows.of([(labels.id, at, value, own.canonical) for at, value, own in exemplars]),
            )
        )

    def target(self, url: str, *, name: str = "other", external: Mapping[str, str] | None = None, **config: object) -> RemoteTarget:
        queue = {"batch_send_deadline": "100ms", **dict(config.pop("queue_config", {}))}  # type: ignore[call-overload]
        tools = ForwardTools(
            backlog=self.backlog,
            log_folder=log_folder(self.folder),
            series=self.store.labels,
            metadata=lambda: self.store.metadata(None, 0),
            clock=SystemClock(),
            base_dir=self.folder,
            version="0",
        )
        settings = RemoteWriteConfig.model_validate({"url": url, "queue_config": queue, **config})
        return RemoteTarget(name, settings, external=external or {}, tools=tools, figures=self.figures)


@asynccontextmanager
async def sending(target: RemoteTarget) -> AsyncIterator[None]:
    """Sends until the block ends; an error of the component fails the test."""
    task = asyncio.create_task(target.run())
    try:
        yield
        assert not task.done() or task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    """Returns once the condition holds."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - figures have no event
            await asyncio.sleep(0.005)


OpenSender = Callable[..., Sender]


@pytest.fixture
def open_sender(tmp_path: Path) -> Iterator[OpenSender]:
    """Opens a sender in one folder of this test; what is still open at the end is closed."""
    opened: list[Sender] = []

    def open_it(**arguments: object) -> Sender:
        for sender in opened:
            sender.close()
        opened[:] = [Sender(tmp_path / "data", **arguments)]
        return opened[-1]

    yield open_it
    for sender in opened:
        sender.close()


@pytest.fixture
def sender(open_sender: OpenSender) -> Sender:
    return open_sender()


def series(name: str, **labels: str) -> Labels:
    """A label set."""
    return Labels({"__name__": name, **labels})


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
