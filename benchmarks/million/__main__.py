"""A million active series: memory, refused writes, size on disk, and a restart after kill -9 at that load.

``--series`` and ``--minutes`` say how many and for how long; ``--peer VictoriaMetrics`` or ``--peer Prometheus`` measures one of them.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.ingest.load import SteadyLoad
from benchmarks.processes import Family, disk_usage
from benchmarks.query.servers import NAMES, Server, running

INTERVAL_S = 15.0


def watch(server: Server, load: SteadyLoad, folder: Path, minutes: float) -> int:
    """Prints a line every half a minute; the most memory seen."""
    most, started, said, family = 0, time.monotonic(), 0.0, Family(server.process.pid)
    while (passed := time.monotonic() - started) < minutes * 60:
        time.sleep(1)
        memory = sum(family.memory().values())
        most = max(most, memory)
        if passed - said >= 30:
            said = passed
            print(f"  {passed / 60:5.1f} min  memory {memory >> 20} MB  disk {disk_usage(folder)[1] >> 20} MB  {load.outcome}", flush=True)
    return most


def restart(server: Server) -> float:
    """Kills what serves at this moment; seconds until it is ready again."""
    children = psutil.Process(server.process.pid).children()
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
    started = time.monotonic()
    import httpx  # noqa: PLC0415

    with httpx.Client(timeout=60) as client:
        while True:
            time.sleep(0.1)
            if server.is_ready(client):
                return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--peer", choices=NAMES, default="Fusewatch")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(options.peer, Path(folder) / "server") as server:
        load = SteadyLoad(server.url, series=options.series, interval_s=INTERVAL_S)
        load.start()
        print(f"{options.peer}: {options.series:,} series every {INTERVAL_S:.0f} s", flush=True)
        most = watch(server, load, Path(folder), options.minutes)
        print(f"most memory {most >> 20} MB, {load.outcome}")
        if options.peer == "Fusewatch":
            seconds = restart(server)
            print(f"ready again {seconds:.1f} s after kill -9 of both, memory {sum(Family(server.process.pid).memory().values()) >> 20} MB")
        load.stop()


if __name__ == "__main__":
    main()
