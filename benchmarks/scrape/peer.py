"""Whole servers scraping and storing the same targets: Prometheus, and Fusewatch beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

#: Until everything is started, compiled and scraped for the first time.
_SETTLE_S = 20.0


def prometheus_cpu(addresses: list[str], seconds: float) -> float | None:
    """Processor seconds per second that Prometheus takes to scrape the addresses each second; None where it is not installed."""
    binary = shutil.which("prometheus")
    if binary is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        config = _configuration(folder, addresses)
        command = [binary, f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0"]
        return _cpu(command, seconds)


def fusewatch_cpu(addresses: list[str], seconds: float) -> float:
    """The same of ``fusewatch up``: all its processes, storing, watching this machine and itself too."""
    with tempfile.TemporaryDirectory() as folder:
        config = _configuration(folder, addresses)
        command = [sys.executable, "-m", "fusewatch", "up", "--config", str(config), "--data", f"{folder}/data", "--listen", "127.0.0.1:0"]
        return _cpu(command, seconds)


def _configuration(folder: str, addresses: list[str]) -> Path:
    job = {"job_name": "bench", "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": addresses}]}
    config = Path(folder, "prometheus.yml")
    config.write_text(json.dumps({"scrape_configs": [job]}))
    return config


def _cpu(command: Sequence[str], seconds: float) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(_SETTLE_S)
        before = _used(process.pid)
        time.sleep(seconds)
        return (_used(process.pid) - before) / seconds
    finally:
        process.terminate()
        process.wait()


def _used(pid: int) -> float:
    """Processor seconds of a process and its children."""
    parent = psutil.Process(pid)
    times = [one.cpu_times() for one in (parent, *parent.children(recursive=True))]
    return sum(each.user + each.system for each in times)
