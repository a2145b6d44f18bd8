"""The parent process of ``fusewatch up``: starts the engine, starts it again when native code brings it down, holds no state.

It stays small because it imports nothing but the standard library. Parent and engine share a socket pair: the engine hands its listening
socket up once it serves, and gets it back after a crash, so that the port stays open meanwhile and clients wait instead of being refused;
and when the parent dies, the engine sees the pair close and stops.
"""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

_FIRST_DELAY_S: Final = 0.2
_LONGEST_DELAY_S: Final = 30.0
_HEALTHY_AFTER_S: Final = 60.0
# The engine itself stops within 10 s; what lasts longer hangs in native code.
_STOP_WITHIN_S: Final = 15.0

#: Builds the engine's command line from the number of its control socket and, after a crash, of the listening socket.
Command = Callable[[int, int | None], Sequence[str]]


class Parent:
    """Runs one engine after another until one ends as asked or can't start at all."""

    def __init__(self, command: Command, *, stop_within_s: float = _STOP_WITHIN_S, longest_delay_s: float = _LONGEST_DELAY_S) -> None:
        self._command = command
        self._stop_within_s = stop_within_s
        self._longest_delay_s = longest_delay_s
        self._engine: subprocess.Popen[bytes] | None = None
        self._listener: socket.socket | None = None
        self._kill_at = float("inf")
        self._stopping = False
        # Signals wake the waits below through this pair, whatever moment they arrive at.
        self._woken, self._waker = socket.socketpair()
        self._woken.settimeout(0)
        self._waker.settimeout(0)

    def run(self) -> int:
        """Runs until the end; the exit code for the shell."""
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._forward)
        failures = 0
        while True:
            started = time.monotonic()
            code = self._run_engine()
            if self._stopping:
                return 0 if code in (0, -signal.SIGTERM) else 1
            # One that never served and ended by itself would end the same way again; one that did serve is started again whatever it was.
            if code == 0 or (code > 0 and self._listener is None):
                return code
            failures = 1 if time.monotonic() - started > _HEALTHY_AFTER_S else failures + 1
            delay = min(self._longest_delay_s, _FIRST_DELAY_S * 2 ** min(failures - 1, 16))
            print(f"fusewatch: the engine {_ending(code)}; starting it again in {delay:.1f} s", file=sys.stderr, flush=True)  # noqa: T201
            self._wait([], delay)
            if self._told_to_stop():
                return 0

    def _run_engine(self) -> int:
        """Starts one engine and waits for its end; its exit code, negative for a signal."""
        ours, theirs = socket.socketpair()
        inherited = [theirs.fileno(), *([self._listener.fileno()] if self._listener else [])]
        with ours:
            command = self._command(theirs.fileno(), self._listener.fileno() if self._listener else None)
            # A group of its own: Ctrl-C reaches the parent alone, which passes it on once.
            self._engine = subprocess.Popen(command, pass_fds=inherited, process_group=0)  # noqa: S603 - our own command line
            theirs.close()
            ours.settimeout(0)
            if self._stopping:
                self._engine.terminate()
            control = [ours]
            while control and self._engine.poll() is None:
                self._wait(control, self._kill_at - time.monotonic())
                if time.monotonic() >= self._kill_at:
                    self._engine.kill()
                    self._kill_at = float("inf")
                control = control if self._listen_to(ours) else []
            return self._engine.wait()

    def _wait(self, control: list[socket.socket], timeout_s: float) -> None:
        """Waits for the engine, a signal or the time, whichever comes first."""
        readable, _, _ = select.select([self._woken, *control], [], [], None if timeout_s == float("inf") else max(0.0, timeout_s))
        if self._woken in readable:
            self._woken.recv(64)

    def _listen_to(self, control: socket.socket) -> bool:
        """Takes the listening socket when the engine hands it up; False once the engine has closed its side, which it does by ending."""
        try:
            data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        except BlockingIOError:
            return True
        except OSError:
            return False
        for descriptor in descriptors:
            if self._listener is not None:
                self._listener.close()
            self._listener = socket.socket(fileno=descriptor)
        return bool(data)

    def _told_to_stop(self) -> bool:
        return self._stopping

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Asks the engine to stop; a second request ends it at once."""
        if self._engine is not None and self._engine.poll() is None:
            self._engine.send_signal(signal.SIGKILL if self._stopping else signal.SIGTERM)
        self._kill_at = time.monotonic() + self._stop_within_s
        self._stopping = True

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        if self._engine is not None and self._engine.poll() is None:
            self._engine.send_signal(number)


def run_parent(arguments: Sequence[str]) -> int:
    """Runs ``fusewatch up`` with the engine's arguments; the exit code."""

    def command(control: int, listener: int | None) -> list[str]:
        inherited = [] if listener is None else ["--listener-fd", str(listener)]
        return [sys.executable, "-m", "fusewatch.server.engine", "--control-fd", str(control), *inherited, *arguments]

    return Parent(command).run()


def _ending(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"failed (exit code {code})"


def parent_is_gone(control: socket.socket) -> bool:
    """Whether the other side of the control socket has closed; for the engine, when the socket became readable."""
    try:
        return control.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def hand_up(control: socket.socket, listener: socket.socket) -> None:
    """Gives the parent a copy of the listening socket; for the engine, once it serves."""
    socket.send_fds(control, [b"l"], [listener.fileno()])
