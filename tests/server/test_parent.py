"""The parent with small engines of the test's own; each test runs a real parent process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """
import sys
from fusewatch.server.parent import Parent
class Commands:
    def engine(self, control, handed):
        return [sys.executable, "-u", sys.argv[1], str(control), str(handed[0] if handed else 0), *sys.argv[2:]]
    def receiver(self, control, handed):
        return [sys.executable, "-u", sys.argv[1] + ".receiver", str(control), str(handed[0]), *sys.argv[2:]]
sys.exit(Parent(Commands(), longest_delay_s=0.05, stop_within_s=1.0).run())
"""
ENGINE = """
import os, select, signal, socket, sys, time
from pathlib import Path
from fusewatch.server.parent import hand_up, parent_is_gone
control, inherited, folder = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3])
def starts():
    return len(list(folder.glob("start-*")))
(folder / f"start-{starts() + 1}").touch()
def say(*words):
    print(*words, flush=True)
def serve():
    listener = socket.socket(fileno=inherited) if inherited else socket.create_server(("127.0.0.1", 0))
    hand_up(control, listener)
    say("serving", os.getpid(), listener.getsockname()[1])
    return listener
def wait_for_parent():
    select.select([control], [], [])
    say("parent gone" if parent_is_gone(control) else "message")
"""

RECEIVER = """
import os, select, signal, socket, sys
from pathlib import Path
from fusewatch.server.parent import parent_is_gone
control, inherited, folder = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3])
def starts():
    return len(list(folder.glob("receiver-*")))
(folder / f"receiver-{starts() + 1}").touch()
def say(*words):
    print(*words, flush=True)
"""


class Family:
    """A parent process and what its engines print."""

    def __init__(self, tmp_path: Path, body: str, receiver: str = "signal.pause()") -> None:
        script = tmp_path / "engine.py"
        script.write_text(ENGINE + body)
        script.with_name("engine.py.receiver").write_text(RECEIVER + receiver)
        self.folder = tmp_path
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(script), str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    @property
    def starts(self) -> int:
        return len(list(self.folder.glob("start-*")))


@pytest.fixture
def family(tmp_path):
    started: list[Family] = []

    def start(body: str, receiver: str = "signal.pause()") -> Family:
        started.append(Family(tmp_path, body, receiver))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdout, one.process.stderr):
            assert stream is not None
            stream.close()


@pytest.mark.parametrize("code", [0, 1, 2, 3, 70])
def test_an_engine_that_ends_as_asked_or_can_not_start_is_not_started_again(family, code):
    parent = family(f"sys.exit({code})")
    assert parent.end() == (code, "", "")
    assert parent.starts == 1


def test_an_engine_that_crashes_is_started_again_until_it_ends_well(family):
    parent = family("if starts() < 3: os.kill(os.getpid(), signal.SIGSEGV)\nserve()\nif starts() < 4: sys.exit(70)\n")
    code, _, err = parent.end()
    assert code == 0
    assert parent.starts == 4
    assert err.count("was ended by SIGSEGV; starting it again") == 2
    assert err.count("failed (exit code 70); starting it again") == 1


def test_the_port_stays_open_while_a_crashed_engine_is_replaced(family):
    parent = family("listener = serve()\nif starts() > 1: listener.accept()[0].sendall(b'hello')\nsignal.pause()\n")
    _, pid, port = parent.line()
    os.kill(int(pid), signal.SIGKILL)
    with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as client:
        assert client.recv(5) == b"hello"
    assert parent.line()[2] == port
    parent.process.terminate()
    assert parent.end()[0] == 0


def test_once_it_has_served_even_a_start_that_fails_is_tried_again(family):
    parent = family("if starts() == 2: sys.exit(2)\nserve()\nif starts() == 1: sys.exit(70)\n")
    assert parent.end()[0] == 0
    assert parent.starts == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_reaches_the_engine_once(family, number):
    parent = family("signal.signal(signal.SIGTERM, lambda *_: (say('stopping'), sys.exit(0)))\nserve()\nsignal.pause()\n")
    parent.line()
    parent.process.send_signal(number)
    assert parent.end() == (0, "stopping\n", "")


def test_a_hangup_is_passed_on(family):
    parent = family("signal.signal(signal.SIGHUP, lambda *_: (say('reload'), sys.exit(0)))\nserve()\nsignal.pause()\n")
    parent.line()
    parent.process.send_signal(signal.SIGHUP)
    assert parent.end() == (0, "reload\n", "")


def test_an_engine_that_does_not_stop_is_ended(family):
    parent = family("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()\nwhile True: signal.pause()\n")
    parent.line()
    parent.process.terminate()
    assert parent.end()[0] == 1


def test_an_engine_notices_that_its_parent_is_gone(family):
    parent = family("serve()\nwait_for_parent()\n", "select.select([control], [], [])")
    parent.line()
    parent.process.kill()
    assert parent.line() == ["parent", "gone"]


SERVING = "serve()\nsignal.pause()\n"


def test_the_receiver_starts_once_the_engine_hands_up_its_port_and_is_given_it(family):
    parent = family(SERVING, "listener = socket.socket(fileno=inherited)\nsay('receiver', listener.getsockname()[1])\nsignal.pause()\n")
    lines = sorted([parent.line(), parent.line()])
    assert lines[0] == ["receiver", lines[1][2]]
    parent.process.terminate()
    assert parent.end()[0] == 0


def test_a_receiver_that_crashes_is_started_again_and_the_engine_is_left_alone(family):
    parent = family(SERVING, "if starts() < 3: os.kill(os.getpid(), signal.SIGSEGV)\nsay('receiver', starts())\nsignal.pause()\n")
    assert ["receiver", "3"] in [parent.line(), parent.line()]
    assert parent.starts == 1
    parent.process.terminate()
    code, _, err = parent.end()
    assert code == 0
    assert err.count("the receiver was ended by SIGSEGV; starting it again") == 2


def test_an_engine_that_crashes_leaves_the_receiver_at_work(family):
    parent = family("serve()\nif starts() < 3: time.sleep(0.3); os.kill(os.getpid(), signal.SIGKILL)\nsignal.pause()\n")
    for _ in range(3):
        parent.line()
    assert len(list(parent.folder.glob("receiver-*"))) == 1
    parent.process.terminate()
    assert parent.end()[0] == 0


def test_the_receiver_ends_after_the_engine(family):
    engine = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.2), say('engine'), sys.exit(0)))\nserve()\nsignal.pause()\n"
    parent = family(engine, "signal.signal(signal.SIGTERM, lambda *_: (say('receiver'), sys.exit(0)))\nsay('ready')\nsignal.pause()\n")
    parent.line()
    parent.line()
    parent.process.terminate()
    assert parent.end() == (0, "engine\nreceiver\n", "")


def loaded_by(modules: str) -> set[str]:
    code = f"import sys, {modules}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_parent_imports_nothing_heavy():
    heavy = {"numba", "numpy", "chdb", "pydantic", "yaml", "fastapi", "starlette", "sqlalchemy", "aiohttp", "structlog", "asyncio"}
    assert not loaded_by("fusewatch.cli.main, fusewatch.cli.up, fusewatch.server.parent") & heavy


def test_no_command_loads_the_engine():
    commands = ", ".join(f"fusewatch.cli.{name}" for name in ("check", "query", "user", "token"))
    assert not loaded_by(commands) & {"numba", "chdb", "aiohttp"}
