"""A steady load and a dashboard for an hour: memory, open files, threads and files on disk, which must not grow.

``--rate`` is samples a second, by default a tenth of what ``benchmarks.ingest`` reaches over eight connections; ``--series`` are theirs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.ingest.dashboard import steady_dashboard
from benchmarks.ingest.load import SteadyLoad
from benchmarks.processes import Family, disk_usage
from benchmarks.query.servers import running

#: What is filled at a start (caches, pools, the first seals) is not counted as growth.
_SETTLED_AFTER = 0.25


@dataclass(frozen=True, slots=True)
class Look:
    """The figures of one moment; ``at`` in minutes, sizes in MB."""

    at: float
    memory: float
    engine: float
    disk: float
    files: int
    open_files: int
    threads: int

    def __str__(self) -> str:
        return (
            f"{self.at:6.1f} min  memory {self.memory:6.0f} MB, engine {self.engine:6.0f} MB  disk {self.disk:6.0f} MB  "
            f"{self.files:5} files, {self.open_files:4} open  {self.threads:3} threads"
        )


def look(family: Family, folder: Path, at: float) -> Look:
    files, size = disk_usage(folder)
    memory = family.memory()
    return Look(at, sum(memory.values()) / 1e6, memory.get("engine", 0) / 1e6, size / 1e6, files, family.open_files(), family.threads())


def growth(looks: list[Look], name: str) -> str:
    """How a figure changes in an hour, by a line through it, beside its middle."""
    settled = [one for one in looks if one.at >= looks[-1].at * _SETTLED_AFTER]
    values = np.array([getattr(one, name) for one in settled], np.float64)
    slope = np.polyfit([one.at for one in settled], values, 1)[0] * 60
    return f"{name:<11} {np.median(values):8.0f} in the middle, {values.min():8.0f} to {values.max():8.0f}, {slope:+8.1f} an hour"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=450_000)
    parser.add_argument("--series", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    looks: list[Look] = []
    with tempfile.TemporaryDirectory() as name, running("Fusewatch", Path(name) / "server") as server:
        folder, family = Path(name) / "server" / "data", Family(server.process.pid)
        load = SteadyLoad(server.url, series=options.series, interval_s=options.series / options.rate)
        load.start()
        started, used = time.monotonic(), family.processor_seconds()
        with steady_dashboard(server.url, every_s=5) as asked:
            while time.monotonic() - started < options.minutes * 60:
                time.sleep(60)
                looks.append(look(family, folder, (time.monotonic() - started) / 60))
                print(f"{looks[-1]}  {load.outcome}, panels {asked.answered} answered, {asked.failed} failed", flush=True)
        cores = (family.processor_seconds() - used) / (time.monotonic() - started)
        print(f"\n{load.stop()}, {cores:.2f} cores")
        for role, size in family.memory().items():
            print(f"  {role:<9}{size / 1e6:6.0f} MB")
    for figure in ("memory", "engine", "files", "open_files", "threads"):
        print(growth(looks, figure))


if __name__ == "__main__":
    main()
