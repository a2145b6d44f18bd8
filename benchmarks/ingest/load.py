"""A steady load of many series: the requests of a tick are made by patching times and values into prepared ones."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import cramjam
import numpy as np
from numpy.typing import NDArray

from benchmarks.ingest.bodies import ROWS, labels_of, varint
from benchmarks.ingest.bodies import field as message_field

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_SOME_MS = 1_700_000_000_000


class Template:
    """A request of up to :data:`ROWS` series with one sample each, whose times and values can be changed in place."""

    def __init__(self, first: int, count: int) -> None:
        parts, value_at, time_at, at = [], [], [], 0
        sample = b"\x09" + bytes(8) + b"\x10" + varint(_SOME_MS)
        for number in range(first, first + count):
            row = message_field(1, labels_of(number) + message_field(2, sample))
            at += len(row)
            value_at.append(at - 15)
            time_at.append(at - 6)
            parts.append(row)
        self._bytes: NDArray[np.uint8] = np.frombuffer(bytearray(b"".join(parts)), np.uint8)
        self._values = np.add.outer(np.array(value_at), np.arange(8))
        self._times = np.add.outer(np.array(time_at), np.arange(6))
        self._numbers = np.arange(first, first + count, dtype=np.float64)

    def body(self, time_ms: int, tick: int) -> bytes:
        """The request for one moment: counters that grow at a pace of their own, and gauges."""
        values = np.where(
            self._numbers % 2 == 0,
            self._numbers * 3 + tick * (1 + self._numbers % 50),
            np.round(50 + 10 * np.sin(tick / 10 + self._numbers), 1),
        )
        self._bytes[self._values] = values.view(np.uint8).reshape(-1, 8)
        self._bytes[self._times] = np.frombuffer(varint(time_ms), np.uint8)
        return bytes(cramjam.snappy.compress_raw(self._bytes.tobytes()))


@dataclass
class Outcome:
    """What became of a load: samples acknowledged, answers by status, the slowest answer in seconds."""

    acknowledged: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    late_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.acknowledged / 1e6:.2f} M samples acknowledged, answers {self.statuses}, slowest {self.slowest_s:.2f} s, "
            f"sent at most {self.late_s:.1f} s late"
        )


class SteadyLoad:
    """Sends every series once per interval over some connections, spread over the interval, until it is stopped."""

    def __init__(self, url: str, *, series: int, interval_s: float, connections: int = 4) -> None:
        self.outcome = Outcome()
        self._address = urlsplit(url)
        self._interval_s = interval_s
        self._templates = [Template(first, min(ROWS, series - first)) for first in range(0, series, ROWS)]
        self._sizes = [min(ROWS, series - first) for first in range(0, series, ROWS)]
        self._connections = connections
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begins."""
        self._threads = [threading.Thread(target=self._run, args=(k,), daemon=True) for k in range(self._connections)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Outcome:
        """Ends; what became of it."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.outcome

    def _run(self, number: int) -> None:
        mine = range(number, len(self._templates), self._connections)
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=120)
        begun, tick = time.monotonic(), 0
        while not self._stop.is_set():
            for place, k in enumerate(mine):
                due = begun + self._interval_s * (tick + place / max(len(mine), 1))
                if self._stop.wait(max(0.0, due - time.monotonic())):
                    return
                self._send(connection, k, tick, time.monotonic() - due)
            tick += 1

    def _send(self, connection: http.client.HTTPConnection, k: int, tick: int, late_s: float) -> None:
        body = self._templates[k].body(int(time.time() * 1000), tick)
        started = time.monotonic()
        try:
            connection.request("POST", "/api/v1/write", body, HEADERS)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except OSError:
            connection.close()
            status = 0
        seconds = time.monotonic() - started
        with self._lock:
            outcome = self.outcome
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
            outcome.acknowledged += self._sizes[k] if status in {200, 204} else 0
            outcome.slowest_s, outcome.late_s = max(outcome.slowest_s, seconds), max(outcome.late_s, late_s)
