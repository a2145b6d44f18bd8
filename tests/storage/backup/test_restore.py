from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import read
from tests.storage.test_histograms import LATENCY, histogram, read_histograms, write_histograms

from fusewatch.storage.backup.catalog import choose, find_backups
from fusewatch.storage.backup.errors import NoBackupError, RestoreRefusedError, TargetFullError
from fusewatch.storage.backup.target import Target, open_target
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.errors import FolderInUseError
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.labels import Labels

UP = Labels({"__name__": "up"})


def test_a_folder_that_holds_a_store_is_replaced_only_by_force(
    store: MetricStore, target: Target, tmp_path: Path, open_store: OpenStore
) -> None:
    write(store, {UP: {NOW: 1.0}})
    back_up(store, target)
    write(store, {UP: {NOW + 1: 2.0}})
    with pytest.raises(FolderInUseError):
        bring_back(target, tmp_path / "data", force=True)
    store.close()
    with pytest.raises(RestoreRefusedError, match="holds a store: --force replaces it"):
        bring_back(target, tmp_path / "data")
    bring_back(target, tmp_path / "data", force=True)
    assert read(open_store()) == {UP: {NOW: 1.0}}


def test_a_folder_of_something_else_is_never_touched(store: MetricStore, target: Target, tmp_path: Path) -> None:
    back_up(store, target)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("years of work")
    with pytest.raises(RestoreRefusedError, match=r"holds 'thesis\.tex' and is no data folder"):
        bring_back(target, tmp_path / "home", force=True)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.tex"]


def test_the_newest_backup_before_a_time_is_found(store: MetricStore, target: Target, clock: ManualClock) -> None:
    made = []
    for _ in range(3):
        made.append(back_up(store, target))
        clock.now += HOUR
    assert choose(target, at=NOW + HOUR) == made[1]
    assert choose(target, at=NOW + 2 * HOUR - 1) == made[1]
    assert choose(target) == choose(target, backup=made[2].id) == made[2]
    with pytest.raises(NoBackupError, match="no backup of that time or before"):
        choose(target, at=NOW - 1)
    with pytest.raises(NoBackupError, match="has no backup 20200101T000000000Z-0000"):
        choose(target, backup="20200101T000000000Z-0000")


def test_what_is_written_after_a_restore_wins_over_what_was_restored_whatever_the_clock_says(
    store: MetricStore, target: Target, tmp_path: Path
) -> None:
    write(store, {UP: {NOW: 1.0}})
    back_up(store, target)
    store.close()
    early = ManualClock(NOW - 1000 * HOUR)
    settings = StorageSettings.model_validate({"retention": {"metrics": 0}, "future": "100d"})
    bring_back(target, tmp_path / "new")
    restored = MetricStore.open(settings, tmp_path / "new", clock=early)
    try:
        write(restored, {UP: {NOW: 2.0}})
        assert read(restored) == {UP: {NOW: 2.0}}
        commit(restored)
        assert read(restored) == {UP: {NOW: 2.0}}
    finally:
        restored.close()


def test_histograms_that_are_written_after_a_restore_win_over_restored_ones(
    store: MetricStore, target: Target, tmp_path: Path, open_store: OpenStore
) -> None:
    write(store, {UP: {NOW: 1.0}})
    for count in range(1, 9):
        commit(store)
        write_histograms(store, {NOW: histogram(count)})
    back_up(store, target)
    store.close()
    bring_back(target, tmp_path / "new")
    restored = open_store(tmp_path / "new")
    write_histograms(restored, {NOW: histogram(9)})
    for _ in range(2):
        assert read_histograms(restored) == {LATENCY: {NOW: histogram(9)}}
        commit(restored)


def test_events_come_back(store: MetricStore, target: Target, tmp_path: Path) -> None:
    asyncio.run(store.write_event(Event(id="1", timestamp=NOW, kind="deployment", title="api 1.4.2")))
    back_up(store, target)
    store.close()
    bring_back(target, tmp_path / "new")
    restored = MetricStore.open(StorageSettings(), tmp_path / "new", clock=ManualClock())
    try:
        assert [event.title for event in restored.events(0, NOW)] == ["api 1.4.2"]
    finally:
        restored.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def test_a_full_target_is_told_and_the_store_works_on(store: MetricStore, small_disk: Path, tmp_path: Path) -> None:
    target = open_target(str(small_disk), create=True)
    write(store, {UP: {NOW: 1.0}})
    first = back_up(store, target)
    with pytest.raises(TargetFullError, match=r"no space left in .*disk: free some"):
        back_up(store, target, notes=os.urandom(4 << 20))
    assert find_backups(target) == [first.id]
    write(store, {UP: {NOW + 1: 2.0}})
    commit(store)
    assert read(store) == {UP: {NOW: 1.0, NOW + 1: 2.0}}
    assert not [path for path in (tmp_path / "data/clickhouse/shadow").iterdir() if path.is_dir()]
    back_up(store, target, notes=b"small")
    bring_back(target, tmp_path / "new")


def test_a_count_of_freezes_that_a_crash_left_empty_stops_no_backup(store: MetricStore, target: Target, tmp_path: Path) -> None:
    write(store, {UP: {NOW: 1.0}})
    back_up(store, target)
    (tmp_path / "data/clickhouse/shadow/increment.txt").write_bytes(b"")
    write(store, {UP: {NOW + 1: 2.0}})
    back_up(store, target)
    bring_back(target, tmp_path / "new")
