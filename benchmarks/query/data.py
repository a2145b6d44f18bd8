"""Counters of many instances, as remote-write requests that every server gets alike."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import cramjam
import httpx
import numpy as np
import numpy.typing as npt

from benchmarks.ingest.bodies import field, varint
from benchmarks.query.servers import Server

STEP_MS = 15_000
_ROWS = 10_000


def _labels(series: int) -> bytes:
    pairs = {
        "__name__": "x_total",
        "instance": f"host-{series:05d}.example.org:9100",
        "job": f"job-{series % 10}",
        "le": ("0.1", "0.5", "1", "5", "+Inf")[series // 10 % 5],
    }
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in pairs.items())


def first_values(series: int) -> npt.NDArray[np.float64]:
    """Where the counters begin."""
    return np.random.default_rng(1).integers(0, 100_000, series).astype(np.float64)


def requests(*, series: int, steps: int, start_ms: int, values: npt.NDArray[np.float64] | None = None) -> Iterator[bytes]:
    """Snappy bodies: all series at one time, then all of them at the next; counters grow unevenly and start again now and then.

    ``values`` (series) are where they stand, and will stand afterwards.
    """
    labels = [_labels(number) for number in range(series)]
    random = np.random.default_rng(1)
    values = first_values(series) if values is None else values
    rows: list[bytes] = []
    for step in range(steps):
        values += random.integers(0, 60, series)
        values[random.random(series) < 1e-4] = 0.0
        moment = b"\x10" + varint(start_ms + step * STEP_MS)
        for name, value in zip(labels, values.tolist(), strict=True):
            rows.append(field(1, name + field(2, b"\x09" + struct.pack("<d", value) + moment)))
            if len(rows) == _ROWS:
                yield bytes(cramjam.snappy.compress_raw(b"".join(rows)))
                rows = []
    if rows:
        yield bytes(cramjam.snappy.compress_raw(b"".join(rows)))


def load(servers: list[Server], bodies: Iterator[bytes]) -> None:
    """Sends every body to every server, again while one is busy."""
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Write-Version": "0.1.0"}
    with httpx.Client(timeout=60, headers=headers) as client:
        for body in bodies:
            for server in servers:
                while (answer := client.post(f"{server.url}/api/v1/write", content=body)).status_code in (429, 503):
                    time.sleep(0.1)
                answer.raise_for_status()
