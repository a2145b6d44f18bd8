"""The component that makes backups, over a real store; time is moved by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.storage.conftest import HOUR, NOW, ManualClock

from fusewatch.api.fusewatch.backups import BackupInUseError, BackupWish
from fusewatch.records.config import RecordsSettings
from fusewatch.records.database import Database
from fusewatch.server.backup_source import backup_source
from fusewatch.server.backups import BackupKeeper
from fusewatch.server.settings.model import Settings
from fusewatch.storage.backup.catalog import find_backups
from fusewatch.storage.backup.config import BackupSettings
from fusewatch.storage.backup.target import open_target
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.events import Event


class Kept:
    """A keeper over an open store, and what it tells."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.data = folder / "data"
        self.store = MetricStore.open(StorageSettings(), self.data, clock=self.clock)
        Database.open(RecordsSettings(), self.data).close()
        (folder / "fusewatch.yml").write_text("log: {level: ${LEVEL}}\n")
        source = backup_source(self.store, Settings(data=str(self.data)), folder / "fusewatch.yml")
        backup = BackupSettings.model_validate(settings)
        self.loop = asyncio.Runner()
        self.told = asyncio.Event()
        self.keeper = BackupKeeper(settings=backup, source=source, events=self, clock=self.clock)

    async def write_event(self, event: Event) -> None:
        await self.store.write_event(event)
        self.told.set()

    def make_one(self, wish: BackupWish | None = None) -> None:
        """Runs the keeper until a backup has ended: the one that is asked for, else the one that is due."""
        self.loop.run(self._make_one(wish))

    async def _make_one(self, wish: BackupWish | None) -> None:
        self.told.clear()
        if wish is not None:
            self.keeper.start(wish)
        running = asyncio.create_task(self.keeper.run())
        async with asyncio.timeout(60):
            await self.told.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def events(self) -> list[str]:
        return [event.title for event in self.store.events(0, NOW + 1000 * HOUR, ["backup"])]

    @property
    def made(self) -> list[str]:
        return find_backups(open_target(str(self.folder / "target")))


@pytest.fixture
def keep(tmp_path):
    kept: list[Kept] = []

    def start(**settings: object) -> Kept:
        kept.append(Kept(tmp_path, **settings))
        return kept[-1]

    yield start
    for one in kept:
        one.loop.close()
        one.store.abandon()


def test_a_backup_that_was_asked_for_holds_store_records_and_configuration_and_is_an_event(keep, tmp_path):
    kept = keep()
    wish = BackupWish(target=str(tmp_path / "target"))
    kept.make_one(wish)
    [run] = kept.keeper.state().runs
    assert (run.state, run.backup, run.error) == ("done", kept.made[0], "")
    assert run.total_bytes >= run.sent_bytes > 0
    assert kept.events() == [f"Backed up to {tmp_path}/target"]
    manifest = (tmp_path / f"target/backups/{run.backup}.json").read_text()
    assert '"records.sqlite"' in manifest
    assert '"fusewatch.yml"' in manifest
    assert kept.keeper.statistics().completed == 1
    assert not (kept.data / "backup-staging").exists()


def test_one_at_a_time_and_only_where_a_target_is_known(keep, tmp_path):
    kept = keep()

    with pytest.raises(ValueError, match=r"no target.*backup\.target"):
        kept.keeper.start(BackupWish())
    kept.keeper.start(BackupWish(target=str(tmp_path / "target")))
    with pytest.raises(BackupInUseError):
        kept.keeper.start(BackupWish(target=str(tmp_path / "target")))


def test_a_backup_is_made_when_it_is_due_and_old_ones_go(keep, tmp_path):
    kept = keep(target=str(tmp_path / "target"), every="6h", keep_last=2, keep_daily=0, keep_weekly=0)
    kept.make_one(BackupWish())
    for number in range(2, 5):
        kept.clock.now += 6 * HOUR
        kept.make_one()
        assert kept.keeper.statistics().completed == number
    assert len(kept.made) == 2
    assert kept.keeper.age().age_seconds == 0


def test_a_failed_backup_is_told_and_what_is_overdue_too(keep, tmp_path):
    kept = keep(target=str(tmp_path / "missing/target"), every="6h")
    assert kept.keeper.age().overdue is False
    kept.make_one(BackupWish())
    [run] = kept.keeper.state().runs
    assert run.state == "failed"
    assert "make it first" in run.error
    assert kept.events() == [f"The backup to {tmp_path}/missing/target failed"]
    kept.clock.now += 13 * HOUR
    age = kept.keeper.age()
    assert (age.overdue, age.last_success, age.last_error) == (True, None, run.error)
    assert kept.keeper.statistics().failed == 1


def test_the_age_is_known_after_a_restart(keep, tmp_path):
    kept = keep(target=str(tmp_path / "target"), every="6h")
    kept.make_one(BackupWish())
    kept.store.close()
    again = keep(target=str(tmp_path / "target"), every="6h")
    again.clock.now += HOUR
    again.make_one(BackupWish(target=str(tmp_path / "other")))
    assert again.keeper.age().age_seconds == 3600
