"""Each way in which a store can't be opened or written: one clear line that says what to do."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from tests.storage.conftest import NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import read

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.errors import (
    CorruptLogError,
    DiskFullError,
    FolderInUseError,
    FolderNotWritableError,
    ForeignFolderError,
    NewerSchemaError,
)
from fusewatch.storage.folder import MARKER, DataFolder
from fusewatch.storage.native import Column
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import ReadOnlyError

UP = Labels({"__name__": "up"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", path], check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves so many bytes free."""
    ballast = disk / "ballast"
    usage = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, usage.f_bavail * usage.f_frsize - leave)
    return ballast


def hold(folder: Path, ready: Connection) -> None:
    DataFolder.claim(folder)
    ready.send(os.getpid())
    ready.poll(60)


def test_a_second_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path / "data", theirs))
    process.start()
    pid = ours.recv()
    try:
        with pytest.raises(FolderInUseError, match=rf"in use by another Fusewatch \(process {pid}\): stop it first"):
            MetricStore.open(StorageSettings(), tmp_path / "data")
    finally:
        process.kill()
        process.join()
    DataFolder.claim(tmp_path / "data").close()  # what a killed process leaves behind is in nobody's way


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ForeignFolderError, match=r"holds 'thesis\.txt' but no fusewatch\.json.*--data"):
        MetricStore.open(StorageSettings(), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ForeignFolderError, match="is not a folder"):
        MetricStore.open(StorageSettings(), tmp_path / "file")


def test_a_broken_marker_is_named(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("{}")
    with pytest.raises(ForeignFolderError, match="not a Fusewatch marker file"):
        MetricStore.open(StorageSettings(), tmp_path)


def test_a_folder_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text('{"format": 99}')
    with pytest.raises(NewerSchemaError, match="folder format 99, this one knows 1"):
        MetricStore.open(StorageSettings(), tmp_path)


def test_tables_of_a_newer_schema_are_refused_and_left_as_they_are(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    with store._parts.pool.handle() as handle:
        handle.insert("schema_version", [Column("version", "UInt32", np.array([99], np.uint32)), Column("name", "String", ["0099_later"])])
    store.close()
    with pytest.raises(NewerSchemaError, match=r"has schema 99, this Fusewatch knows \d+: install the newer version"):
        open_store()


def test_a_read_only_folder_is_told(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for folder in (small_disk, small_disk / "data"):
        with pytest.raises(FolderNotWritableError, match=r"Read-only file system.*--data"):
            MetricStore.open(StorageSettings(), folder)


def test_a_full_disk_is_told_at_the_start(small_disk: Path) -> None:
    (small_disk / "data").mkdir()
    fill(small_disk, leave=0)
    with pytest.raises(DiskFullError, match=r"no space left.*free some space"):
        MetricStore.open(StorageSettings(), small_disk / "data")


def test_a_disk_that_fills_up_refuses_writes_serves_reads_and_recovers(small_disk: Path, open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(small_disk / "data")
    write(store, {UP: {NOW: 1.0}})
    ballast = fill(small_disk, leave=1 << 20)
    clock.now += 2_000
    with pytest.raises(ReadOnlyError, match="disk is almost full"):
        write(store, {UP: {NOW + 1: 2.0}})
    assert read(store) == {UP: {NOW: 1.0}}
    ballast.unlink()
    clock.now += 2_000
    write(store, {UP: {NOW + 2: 3.0}})
    commit(store)
    assert read(store) == {UP: {NOW: 1.0, NOW + 2: 3.0}}


def test_a_write_that_the_disk_cuts_short_is_taken_back_whole(small_disk: Path, open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(small_disk / "data")
    write(store, {UP: {NOW: 1.0}})
    ballast = fill(small_disk, leave=8192)
    late = Labels({"__name__": "late"})
    with pytest.raises(ReadOnlyError, match="no space left"):  # the look at the disk is not due yet
        write(store, {late: {NOW + k: 1.0 for k in range(5_000)}})
    assert read(store) == {UP: {NOW: 1.0}}
    ballast.unlink()
    clock.now += 2_000
    write(store, {late: {NOW: 2.0}})
    store.abandon()
    assert read(open_store(small_disk / "data")) == {UP: {NOW: 1.0}, late: {NOW: 2.0}}


def last_segment(folder: Path) -> Path:
    return max((folder / "wal").glob("*.log"))


@pytest.mark.parametrize("cut", [1, 23, 24, 40])
def test_a_truncated_log_loses_only_its_unfinished_record(
    open_store: OpenStore, tmp_path: Path, cut: int, capfd: pytest.CaptureFixture[str]
) -> None:
    store = open_store()
    write(store, {UP: {NOW: 1.0}})
    write(store, {UP: {NOW + 1: 2.0}})
    store.abandon()
    log = last_segment(tmp_path / "data")
    os.truncate(log, log.stat().st_size - cut)
    assert read(open_store()) == {UP: {NOW: 1.0}}
    out, err = capfd.readouterr()
    assert (out + err).count("unfinished record") == 1


def test_zeros_behind_the_last_record_are_a_power_cut_not_damage(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    write(store, {UP: {NOW: 1.0}})
    store.abandon()
    with last_segment(tmp_path / "data").open("ab") as log:
        log.write(bytes(4096))
    assert read(open_store()) == {UP: {NOW: 1.0}}


def test_damage_in_the_middle_of_the_log_is_told_with_the_file_and_what_to_do(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    for k in range(3):
        write(store, {UP: {NOW + k: float(k)}})
    store.abandon()
    log = last_segment(tmp_path / "data")
    data = bytearray(log.read_bytes())
    data[60] ^= 1
    log.write_bytes(data)
    with pytest.raises(CorruptLogError, match=rf"{log} is damaged at byte \d+: restore it from a backup, or move it away"):
        open_store()
    log.rename(tmp_path / "away")
    write(open_store(), {UP: {NOW: 7.0}})
