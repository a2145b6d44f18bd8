"""``python -m benchmarks.startup``: start to ready (median), idle processor time and memory; ``--imports 20`` for the slowest imports.

The first start of a fresh checkout compiles kernels and is not counted.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import Family

_READY_WITHIN_S = 120.0


@contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """A server that is ready, and how many seconds that took."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "fusewatch", "up", "--data", str(data), "--listen", "127.0.0.1:0"]
    # Without compiled modules each start would compile a thousand files, which no installation does.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if len(environment) != len(os.environ):
        environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "fusewatch-benchmark-pycache")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=data.parent, env=environment)
    try:
        url = _address(process)
        while not _is_ready(url):
            if time.perf_counter() - begun > _READY_WITHIN_S:
                raise TimeoutError("the server did not become ready")
            time.sleep(0.01)
        yield process, time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"open +(http\S+)", line):
            return found[1]
    raise RuntimeError("the server did not start")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


def idle(process: subprocess.Popen[str], seconds: float) -> tuple[float, dict[str, tuple[int, int]]]:
    """Processor use of all processes in cores, after ``seconds`` of watching this machine alone; and the memory of each in bytes.

    Of memory what is resident, and how much of that nobody else has; the rest is pages of files, libraries mostly.
    """
    family = Family(process.pid)
    time.sleep(5)
    before, begun = family.processor_seconds(), time.perf_counter()
    time.sleep(seconds)
    used = (family.processor_seconds() - before) / (time.perf_counter() - begun)
    own = family.own_memory()
    return used, {role: (resident, own[role]) for role, resident in family.memory().items()}


def slowest_imports(count: int) -> list[tuple[float, str]]:
    """The modules whose own code takes longest to import, in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import fusewatch.server.life"], capture_output=True, text=True, check=True
    )
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines()[1:] if line.startswith("import time:")]
    return sorted(((int(own) / 1000, name.strip()) for own, _, name in rows if own.strip().isdigit()), reverse=True)[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--imports", type=int, default=0, metavar="COUNT")
    options = parser.parse_args()
    for milliseconds, name in slowest_imports(options.imports) if options.imports else ():
        print(f"{milliseconds:8.1f} ms  {name}")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with running(data) as (_, first):
            print(f"first start (compiled kernels may be missing)  {first:6.2f} s")
        seconds = []
        for _ in range(options.starts):
            with running(data) as (_, taken):
                seconds.append(taken)
        print(f"start to ready, median of {options.starts}                    {statistics.median(seconds):6.2f} s   (target 5)")
        with running(data) as (process, _):
            cores, memory = idle(process, options.idle)
        print(f"idle with host collection, {options.idle:g} s               {cores * 100:6.2f} % of a core (target 5)")
        for role, (resident, own) in memory.items():
            print(f"memory: {role:<39}{resident / 1e6:6.0f} MB  (its own: {own / 1e6:.0f})")
        print(
            f"memory in all                                  {sum(resident for resident, _ in memory.values()) / 1e6:6.0f} MB  (target 700)"
        )


if __name__ == "__main__":
    main()
