"""Remote write to another server: samples a second that Fusewatch and Prometheus send to the same sink.

Both are given the same samples while the sink is closed, so that all of them wait; then it opens. Both have as many shards and requests of
2,000 samples. What was sent is what each says in its own metrics, which have the same names.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx

from benchmarks.forward import sink
from benchmarks.ingest.bodies import ROWS, build_requests
from benchmarks.ingest.sender import seconds_to_send
from benchmarks.query.servers import binary

SERIES = 8 * ROWS
TICKS = 200
ROUNDS = 3
SHARDS = (1, 4)


def config_of(url: str, shards: int) -> str:
    """The same block for both."""
    queue = {"min_shards": shards, "max_shards": shards, "max_backoff": "100ms"}
    return f"remote_write: {json.dumps([{'url': url, 'queue_config': queue, 'metadata_config': {'send': False}}])}\n"


def start(name: str, folder: Path, config: str) -> tuple[str, subprocess.Popen[bytes]]:
    """A server that sends, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = folder / "config.yml"
    if name == "Prometheus":
        file.write_text(config)
        flags = [f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}"]
        command = [binary("PROMETHEUS", "prometheus"), *flags, "--web.enable-remote-write-receiver", "--log.level=error"]
    else:
        file.write_text("host: {enabled: false}\n" + config)
        command = [sys.executable, "-m", "fusewatch", "up", "--data", str(folder / "data"), "--listen", address, "--config", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    url = f"http://{address}"
    while True:
        try:
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return url, process
        except httpx.TransportError:
            time.sleep(0.1)


def sent(url: str, name: str) -> float:
    """Samples that a server has sent, up to a request per shard; Prometheus counts each try."""
    lines = httpx.get(f"{url}/metrics", timeout=60).text.splitlines()

    def total(metric: str) -> float:
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"prometheus_remote_storage_{metric}{{"))

    return total("samples_total") - (total("samples_retried_total") if name == "Prometheus" else 0.0)


def measure(name: str, shards: int) -> float:
    """Samples a second from the opening of the sink to the last one."""
    with tempfile.TemporaryDirectory() as folder, sink.running() as target:
        url, process = start(name, Path(folder), config_of(target.url, shards))
        try:
            # Prometheus sends nothing that is older than its start.
            bodies = list(build_requests(series=SERIES, samples=SERIES * TICKS, start_ms=int(time.time() * 1000) + 5_000, step_ms=1_000))
            seconds_to_send(url, bodies, 8)
            time.sleep(10)  # until all of it is where it is read from
            target.opened.set()
            begun, goal = time.perf_counter(), 0.99 * SERIES * TICKS
            while sent(url, name) < goal:
                time.sleep(0.5)
            return goal / (time.perf_counter() - begun)
        finally:
            process.terminate()
            process.wait(60)


def main() -> None:
    for shards in SHARDS:
        rates: dict[str, list[float]] = {"Fusewatch": [], "Prometheus": []}
        for _ in range(ROUNDS):
            for name, found in rates.items():
                found.append(measure(name, shards))
        ours = median(rates["Fusewatch"])
        print(f"\n{shards} shard{'s' * (shards > 1)}, samples sent a second:")
        for name, found in rates.items():
            print(f"  {name:<12}{median(found):>12,.0f}   Fusewatch is {ours / median(found):.1f} times that")


if __name__ == "__main__":
    main()
