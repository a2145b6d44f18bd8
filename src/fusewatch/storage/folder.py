"""The data folder: that it is ours, that nobody else has it, and how full its disk is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fusewatch.storage.errors import DiskFullError, FolderInUseError, FolderNotWritableError, ForeignFolderError, NewerSchemaError

MARKER: Final = "fusewatch.json"
LOCK: Final = "lock"
#: Grows when an older program could not read the folder any more (the database's schema has a version of its own).
FORMAT: Final = 1
#: What other rooms may have put into a folder before the store is opened for the first time.
_OURS: Final = ("kernels", "records.", "lock", "lost+found")
#: Metrics are refused when less than this share of the disk is free, and less than this many bytes.
_FREE_SHARE: Final = 0.05
_FREE_BYTES: Final = 4 << 30


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """A disk: its size and what is free for us, in bytes."""

    total: int
    free: int

    @property
    def is_full(self) -> bool:
        """Whether what is left must be kept for the state of alerts and for merges."""
        return self.free < min(self.total * _FREE_SHARE, _FREE_BYTES)


def disk_usage(path: Path) -> DiskUsage:
    """The disk under ``path``."""
    found = os.statvfs(path)
    return DiskUsage(total=found.f_blocks * found.f_frsize, free=found.f_bavail * found.f_frsize)


class DataFolder:
    """A claimed data folder; the claim ends with :meth:`close` or the process."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    @classmethod
    def claim(cls, path: Path, *, inherited: int | None = None) -> DataFolder:
        """Makes the folder where there is none, and claims it for this process.

        ``inherited`` is the descriptor of a claim (:attr:`descriptor`) that an earlier process of this program handed on.

        Raises:
            FolderInUseError, FolderNotWritableError, ForeignFolderError, NewerSchemaError, DiskFullError: as they say.
        """
        with as_open_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            _check_marker(path)
            lock = lock_folder(path) if inherited is None or not _same(inherited, path / LOCK) else inherited
            try:
                _write_marker(path)
            except BaseException:
                os.close(lock)
                raise
        return cls(path, lock)

    @property
    def descriptor(self) -> int | None:
        """Whoever holds a copy of this holds the claim; None once it has ended."""
        return self._lock

    def close(self) -> None:
        """Ends the claim."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _check_marker(path: Path) -> None:
    try:
        text = (path / MARKER).read_text(encoding="utf-8")
    except FileNotFoundError:
        foreign = next((entry.name for entry in path.iterdir() if not entry.name.startswith(_OURS)), None)
        if foreign is not None:
            message = f"{path} is not a Fusewatch data folder (it holds {foreign!r} but no {MARKER}): choose an empty folder with --data"
            raise ForeignFolderError(message) from None
        return
    try:
        version = int(json.loads(text)["format"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path / MARKER} is not a Fusewatch marker file: choose another folder with --data, or restore the file from a backup"
        raise ForeignFolderError(message) from error
    if version > FORMAT:
        message = f"{path} was written by a newer Fusewatch (folder format {version}, this one knows {FORMAT}): install that version again"
        raise NewerSchemaError(message)


def _write_marker(path: Path) -> None:
    marker, fresh = path / MARKER, path / (LOCK + ".new")
    if not marker.exists():
        fresh.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        fresh.replace(marker)


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def lock_folder(path: Path) -> int:
    """A descriptor that holds the lock of a folder; the file names the process, for people.

    Raises:
        FolderInUseError: another process holds it.
    """
    descriptor = os.open(path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        message = f"{path} is in use by another Fusewatch (process {owner}): stop it first, or choose another folder with --data"
        raise FolderInUseError(message) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def as_open_errors(path: Path) -> Iterator[None]:
    """An OSError inside becomes the StoreOpenError that says what to do about ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"no space left on the disk of {path}: free some space or choose a folder on another disk with --data"
            raise DiskFullError(message) from error
        if isinstance(error, (NotADirectoryError, FileExistsError)):
            message = f"{path} is not a folder: choose another one with --data"
            raise ForeignFolderError(message) from error
        message = f"can't write to {path} ({error.strerror}): make it writable for this user, or choose another folder with --data"
        raise FolderNotWritableError(message) from error
