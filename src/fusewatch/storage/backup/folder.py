"""Backups in a folder of this machine, or one that is mounted."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from fusewatch.storage.backup.errors import TargetError, TargetFullError
from fusewatch.storage.backup.target import SLICE_BYTES, Found
from fusewatch.storage.wal import sync_folder

_TEMPORARY: Final = "tmp"


class FolderTarget:
    """Implements :class:`fusewatch.storage.backup.target.Target`: files are written under another name, synced, and then renamed."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.label = str(path)
        self._path = path
        with self._errors():
            if create and not path.exists():
                # Only the last folder: where a mount is missing, the backup must not fill the disk below it.
                path.mkdir(mode=0o700)
            if not path.is_dir():
                raise TargetError(f"{path} is not a folder" if path.exists() else f"there is no folder {path}")

    def find(self, prefix: str) -> Iterator[Found]:
        """See :meth:`Target.find`."""
        with self._errors():
            for folder, folders, files in os.walk(self._path / prefix):
                folders[:] = sorted(name for name in folders if not (name == _TEMPORARY and Path(folder) == self._path))
                for file in sorted(files):
                    path = Path(folder) / file
                    with suppress(FileNotFoundError):  # gone this moment
                        status = path.stat()
                        yield Found(path.relative_to(self._path).as_posix(), status.st_size, status.st_mtime_ns // 1_000_000)

    def read(self, name: str) -> Iterator[bytes]:
        """See :meth:`Target.read`."""
        with self._errors(), (self._path / name).open("rb", buffering=0) as file:
            while part := file.read(SLICE_BYTES):
                yield part

    def write(self, name: str, content: bytes) -> None:
        """See :meth:`Target.write`."""
        self._put(name, lambda file: file.write(content))

    def send(self, name: str, path: Path) -> None:
        """See :meth:`Target.send`."""

        def copy(file: BinaryIO) -> None:
            with path.open("rb") as source:
                shutil.copyfileobj(source, file, SLICE_BYTES)

        self._put(name, copy)

    def delete(self, names: list[str]) -> None:
        """See :meth:`Target.delete`."""
        with self._errors():
            for name in names:
                (self._path / name).unlink(missing_ok=True)

    def clear_temporary(self) -> None:
        """See :meth:`Target.clear_temporary`."""
        shutil.rmtree(self._path / _TEMPORARY, ignore_errors=True)

    def _put(self, name: str, fill: Callable[[BinaryIO], object]) -> None:
        path, fresh = self._path / name, self._path / _TEMPORARY / secrets.token_hex(8)
        with self._errors():
            for folder in (fresh.parent, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                # Only its owner reads it: the records hold password hashes.
                with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123 - by descriptor
                    fill(file)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(path)
                sync_folder(path.parent)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if self._path.is_dir() and error.filename is not None and Path(error.filename) != self._path:
                raise
            raise TargetError(
                f"there is no folder {self._path}; make it first, so that nothing is written below a missing mount"
            ) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise TargetFullError(
                    f"no space left in {self._path}: free some, prune old backups, or choose another target; earlier backups are whole"
                ) from error
            raise TargetError(f"{error.filename or self._path} can't be used: {error.strerror}") from error
