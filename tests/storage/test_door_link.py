"""Engine and receiver over their local socket: the same errors as through the door itself, and nothing lost when the receiver dies."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.storage.conftest import DAY, NOW, ManualClock

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.door import Door, StaleReferencesError
from fusewatch.storage.door_client import DoorClient
from fusewatch.storage.door_opening import open_door
from fusewatch.storage.door_server import DoorServer
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.records import read_events, read_exemplars, read_histograms, read_metadata, read_samples, read_series
from fusewatch.storage.wal import Kind, find_segments
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.known_series import Decoded, DecodedExemplars, DecodedHistograms
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, SampleBatch

pytestmark = pytest.mark.anyio

UP, DOWN = Labels({"__name__": "up"}), Labels({"__name__": "down"})
READERS: dict[Kind, Callable] = {
    Kind.SAMPLES: lambda body: [column.tolist() for column in read_samples(body)],
    Kind.SERIES: lambda body: read_series(body).canonical,
    Kind.HISTOGRAMS: lambda body: read_histograms(body).ids.tolist(),
    Kind.EXEMPLARS: lambda body: read_exemplars(body).ids.tolist(),
    Kind.METADATA: read_metadata,
    Kind.EVENTS: read_events,
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Link:
    """A door, its server and a client of it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.wal = folder / "wal"
        self.door = open_door(StorageSettings.model_validate(settings), folder, ManualClock())
        self._sockets = tempfile.TemporaryDirectory()
        self.path = Path(self._sockets.name) / "door"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.client = DoorClient(self.path)
        self.serving: asyncio.Task | None = None

    def serve(self, door: Door | None = None) -> None:
        door = door or self.door
        server = DoorServer(door, self.listener.dup(), statistics=door.statistics, close_port=nothing)
        self.serving = asyncio.create_task(server.run())

    async def stop_serving(self) -> None:
        assert self.serving is not None
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)

    def records(self, kind: Kind) -> list:
        found = []
        for file in find_segments(self.wal):
            reader = SegmentReader(file)
            while records := reader.read(reader.size):
                found += [READERS[kind](record.body) for record in records if record.kind is kind]
            reader.close()
        return found


async def nothing() -> None:
    pass


@asynccontextmanager
async def linked(folder: Path, **settings: object):
    link = Link(folder, **settings)
    link.serve()
    running = asyncio.create_task(link.client.run())
    await link.client.connected()
    try:
        yield link
    finally:
        running.cancel()
        await link.stop_serving()
        await asyncio.gather(running, return_exceptions=True)
        link.door.close()
        link.listener.close()
        link._sockets.cleanup()


def batch(*rows: tuple[Labels, int, float], named: bool = True, **more) -> SampleBatch:
    ids = np.array([labels.id for labels, _, _ in rows], np.uint64)
    times, values = np.array([time for _, time, _ in rows], np.int64), np.array([value for _, _, value in rows])
    return SampleBatch(ids, times, values, {labels.id: labels for labels, _, _ in rows} if named else {}, **more)


async def test_everything_that_the_engine_sends_is_in_the_log(tmp_path):
    histogram = HistogramRows.of([(UP.id, NOW, Histogram(schema=0, count=0, sum=0.0).encode())])
    exemplar = ExemplarRows.of([(UP.id, NOW, 1.0, Labels({"trace_id": "1"}).canonical)])
    described, happened = MetricMetadata("up", "gauge", "help"), Event("1", NOW, "deployment", "api")
    async with linked(tmp_path) as link:
        await link.client.write(batch((UP, NOW, 1.0), histograms=histogram, exemplars=exemplar))
        await link.client.write(batch((UP, NOW + 1, 2.0), named=False))
        await link.client.write_metadata([described])
        await link.client.write_event(happened)
        assert [times for _, times, _ in link.records(Kind.SAMPLES)] == [[NOW], [NOW + 1]]
        assert link.records(Kind.SERIES) == [[UP.canonical]]
        assert link.records(Kind.HISTOGRAMS) == link.records(Kind.EXEMPLARS) == [[UP.id]]
        assert link.records(Kind.METADATA) == [[described]]
        assert link.records(Kind.EVENTS) == [[happened]]


REFUSALS = [
    ({}, batch((UP, NOW - 40 * DAY, 1.0), (DOWN, NOW, 1.0)), SamplesRejectedError, "older than the retention", 1),
    ({"max_series": 1}, batch((UP, NOW, 1.0), (DOWN, NOW, 1.0)), SeriesLimitError, "storage.max_series", 1),
]


@pytest.mark.parametrize(("settings", "sent", "kind", "words", "rejected"), REFUSALS, ids=["too old", "limit"])
async def test_a_refusal_is_the_same_error_on_this_side(tmp_path, settings, sent, kind, words, rejected):
    async with linked(tmp_path, **settings) as link:
        with pytest.raises(kind, match=words) as caught:
            await link.client.write(sent)
        assert caught.value.rejected == rejected
        assert len(link.records(Kind.SAMPLES)) == 1


async def test_a_full_queue_is_told_with_the_time_to_wait(tmp_path):
    async with linked(tmp_path, queue="1MB") as link:
        times = NOW - np.arange(60_000)
        await link.client.write(SampleBatch(np.full(60_000, UP.id, np.uint64), times, np.zeros(60_000), {UP.id: UP}))
        with pytest.raises(OverloadedError) as caught:
            await link.client.write(batch((UP, NOW, 1.0)))
        assert caught.value.retry_after_s == 2


async def test_a_write_waits_for_a_receiver_that_comes_back(tmp_path):
    async with linked(tmp_path) as link:
        await link.client.write(batch((UP, NOW, 1.0)))
        await link.stop_serving()
        writing = asyncio.create_task(link.client.write(batch((UP, NOW + 1, 2.0))))
        link.serve()
        await writing
        assert [times for _, times, _ in link.records(Kind.SAMPLES)][-1] == [NOW + 1]


async def test_a_hand_on_ends_the_segment(tmp_path):
    async with linked(tmp_path) as link:
        await link.client.write(batch((UP, NOW, 1.0)))
        before = len(find_segments(link.wal))
        await asyncio.to_thread(link.client.hand_on)
        assert len(find_segments(link.wal)) == before + 1


@pytest.mark.parametrize("kind", ["samples", "histograms", "exemplars"])
async def test_references_of_an_epoch_that_is_over_name_nobody(tmp_path, kind):
    async with linked(tmp_path) as link:
        refs, times, body = np.array([link.door.book.learn(UP)], np.uint32), np.array([NOW]), np.zeros(48, np.uint8)
        parts = {
            "samples": {"refs": refs, "timestamps": times, "bits": np.zeros(1, np.uint64)},
            "histograms": {"histograms": DecodedHistograms(refs, times, np.array([0, 48]), body)},
            "exemplars": {"exemplars": DecodedExemplars(refs, times, np.zeros(1), np.array([0, 0]), body[:0])},
        }[kind]
        none = {"refs": refs[:0], "timestamps": times[:0], "bits": np.empty(0, np.uint64)}
        decoded = Decoded(link.door.book.epoch, **{**none, **parts})
        link.door.book.epoch += 1
        with pytest.raises(StaleReferencesError):
            await link.door.write_decoded(decoded)
        assert link.records(Kind.SAMPLES) == link.records(Kind.HISTOGRAMS) == link.records(Kind.EXEMPLARS) == []
