"""A real ``fusewatch up`` for tests: the command as users run it, on a free port, in a folder of its own."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

import psutil

#: A first start compiles kernels.
START_WITHIN_S = 100.0


def _environment() -> dict[str, str]:
    """Ours, but with compiled modules kept even where tests themselves keep none: each start would compile a thousand files."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if len(kept) != len(os.environ):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "fusewatch-tests-pycache"))
    return kept


class RunningServer:
    """The parent process of a server and its address.

    ``url`` is where it answers; ``data`` its folder; ``lines`` everything it has printed, standard error included.
    """

    def __init__(self, data: Path, *arguments: str, config: str | None = None, env: dict[str, str] | None = None) -> None:
        self.data = data
        self.lines: list[str] = []
        self._new: queue.Queue[str | None] = queue.Queue()
        command = [sys.executable, "-m", "fusewatch", "up", "--data", str(data), *arguments]
        if not any(argument.startswith("--listen") for argument in arguments):
            command += ["--listen", "127.0.0.1:0"]
        if config is not None:
            self.config = data.with_name(data.name + ".yml")
            self.config.write_text(config)
            command += ["--config", str(self.config)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**_environment(), **(env or {})}, cwd=data.parent
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = ""

    def __enter__(self) -> Self:
        return self.wait_until_ready()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_ready(self) -> Self:
        """Returns when the address is printed and /-/ready says yes; fails with the output otherwise."""
        self.url = self.wait_for_line(r"open +(http\S+)")[1]
        self.wait_for(lambda: self.status("/-/ready") == 200)
        return self

    def wait_for_line(self, pattern: str) -> re.Match[str]:
        """The first printed line that fits."""
        end = time.monotonic() + START_WITHIN_S
        seen = 0
        while True:
            for line in self.lines[seen:]:
                seen += 1
                if found := re.search(pattern, line):
                    return found
            try:
                ended = self._new.get(timeout=max(0.01, end - time.monotonic())) is None
            except queue.Empty:
                ended = True
            if ended and seen == len(self.lines):
                raise AssertionError(f"no line like {pattern!r} in:\n{self.output}")

    @staticmethod
    def wait_for(condition: Any, within_s: float = START_WITHIN_S) -> Any:
        """What ``condition`` returns, once it is true."""
        end = time.monotonic() + within_s
        while True:
            if found := condition():
                return found
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def engine(self) -> int:
        """The process id of the engine that lives now."""
        return self._child("engine")

    @property
    def receiver(self) -> int:
        """The process id of the receiver that lives now."""
        return self._child("receiver")

    def _child(self, name: str) -> int:
        children = psutil.Process(self.process.pid).children()
        [found] = [child.pid for child in children if f"fusewatch.server.{name}" in child.cmdline()]
        return found

    def ask(self, path: str, data: bytes | None = None, method: str | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body of an answer, whatever the status; OSError where there is no answer."""
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def status(self, path: str) -> int:
        """The status of a GET; 0 where there is no answer."""
        try:
            return self.ask(path)[0]
        except OSError:
            return 0

    def json(self, path: str) -> Any:
        """The JSON of a GET that answers 200."""
        status, body = self.ask(path)
        assert status == 200, body
        return json.loads(body)

    def query(self, promql: str, **parameters: str) -> list[dict[str, Any]]:
        """The result of an instant query."""
        found: list[dict[str, Any]] = self.json("/api/v1/query?" + urllib.parse.urlencode({"query": promql, **parameters}))["data"][
            "result"
        ]
        return found

    def kill_engine(self) -> int:
        """Ends the engine as native code would; returns its process id."""
        engine = self.engine
        os.kill(engine, signal.SIGKILL)
        return engine

    def kill_receiver(self) -> int:
        """The same for the receiver."""
        receiver = self.receiver
        os.kill(receiver, signal.SIGKILL)
        return receiver

    def stop(self) -> int:
        """Asks for the end and waits for it; the exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Waits for the end; the exit code."""
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._reader.join(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._new.put(line)
        self._new.put(None)
