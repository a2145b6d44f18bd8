"""How far a backup or restore is, for whoever watches, and the way to stop it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from fusewatch.storage.backup.errors import StoppedError


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far it is: what it does now, bytes and files done of how many, and how many bytes had to be sent or fetched."""

    phase: str = "starting"
    files: int = 0
    total_files: int = 0
    bytes: int = 0
    total_bytes: int = 0
    moved: int = 0


class Progress:
    """Counts; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._phase = "starting"
        self._files = self._total_files = self._bytes = self._total_bytes = self._moved = 0

    @property
    def snapshot(self) -> Snapshot:
        """How far it is now."""
        with self._lock:
            return Snapshot(self._phase, self._files, self._total_files, self._bytes, self._total_bytes, self._moved)

    def begin(self, phase: str, files: int = 0, size: int = 0) -> None:
        """Something else begins, with so many files and bytes to come.

        Raises:
            StoppedError: it was asked to stop.
        """
        self.check()
        with self._lock:
            self._phase, self._files, self._bytes, self._total_files, self._total_bytes = phase, 0, 0, files, size

    def done(self, size: int, *, moved: bool) -> None:
        """A file of that size is done; ``moved``: its content had to be sent or fetched."""
        with self._lock:
            self._files += 1
            self._bytes += size
            self._moved += size if moved else 0

    def stop(self) -> None:
        """Asks it to stop soon."""
        self._stopping.set()

    def check(self) -> None:
        """Goes on unless it was asked to stop.

        Raises:
            StoppedError: it was.
        """
        if self._stopping.is_set():
            raise StoppedError("it was asked to stop; what was sent already need not be sent again")

    def wait(self, seconds: float) -> None:
        """Waits, or raises StoppedError as soon as it is asked to stop."""
        self._stopping.wait(seconds)
        self.check()
