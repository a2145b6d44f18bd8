"""From a backup to a data folder.

Everything is fetched into a folder beside what is there, checked on the way, made a store and opened by a process of its own; only then
does it take the place of what was there before. The marker of a data folder goes first and comes last, so that a folder between two stores
is not taken for one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fusewatch.storage.backup.contents import check_names, read_content
from fusewatch.storage.backup.errors import BackupError, DamagedError, RestoreRefusedError
from fusewatch.storage.backup.layout import RESTORED_MANIFEST, RESTORED_PARTS
from fusewatch.storage.backup.manifest import FileEntry, Manifest
from fusewatch.storage.backup.moving import in_threads
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.target import Target
from fusewatch.storage.folder import LOCK, MARKER, as_open_errors, disk_usage, lock_folder

#: Where a restore works; what an earlier one has left there goes.
WORK: Final = "restoring"
#: What may lie in a folder that is still empty to us.
_NOTHING: Final = frozenset({LOCK, WORK, "kernels", "lost+found"})
#: The process that makes a store of parts; imported there only, because it needs all of the store.
_ATTACHING: Final = "fusewatch.storage.backup.attaching"
#: What belongs to the store that is replaced.
_REPLACED: Final = ("clickhouse", "wal", "records.sqlite", "records.sqlite-wal", "records.sqlite-shm")


@dataclass(frozen=True, slots=True)
class Content:
    """What a folder to restore into holds: bytes, and when something was last written (ms UTC)."""

    size: int
    modified: int


def held_by(folder: Path) -> Content | None:
    """What would be lost by restoring into a folder; None where nothing would.

    Raises:
        RestoreRefusedError: it is not ours to replace.
    """
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise RestoreRefusedError(f"{folder} is not a folder: choose another one with --data")
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in _NOTHING)
    if not foreign:
        return None
    if not (folder / MARKER).exists():
        # A restore that was cut short while it replaced a store: what there was is gone already.
        if (folder / WORK).is_dir() and set(foreign) <= {*_REPLACED, "fusewatch.yml", "records.pgdump"}:
            return None
        raise RestoreRefusedError(f"{folder} holds {foreign[0]!r} and is no data folder of Fusewatch: choose an empty one with --data")
    statuses = [file.stat() for file in folder.rglob("*") if file.is_file()]
    return Content(sum(status.st_size for status in statuses), max(status.st_mtime_ns for status in statuses) // 1_000_000)


def restore(target: Target, manifest: Manifest, folder: Path, *, force: bool, progress: Progress) -> None:
    """Makes ``folder`` the data folder that a backup shows. Blocks. ``force`` replaces the store in it.

    Raises:
        RestoreRefusedError: the folder holds something.
        FolderInUseError: a server works there.
        DamagedError: the backup is not what was written; what the folder held is still there.
        BackupError, StorageError, OSError: it could not be fetched, written or opened.
        StoppedError: it was asked to stop.
    """
    check_names(manifest)
    if held_by(folder) is not None and not force:
        raise RestoreRefusedError(f"{folder} holds a store: --force replaces it")
    with _locked(folder), as_open_errors(folder):
        shutil.rmtree(folder / WORK, ignore_errors=True)
        # A folder of its own: the process that a killed restore had started may not have ended yet.
        work = folder / WORK / secrets.token_hex(4)
        work.mkdir(mode=0o700, parents=True)
        _check_space(work, manifest)
        _fetch(target, manifest, work, progress)
        if manifest.tables:
            progress.begin("opening the store")
            _attach(work)
        os.sync()
        progress.check()
        _replace(folder, work)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with as_open_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = lock_folder(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _check_space(work: Path, manifest: Manifest) -> None:
    free = disk_usage(work).free
    if manifest.size > free:
        raise BackupError(f"the backup needs {manifest.size >> 20} MB, the disk of {work.parent.parent} has {free >> 20} MB free")


def _fetch(target: Target, manifest: Manifest, work: Path, progress: Progress) -> None:
    wanted = [
        (f"{RESTORED_PARTS}/{table.name}/{part.name}/{entry.path}", entry)
        for table in manifest.tables
        for part in table.parts
        for entry in part.files
    ]
    wanted += [(entry.path, entry) for entry in manifest.files]
    progress.begin("fetching", len(wanted), manifest.size)

    def fetch(item: tuple[str, FileEntry]) -> None:
        name, entry = item
        progress.check()
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123 - by descriptor
            file.writelines(read_content(target, name.removeprefix(f"{RESTORED_PARTS}/"), entry))
        progress.done(entry.size, moved=entry.inline is None)

    for _ in in_threads(fetch, wanted):
        pass
    for table in manifest.tables:
        (work / RESTORED_PARTS / table.name).mkdir(parents=True, exist_ok=True)
    (work / RESTORED_MANIFEST).write_bytes(manifest.encode())


def _attach(work: Path) -> None:
    command = [sys.executable, "-m", _ATTACHING, str(work)]
    theirs, ours = os.pipe()
    try:
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    finally:
        os.close(theirs)
        os.close(ours)
    if done.returncode:
        kind, _, reason = (done.stderr.strip().splitlines() or [""])[-1].partition(": ")
        raise DamagedError(reason) if kind == "damaged" else BackupError(f"the store could not be made of its parts: {reason}")


def _replace(folder: Path, work: Path) -> None:
    shutil.rmtree(work / RESTORED_PARTS, ignore_errors=True)
    for name in (RESTORED_MANIFEST, LOCK):
        (work / name).unlink(missing_ok=True)
    (folder / MARKER).unlink(missing_ok=True)
    for name in _REPLACED:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in sorted(work.iterdir(), key=lambda path: path.name == MARKER):
        path.replace(folder / path.name)
    os.sync()
    shutil.rmtree(folder / WORK, ignore_errors=True)
