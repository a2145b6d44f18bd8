"""What was sent, read back and compared with what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from fusewatch.storage.backup.errors import DamagedError
from fusewatch.storage.backup.layout import content_name
from fusewatch.storage.backup.manifest import FileEntry, Manifest
from fusewatch.storage.backup.target import Target


def read_content(target: Target, name: str, entry: FileEntry) -> Iterator[bytes]:
    """The content of a file called ``name``, in slices.

    Raises:
        DamagedError: it is not what was written; known only when all of it was read.
        TargetError: it can't be read.
    """
    digest, size = hashlib.sha256(), 0
    for part in _parts(target, name, entry):
        digest.update(part)
        size += len(part)
        yield part
    if size != entry.size:
        raise DamagedError(f"{_where(name, entry)} is damaged: it has {size} bytes instead of {entry.size}")
    if digest.hexdigest() != entry.sha256:
        raise DamagedError(f"{_where(name, entry)} is damaged: its checksum does not fit")


def check_names(manifest: Manifest) -> None:
    """Makes sure that no file of a backup would be written outside its folder.

    Raises:
        DamagedError: one would.
    """
    for name, _ in manifest.entries():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
            raise DamagedError(f"backup {manifest.id} names a file outside of its folder: {name!r}")


def _parts(target: Target, name: str, entry: FileEntry) -> Iterator[bytes]:
    if entry.inline is not None:
        yield entry.inline
        return
    try:
        yield from target.read(content_name(entry.sha256))
    except FileNotFoundError:
        raise DamagedError(f"{_where(name, entry)} is missing") from None


def _where(name: str, entry: FileEntry) -> str:
    return name if entry.inline is not None else f"{name} ({content_name(entry.sha256)})"
