"""The sums of delta series go on where a backup ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.storage.conftest import NOW, ManualClock

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.otlp.recovery import DeltaSnapshots
from fusewatch.ingest.otlp.sink import OtlpWriter
from fusewatch.records.config import RecordsSettings
from fusewatch.records.database import Database
from fusewatch.server.backup_source import backup_source, settle_sums
from fusewatch.server.settings.model import Settings
from fusewatch.storage.backup.catalog import choose
from fusewatch.storage.backup.creating import create_backup
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.restoring import restore
from fusewatch.storage.backup.target import open_target
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import Budget


class Server:
    """A store with its door, and what comes through it as deltas."""

    def __init__(self, folder: Path, clock: ManualClock, *, receives: bool = True) -> None:
        self.folder, self.clock = folder, clock
        self.settings = Settings(data=str(folder))
        state = DeltaState()
        snapshots = DeltaSnapshots(log_folder(folder), state)

        def load() -> None:
            if log_folder(folder).is_dir():
                snapshots.load()

        before = load if receives else lambda: settle_sums(self.settings)
        self.store = MetricStore.open(StorageSettings(), folder, clock=clock, before=before)
        Database.open(RecordsSettings(), folder).close()
        if not receives:
            return
        self.store.door.before_hand_on = snapshots.save

        def append(decoded, *_):
            snapshots.note_new()
            return self.store.door.append(decoded)

        decoder = OtlpMetricsDecoder(self.store.door.book, OtlpSettings(target_info=False), state, clock=clock)
        self.writer = OtlpWriter(decoder, append)

    def send(self, delta: int) -> None:
        self.clock.now += 1_000
        point = {"asInt": str(delta), "timeUnixNano": str(self.clock.now * 1_000_000)}
        metric = {"name": "sold", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point]}}
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        asyncio.run(self.writer.write_otlp(json.dumps(body).encode(), json=True))

    def back_up(self, target: Path) -> None:
        create_backup(
            backup_source(self.store, self.settings, None), open_target(str(target), create=True), clock=self.clock, progress=Progress()
        )

    def values(self) -> list[float]:
        found = self.store.fetch([Matcher("__name__", MatchOp.EQUAL, "sold_total")], 0, self.clock.now, Budget())
        return found.values.tolist()


@pytest.fixture
def serve():
    served: list[Server] = []

    def start(*arguments, **options) -> Server:
        served.append(Server(*arguments, **options))
        return served[-1]

    yield start
    for server in served:
        server.store.abandon()


def bring_back(target: Path, folder: Path) -> None:
    place = open_target(str(target))
    restore(place, choose(place), folder, force=False, progress=Progress())


def test_after_a_restore_sums_go_on_from_what_the_backup_holds(serve, tmp_path):
    server = serve(tmp_path / "data", ManualClock(NOW))
    server.send(5)
    server.store._parts.committer.commit_all()
    server.send(3)
    server.back_up(tmp_path / "target")
    server.send(100)
    server.store.abandon()
    bring_back(tmp_path / "target", tmp_path / "new")
    restored = serve(tmp_path / "new", server.clock)
    assert restored.values() == [5, 8]
    restored.send(4)
    assert restored.values() == [5, 8, 12]
    restored.store.abandon()
    again = serve(tmp_path / "new", server.clock)
    again.send(1)
    assert again.values() == [5, 8, 12, 13]


def test_a_backup_of_a_server_that_was_killed_loses_no_sum_there_and_here(serve, tmp_path):
    server = serve(tmp_path / "data", ManualClock(NOW))
    server.send(5)
    server.store._parts.committer.commit_all()
    server.send(3)
    server.store.abandon()
    idle = serve(tmp_path / "data", server.clock, receives=False)
    idle.back_up(tmp_path / "target")
    idle.store.close()
    server = serve(tmp_path / "data", server.clock)
    server.send(4)
    assert server.values() == [5, 8, 12]
    server.store.abandon()
    bring_back(tmp_path / "target", tmp_path / "new")
    restored = serve(tmp_path / "new", server.clock)
    restored.send(4)
    assert restored.values() == [5, 8, 12]


def test_a_server_without_deltas_has_no_sums_in_its_backup(serve, tmp_path):
    serve(tmp_path / "data", ManualClock(NOW)).back_up(tmp_path / "target")
    manifest = choose(open_target(str(tmp_path / "target")))
    assert not any(entry.path.startswith("wal") for entry in manifest.files)
