"""The three servers, each started on a port of its own with an empty data folder, all spoken to alike."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_READY_WITHIN_S = 120.0


@dataclass(frozen=True)
class Server:
    """A running server: where to send remote writes and queries, and its process."""

    name: str
    url: str
    process: subprocess.Popen[str]

    def is_ready(self, client: httpx.Client) -> bool:
        """Whether it answers its own health check."""
        path = "/health" if self.name == "VictoriaMetrics" else "/-/ready"
        try:
            return client.get(self.url + path).status_code == 200
        except httpx.TransportError:
            return False


def binary(name: str, default: str) -> str:
    """The program to run: ``FUSEWATCH_BENCH_<NAME>`` or Debian's."""
    return os.environ.get(f"FUSEWATCH_BENCH_{name}", default)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _prometheus(folder: Path, _config: str) -> tuple[str, list[str]]:
    port = _free_port()
    config = folder / "prometheus.yml"
    config.write_text("global: {}\n")
    flags = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    return f"http://127.0.0.1:{port}", [
        binary("PROMETHEUS", "prometheus"),
        *flags,
        "--web.enable-remote-write-receiver",
        "--log.level=error",
    ]


def _victoria_metrics(folder: Path, _config: str) -> tuple[str, list[str]]:
    port = _free_port()
    flags = [f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}", "-loggerLevel=ERROR", "-search.disableCache"]
    return f"http://127.0.0.1:{port}", [binary("VICTORIA_METRICS", "victoria-metrics"), *flags]


def _fusewatch(folder: Path, config: str) -> tuple[str, list[str]]:
    file = folder / "fusewatch.yml"
    file.write_text(config)
    flags = ["--config", str(file), "--data", str(folder / "data"), "--listen", "127.0.0.1:0"]
    return "", [sys.executable, "-m", "fusewatch", "up", *flags]


_STARTERS = {"Prometheus": _prometheus, "VictoriaMetrics": _victoria_metrics, "Fusewatch": _fusewatch}
NAMES = tuple(_STARTERS)


@contextmanager
def running(name: str, folder: Path, *, fusewatch_config: str = "", flags: Sequence[str] = ()) -> Iterator[Server]:
    """The server on what the folder holds, ready, until the block ends; our own with this configuration, a peer with these flags too."""
    folder.mkdir(exist_ok=True)
    url, command = _STARTERS[name](folder, fusewatch_config)
    listening = name == "Fusewatch"
    command += flags
    process = subprocess.Popen(command, stdout=subprocess.PIPE if listening else subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    try:
        server = Server(name, _printed_address(process) if listening else url, process)
        with httpx.Client(timeout=5) as client:
            deadline = time.monotonic() + _READY_WITHIN_S
            while not server.is_ready(client):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError(f"{name} did not become ready")
                time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)


def _printed_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"open +(http://\S+)", line):
            return found[1].rstrip("/")
    raise RuntimeError("Fusewatch did not start")
