"""The processes that use most, from one walk over /proc: a stat file each (about 15 µs), the rest only of those that are shown."""

from __future__ import annotations

import heapq
import os
import pwd
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fusewatch.collect.host.snapshot import ProcessSnapshot, TopProcesses

_LONGEST_COMMAND: Final = 200
_SECRET = re.compile(r"((?:pass(?:word|wd)?|pwd|secret|token|api[-_]?key|credentials?)[\w-]*[= ])\S+", re.IGNORECASE)
_CREDENTIALS_IN_URL = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class _Stat:
    pid: int
    name: str
    state: str
    ticks: int
    started: int
    pages: int


class ProcessReader:
    """Processor time of each process between two walks."""

    def __init__(self, proc: Path, *, most: int) -> None:
        self._proc = proc
        self._most = most
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._before: dict[tuple[int, int], int] = {}
        self._at = 0.0
        self._users: dict[int, str] = {}

    def read(self, now: float) -> TopProcesses:
        """The top processes; ``now`` in monotonic seconds. A process that is new since the last walk counts from its start."""
        stats = list(self._walk())
        elapsed, first = now - self._at, not self._before
        cpu = {} if first else {stat.pid: self._cores(stat, elapsed) for stat in stats}
        self._before = {(stat.pid, stat.started): stat.ticks for stat in stats}
        self._at = now
        busiest = heapq.nlargest(self._most, (stat for stat in stats if cpu.get(stat.pid, 0.0) > 0), key=lambda stat: cpu[stat.pid])
        biggest = heapq.nlargest(self._most, (stat for stat in stats if stat.pages > 0), key=lambda stat: stat.pages)
        return TopProcesses(
            by_cpu=[self._describe(stat, cpu.get(stat.pid, 0.0)) for stat in busiest],
            by_memory=[self._describe(stat, cpu.get(stat.pid, 0.0)) for stat in biggest],
            total=len(stats),
            running=sum(stat.state == "R" for stat in stats),
            blocked=sum(stat.state == "D" for stat in stats),
        )

    def _cores(self, stat: _Stat, elapsed: float) -> float:
        return max(stat.ticks - self._before.get((stat.pid, stat.started), 0), 0) / self._ticks_per_s / elapsed

    def _walk(self) -> Iterable[_Stat]:
        for entry in os.listdir(self._proc):  # noqa: PTH208 - a Path for each process would cost as much as reading it
            if not entry.isdecimal():
                continue
            try:
                with open(f"{self._proc}/{entry}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - as above
                    yield parse_stat(file.read(1024))
            except (OSError, ValueError, IndexError):  # it ended meanwhile
                continue

    def _describe(self, stat: _Stat, cpu: float) -> ProcessSnapshot:
        folder = self._proc / str(stat.pid)
        try:
            user = self._user(folder.stat().st_uid)
            with (folder / "cmdline").open("rb") as file:
                command = file.read(4096).rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            user, command = "", ""
        command = hide_secrets(command)[:_LONGEST_COMMAND] or f"[{stat.name}]"
        return ProcessSnapshot(stat.pid, stat.name, user, cpu, stat.pages * self._page_bytes, command)

    def _user(self, uid: int) -> str:
        if uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name
            except KeyError:
                self._users[uid] = str(uid)
        return self._users[uid]


def parse_stat(line: bytes) -> _Stat:
    """A line of ``/proc/PID/stat``; the name may hold blanks and brackets (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)."""
    begin, end = line.index(b"("), line.rindex(b")")
    fields = line[end + 2 :].split()
    return _Stat(
        pid=int(line[:begin]),
        name=line[begin + 1 : end].decode(errors="replace"),
        state=fields[0].decode(),
        ticks=int(fields[11]) + int(fields[12]),
        started=int(fields[19]),
        pages=int(fields[21]),
    )


def hide_secrets(command: str) -> str:
    """The command line without the values of arguments that look like secrets."""
    return _CREDENTIALS_IN_URL.sub(r"\1***@", _SECRET.sub(r"\1***", command))
