"""Prometheus scraping the same targets."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psutil


def prometheus_cpu(addresses: list[str], seconds: float) -> float | None:
    """Processor seconds per second that Prometheus takes to scrape the addresses each second; None where it is not installed."""
    binary = shutil.which("prometheus")
    if binary is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        job = {"job_name": "bench", "scrape_interval": "1s", "static_configs": [{"targets": addresses}]}
        config = Path(folder, "prometheus.yml")
        config.write_text(json.dumps({"scrape_configs": [job]}))
        arguments = [f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0"]
        process = subprocess.Popen([binary, *arguments], stderr=subprocess.DEVNULL)
        try:
            time.sleep(5)
            watched = psutil.Process(process.pid)
            before = watched.cpu_times()
            time.sleep(seconds)
            after = watched.cpu_times()
            return (after.user + after.system - before.user - before.system) / seconds
        finally:
            process.terminate()
            process.wait()
