"""The parent process of ``fusewatch up``: starts the engine and the receiver, starts them again when native code brings one down.

It stays small because it imports nothing but the standard library, and holds no state but descriptors: the listening socket, so that the
port stays open whoever dies and clients wait instead of being refused; the claim on the data folder, so that no other program takes it
meanwhile; and the local sockets by which receiver and engine reach each other. The engine looks at the settings first; the receiver starts
when the engine has claimed the folder. When the parent dies, both see their socket pairs close and stop.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from fusewatch.server.child import Child

_LONGEST_DELAY_S: Final = 30.0
# The engine itself stops within 10 s, the receiver within 5; what lasts longer hangs in native code.
_STOP_WITHIN_S: Final = 15.0
_BACKLOG: Final = 2048


class Commands(Protocol):
    """Command lines of the two processes; ``control`` and ``handed`` are numbers of descriptors, all of them inherited."""

    def engine(self, control: int, handed: Sequence[int]) -> Sequence[str]:
        """The engine's; ``handed`` is what an engine before it has handed up: the listening socket, the claim on the data folder."""
        ...

    def receiver(self, control: int, handed: Sequence[int]) -> Sequence[str]:
        """The receiver's."""
        ...


class Parent:
    """Runs both until the engine ends as asked or can't start at all. ``inherited`` are further descriptors that both get."""

    def __init__(
        self,
        commands: Commands,
        *,
        inherited: Sequence[int] = (),
        stop_within_s: float = _STOP_WITHIN_S,
        longest_delay_s: float = _LONGEST_DELAY_S,
    ) -> None:
        self._commands = commands
        self._inherited = list(inherited)
        self._stop_within_s = stop_within_s
        self._engine = Child("engine", self._engine_command, longest_delay_s=longest_delay_s)
        self._receiver = Child("receiver", self._receiver_command, longest_delay_s=longest_delay_s)
        self._handed: list[int] = []
        self._stopping = False
        # Signals wake the wait below through this pair, whatever moment they arrive at.
        self._woken, self._waker = socket.socketpair()
        self._woken.settimeout(0)
        self._waker.settimeout(0)

    def run(self) -> int:
        """Runs until the end; the exit code for the shell."""
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, lambda number, _frame: self._engine.send(number))
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._engine.start()
        while True:
            self._wait()
            for child in (self._engine, self._receiver):
                child.kill_overdue()
                if child.due is not None and time.monotonic() >= child.due:
                    child.start()
            self._look_after_receiver()
            code = self._engine.ended()
            if code is None and not (self._stopping and not self._engine.alive):
                continue
            # One that never served and ended by itself would end the same way again; one that did serve is started again whatever it was.
            if not self._stopping and code is not None and (code < 0 or (code > 0 and self._handed)):
                self._engine.start_again(code)
                continue
            self._end_receiver()
            if self._stopping:
                return 0 if code in (None, 0, -signal.SIGTERM) else 1
            return code or 0

    def _engine_command(self, control: int) -> tuple[Sequence[str], Sequence[int]]:
        return self._commands.engine(control, self._handed), [*self._inherited, *self._handed]

    def _receiver_command(self, control: int) -> tuple[Sequence[str], Sequence[int]]:
        return self._commands.receiver(control, self._handed), [*self._inherited, *self._handed]

    def _wait(self) -> None:
        """Waits for a child, a signal or the time, whichever comes first."""
        children = (self._engine, self._receiver)
        moments = [child.kill_at for child in children] + [child.due for child in children if child.due is not None]
        timeout = max(0.0, min(moments) - time.monotonic())
        controls = [child.control for child in children if child.control is not None]
        readable, _, _ = select.select([self._woken, *controls], [], [], None if timeout == float("inf") else timeout)
        if self._woken in readable:
            self._woken.recv(64)
        for child in children:
            if child.control in readable and not self._listen_to(child.control):
                child.drop_control()

    def _listen_to(self, control: socket.socket) -> bool:
        """Takes what the engine hands up; False once a child has closed its side, which it does by ending."""
        try:
            data, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if descriptors:
            for descriptor in self._handed:
                os.close(descriptor)
            self._handed = list(descriptors)
        return bool(data)

    def _look_after_receiver(self) -> None:
        code = self._receiver.ended()
        if self._stopping or not self._handed:
            return
        if code is not None:
            self._receiver.start_again(code)
        elif not self._receiver.alive and self._receiver.due is None:
            self._receiver.start()

    def _end_receiver(self) -> None:
        """Ends the receiver, after the engine; waits for it."""
        self._receiver.stop(self._stop_within_s)
        while self._receiver.alive and self._receiver.ended() is None:
            self._wait()
            self._receiver.kill_overdue()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Asks the engine to stop, which lets the receiver finish first; a second request ends both at once."""
        if self._stopping:
            self._receiver.send(signal.SIGKILL)
        self._engine.stop(self._stop_within_s)
        self._stopping = True


class _OurCommands:
    """Both processes as modules of this program, with the arguments of ``fusewatch up``."""

    def __init__(self, arguments: Sequence[str], folder: Path, relay: int, door: int) -> None:
        self._arguments = arguments
        self._folder, self._relay, self._door = folder, relay, door

    def engine(self, control: int, handed: Sequence[int]) -> Sequence[str]:
        """See :meth:`Commands.engine`."""
        return self._command("engine", control, handed, ["--relay-fd", str(self._relay), "--door", str(self._folder / "door")])

    def receiver(self, control: int, handed: Sequence[int]) -> Sequence[str]:
        """See :meth:`Commands.receiver`."""
        return self._command("receiver", control, handed, ["--door-fd", str(self._door), "--relay", str(self._folder / "relay")])

    def _command(self, module: str, control: int, handed: Sequence[int], options: Sequence[str]) -> Sequence[str]:
        inherited = [text for name, number in zip(("--listener-fd", "--claim-fd"), handed, strict=False) for text in (name, str(number))]
        return [sys.executable, "-m", f"fusewatch.server.{module}", "--control-fd", str(control), *inherited, *options, *self._arguments]


def run_parent(arguments: Sequence[str]) -> int:
    """Runs ``fusewatch up`` with the engine's arguments; the exit code."""
    # Nobody else may enter: what comes by these sockets is believed.
    folder = Path(tempfile.mkdtemp(prefix="fusewatch-"))
    try:
        with contextlib.ExitStack() as stack:
            relay, door = (stack.enter_context(_local_listener(folder / name)) for name in ("relay", "door"))
            commands = _OurCommands(arguments, folder, relay.fileno(), door.fileno())
            return Parent(commands, inherited=[relay.fileno(), door.fileno()]).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _local_listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(_BACKLOG)
    return listener


def parent_is_gone(control: socket.socket) -> bool:
    """Whether the other side of the control socket has closed; for a child, when the socket became readable."""
    try:
        return control.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def hand_up(control: socket.socket, listener: socket.socket, *others: int) -> None:
    """Gives the parent copies of the listening socket and of further descriptors; for the engine, once its folder is claimed."""
    socket.send_fds(control, [b"l"], [listener.fileno(), *others])
