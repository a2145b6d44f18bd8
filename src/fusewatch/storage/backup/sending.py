"""Brings files into a target, each content once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fusewatch.storage.backup.layout import CONTENTS, content_name
from fusewatch.storage.backup.locks import Lock
from fusewatch.storage.backup.manifest import INLINE_BYTES, FileEntry
from fusewatch.storage.backup.moving import in_threads
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.target import Target


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine and its path in the backup; ``known`` is its entry where an earlier backup has hashed it."""

    path: Path
    name: str
    known: FileEntry | None = None


class Sender:
    """Sends what the target does not have. ``lock`` is renewed meanwhile."""

    def __init__(self, target: Target, lock: Lock, progress: Progress) -> None:
        self.sent = 0
        self._target = target
        self._lock = lock
        self._progress = progress
        self._guard = threading.Lock()
        self._present: Mapping[str, int] = {found.name: found.size for found in target.find(CONTENTS)}
        self._sending: set[str] = set()

    def send(self, files: Iterable[LocalFile]) -> Iterator[FileEntry]:
        """The entries of files, in their order, once the target has their content.

        Raises:
            TargetError, OSError: it could not be sent, or not be read.
            StoppedError: it was asked to stop.
        """
        return in_threads(self._send, files)

    def _send(self, file: LocalFile) -> FileEntry:
        self._progress.check()
        self._lock.renew()
        size = file.path.stat().st_size
        if size <= INLINE_BYTES:
            content = file.path.read_bytes()
            self._progress.done(size, moved=False)
            return FileEntry(file.name, size, hashlib.sha256(content).hexdigest(), content)
        known = file.known if file.known is not None and file.known.size == size else None
        entry = replace(known, path=file.name) if known else FileEntry(file.name, size, _hash(file.path))
        name = content_name(entry.sha256)
        moved = self._present.get(name) != size and self._is_mine(name)
        if moved:
            self._target.send(name, file.path)
        with self._guard:
            self.sent += size if moved else 0
        self._progress.done(size, moved=moved)
        return entry

    def _is_mine(self, name: str) -> bool:
        """Whether no other file of this backup has the same content and sends it."""
        with self._guard:
            if name in self._sending:
                return False
            self._sending.add(name)
            return True


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
