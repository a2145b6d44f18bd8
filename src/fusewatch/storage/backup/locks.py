"""Who works with a target: backups go on beside each other, but nothing is removed meanwhile.

Removing what no backup needs would take a content away that a backup under way has found there and counts on. So each says what it does in
an object of its own and then looks at those of others; whoever sees one that excludes it takes its own away. What a killed process left
is passed over: at once where it was one of this machine, else when it has not been renewed for long.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import orjson
import psutil

from fusewatch.storage.backup.errors import TargetBusyError
from fusewatch.storage.backup.layout import LOCKS
from fusewatch.storage.backup.target import Target, read_whole
from fusewatch.telemetry.clock import Clock

Work = Literal["backup", "prune"]

_RENEW_MS: Final = 60_000
#: A killed process of another machine is waited for so long. A backup renews between files, and one file may take long; it keeps only
#: removals waiting. Removing renews every second or so, and keeps backups waiting.
_STALE_MS: Final[dict[str, int]] = {"backup": 60 * 60_000, "prune": 10 * 60_000}
_NAMESPACE: Final = Path("/proc/self/ns/pid")


class Lock:
    """One process' work with a target; :meth:`renew` is called often."""

    def __init__(self, target: Target, work: Work, clock: Clock) -> None:
        self.name = f"{LOCKS}{work}-{secrets.token_hex(8)}.json"
        self._target = target
        self._work = work
        self._clock = clock
        self._written = 0

    def renew(self) -> None:
        """Says that the work goes on; cheap when that was said a moment ago."""
        now = self._clock.now_ms()
        if now - self._written >= _RENEW_MS:
            self._written = now
            self._target.write(self.name, orjson.dumps({"work": self._work, "at": now, **_self()}))

    def refuse_others(self) -> None:
        """Removes what killed processes left.

        Raises:
            TargetBusyError: somebody's work excludes this one.
        """
        for found in list(self._target.find(LOCKS)):
            if found.name == self.name:
                continue
            try:
                other = orjson.loads(read_whole(self._target, found.name))
                gone = _is_gone(other, self._clock.now_ms())
            except FileNotFoundError:
                continue  # it has ended
            except (ValueError, KeyError, TypeError, AttributeError):
                gone, other = True, {}
            if gone:
                self._target.delete([found.name])
            elif "prune" in (self._work, other["work"]):
                who = f"process {other['process']} of {other['host']}"
                raise TargetBusyError(f"{self._target.label} is in use ({other['work']} by {who}): try again when that has ended")


@contextmanager
def locked(target: Target, work: Work, clock: Clock) -> Iterator[Lock]:
    """Does some work with a target.

    Raises:
        TargetBusyError: somebody's work excludes this one.
        TargetError: the target can't be written.
    """
    lock = Lock(target, work, clock)
    lock.renew()
    try:
        lock.refuse_others()
        yield lock
    finally:
        target.delete([lock.name])


def _host() -> str:
    """The machine, and within it the space of process numbers: containers may share a name."""
    try:
        return f"{socket.gethostname()}/{_NAMESPACE.stat().st_ino}"
    except OSError:
        return socket.gethostname()


def _self() -> dict[str, str | int | float]:
    return {"host": _host(), "process": os.getpid(), "since": psutil.Process().create_time()}


def _is_gone(other: dict[str, object], now: int) -> bool:
    if now - int(str(other["at"])) > _STALE_MS[str(other["work"])]:
        return True
    if other["host"] != _host():
        return False
    try:
        # The number alone may have been given to another process since.
        return abs(psutil.Process(int(str(other["process"]))).create_time() - float(str(other["since"]))) > 1
    except psutil.NoSuchProcess:
        return True
