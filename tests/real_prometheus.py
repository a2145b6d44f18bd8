"""The real Prometheus for tests, on a free port, in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Prometheus:
    """A Prometheus that answers at ``url``; ``data`` is its TSDB directory."""

    url: str
    data: Path

    def result(self, path: str, **parameters: Any) -> Any:
        """The result of a query: ``query`` or ``query_range``."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
            return json.load(answer)["data"]["result"]

    def post(self, path: str, body: bytes) -> bytes:
        """The answer to a snappy body."""
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=30) as answer:
            return answer.read()


@contextlib.contextmanager
def prometheus(folder: Path, config: str, *arguments: str) -> Iterator[Prometheus]:
    """Runs until the block ends."""
    program = shutil.which("prometheus") or pytest.skip("prometheus is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / "prometheus.yml").write_text(config)
    files = f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"
    with subprocess.Popen([program, *files, f"--web.listen-address={address}", *arguments], stderr=subprocess.DEVNULL) as process:
        try:
            until_ready(f"http://{address}/-/ready")
            yield Prometheus(f"http://{address}", folder / "tsdb")
        finally:
            process.terminate()


def until_ready(url: str) -> None:
    """Returns once the page answers 200."""
    end = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        assert time.monotonic() < end, f"{url} was not ready in time"
        time.sleep(0.05)
