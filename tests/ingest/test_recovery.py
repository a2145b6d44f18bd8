"""Sums of delta series after a restart of the receiver: nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.storage.conftest import NOW, ManualClock

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.otlp.recovery import DeltaSnapshots
from fusewatch.ingest.otlp.sink import OtlpWriter
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.door import Door
from fusewatch.storage.door_opening import open_door
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.records import read_samples
from fusewatch.storage.wal import Kind, find_segments


class Receiver:
    """A door and what comes through it as deltas; opened again as after a crash."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        (folder / "wal").mkdir(exist_ok=True)
        self.folder, self.clock = folder / "wal", clock
        state = DeltaState()
        snapshots = DeltaSnapshots(self.folder, state)
        snapshots.load()
        self.door: Door = open_door(StorageSettings(), folder, clock)
        self.door.before_hand_on = snapshots.save

        def append(decoded, *_):
            snapshots.note_new()
            return self.door.append(decoded)

        decoder = OtlpMetricsDecoder(self.door.book, OtlpSettings(target_info=False), state, clock=clock)
        self.writer = OtlpWriter(decoder, append)

    def send(self, name: str, delta: int) -> None:
        self.clock.now += 1_000
        point = {"asInt": str(delta), "timeUnixNano": str(self.clock.now * 1_000_000)}
        metric = {"name": name, "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point]}}
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        asyncio.run(self.writer.write_otlp(json.dumps(body).encode(), json=True))

    def commit(self, logged: list[float]) -> None:
        """The engine takes the segments that are complete."""
        self.door.hand_on(force=True)
        *complete, _ = find_segments(self.folder)
        for file in complete:
            logged += values_of(file)
            file.path.unlink()


def values_of(file) -> list[float]:
    reader, values = SegmentReader(file), []
    while records := reader.read(reader.size):
        for record in records:
            if record.kind is Kind.SAMPLES:
                values += read_samples(record.body)[2].view("f8").tolist()
    reader.close()
    return values


steps = st.lists(st.sampled_from(["send a", "send b", "commit", "crash"]), max_size=40)


@given(steps)
@settings(max_examples=25)
def test_sums_go_on_after_any_crash(actions: list[str]) -> None:
    sums, wanted, logged = {"a": 0, "b": 0}, [], []
    with tempfile.TemporaryDirectory() as folder:
        receiver = Receiver(Path(folder), ManualClock(NOW))
        for number, action in enumerate(actions):
            match action.split():
                case ["send", name]:
                    receiver.send(name, number + 1)
                    sums[name] += number + 1
                    wanted.append(float(sums[name]))
                case ["commit"]:
                    receiver.commit(logged)
                case _:
                    receiver.door.close()
                    receiver = Receiver(Path(folder), receiver.clock)
        for file in find_segments(receiver.folder):
            logged += values_of(file)
        receiver.door.close()
    assert logged == wanted
