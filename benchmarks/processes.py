"""What a server's processes use: memory, processor time, open files."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil


class Family:
    """A server's process and those that it started."""

    def __init__(self, pid: int) -> None:
        self._parent = psutil.Process(pid)

    def by_role(self) -> dict[str, psutil.Process]:
        """The processes; of ours by what they are: parent, receiver, engine."""
        return {"parent": self._parent, **{_role(child): child for child in self._parent.children()}}

    def memory(self) -> dict[str, int]:
        """Resident bytes by role."""
        return {role: process.memory_info().rss for role, process in self.by_role().items()}

    def own_memory(self) -> dict[str, int]:
        """Bytes by role that no other process has."""
        return {role: process.memory_full_info().uss for role, process in self.by_role().items()}

    def processor_seconds(self) -> float:
        """Used by those that run now."""
        return sum(sum(process.cpu_times()[:2]) for process in self.by_role().values())

    def open_files(self) -> int:
        """Open descriptors."""
        return sum(process.num_fds() for process in self.by_role().values())

    def threads(self) -> int:
        """Threads that run or wait."""
        return sum(process.num_threads() for process in self.by_role().values())


def _role(child: psutil.Process) -> str:
    names = [word.rpartition(".")[2] for word in child.cmdline() if word.startswith("fusewatch.server.")]
    return names[0] if names else child.name()


def disk_usage(folder: Path) -> tuple[int, int]:
    """How many files a folder has, and the bytes they take; what goes while this looks may be counted or not."""
    files = size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(parent) / name).lstat().st_blocks * 512
                files += 1
    return files, size
