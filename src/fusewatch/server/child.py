"""A process that the parent keeps running."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

_FIRST_DELAY_S: Final = 0.2
_HEALTHY_AFTER_S: Final = 60.0

#: Builds the command line from the number of the child's control socket; also the descriptors that the child inherits beside it.
Command = Callable[[int], tuple[Sequence[str], Sequence[int]]]


class Child:
    """Starts a process and starts it again, after a while that grows, when it ended unasked.

    ``control`` is our end of a socket pair whose other end the child has: it closes with the child, and with us.
    """

    def __init__(self, name: str, command: Command, *, longest_delay_s: float) -> None:
        self.name = name
        self.control: socket.socket | None = None
        self._command = command
        self._longest_delay_s = longest_delay_s
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started = 0.0
        self.due: float | None = None
        self.kill_at = float("inf")

    @property
    def alive(self) -> bool:
        """Whether the process runs, as far as we have looked."""
        return self._process is not None

    def start(self) -> None:
        """Starts the process."""
        ours, theirs = socket.socketpair()
        arguments, inherited = self._command(theirs.fileno())
        with theirs:
            # A group of its own: Ctrl-C reaches the parent alone, which passes it on once.
            self._process = subprocess.Popen(arguments, pass_fds=[theirs.fileno(), *inherited], process_group=0)  # noqa: S603 - our own command line
        ours.settimeout(0)
        self.control, self.due, self._started = ours, None, time.monotonic()

    def ended(self) -> int | None:
        """The exit code (negative for a signal) once the process has ended, None before; asked again, None."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self._process = None
            self.drop_control()
        return code

    def drop_control(self) -> None:
        """Closes our end."""
        if self.control is not None:
            self.control.close()
            self.control = None

    def start_again(self, code: int) -> None:
        """Says how the process ended and sets when it is due again."""
        now = time.monotonic()
        self._failures = 1 if now - self._started > _HEALTHY_AFTER_S else self._failures + 1
        delay = min(self._longest_delay_s, _FIRST_DELAY_S * 2 ** min(self._failures - 1, 16))
        print(f"fusewatch: the {self.name} {_ending(code)}; starting it again in {delay:.1f} s", file=sys.stderr, flush=True)  # noqa: T201
        self.due = now + delay

    def send(self, number: int) -> None:
        """Passes a signal on."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def stop(self, within_s: float) -> None:
        """Asks the process to end; asked again, or after so many seconds, it is ended."""
        self.send(signal.SIGKILL if self.kill_at != float("inf") else signal.SIGTERM)
        self.kill_at = time.monotonic() + within_s
        self.due = None

    def kill_overdue(self) -> None:
        """Ends a process that did not stop in time: it hangs in native code."""
        if time.monotonic() >= self.kill_at:
            self.send(signal.SIGKILL)
            self.kill_at = float("inf")


def _ending(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"failed (exit code {code})"
