"""What was acknowledged is never lost: killed under load, again and again, and stopped under load."""

from __future__ import annotations

import json
import threading
import time
import urllib.error

import pytest
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer

pytestmark = pytest.mark.e2e

KILLS = 4
WRITERS = 4
SERIES = 50


class Writer(threading.Thread):
    """Writes batches until it is told to stop; remembers how many of its batches were acknowledged.

    Batch k gives each series the value k at a timestamp of its own. A batch whose answer was lost is sent again, as Prometheus does.
    """

    def __init__(self, server: RunningServer, number: int, start_ms: int) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.number = number
        self.start_ms = start_ms
        self.acknowledged = 0
        self.refused: list[tuple[int, bytes]] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            batch = self.acknowledged + 1
            body = remote_body(
                ({"__name__": "durable", "writer": str(self.number), "series": str(index)}, [(self.start_ms + batch, float(batch))])
                for index in range(SERIES)
            )
            try:
                status, answer = self.server.ask("/api/v1/write", body, **HEADERS)
            except (OSError, urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
                continue
            except Exception as error:  # noqa: BLE001 - half an answer of a killed server
                self.refused.append((0, str(error).encode()))
                continue
            if status == 204:
                self.acknowledged = batch
            elif status != 503:
                self.refused.append((status, answer))


@pytest.fixture
def start_ms() -> int:
    return int(time.time() * 1000) - 3_600_000


def missing(server: RunningServer, writers: list[Writer], start_ms: int) -> dict[int, float]:
    """By writer: how many acknowledged samples are not there."""
    end = start_ms + max(writer.acknowledged for writer in writers) + 1
    found = server.query("sum by (writer) (count_over_time(durable[1h]))", time=f"{end / 1000:.3f}")
    counts = {int(one["metric"]["writer"]): float(one["value"][1]) for one in found}
    return {writer.number: lost for writer in writers if (lost := writer.acknowledged * SERIES - counts.get(writer.number, 0)) > 0}


def test_killed_under_load_in_a_loop_nothing_acknowledged_is_lost(tmp_path, start_ms):
    with RunningServer(tmp_path / "data", config="host: {enabled: false}\n") as server:
        writers = [Writer(server, number, start_ms) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for kill in range(1, KILLS + 1):
            goal = {writer: writer.acknowledged + 20 for writer in writers}
            server.wait_for(lambda goal=goal: all(writer.acknowledged >= wanted for writer, wanted in goal.items()))
            server.kill_engine() if kill % 2 else server.kill_receiver()
            server.wait_for(lambda kill=kill: server.output.count("starting it again") == kill)
            server.wait_for(lambda: server.status("/-/ready") == 200)
        for writer in writers:
            writer.stopping.set()
            writer.join(timeout=60)
        assert missing(server, writers, start_ms) == {}
        assert [refused for writer in writers for refused in writer.refused if refused[0]] == []


def test_stopped_under_load_it_ends_within_ten_seconds_and_keeps_everything(tmp_path, start_ms):
    server = RunningServer(tmp_path / "data").wait_until_ready()
    writers = [Writer(server, number, start_ms) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    server.wait_for(lambda: all(writer.acknowledged > 20 for writer in writers))
    server.process.terminate()
    assert server.wait() == 0
    [stopped] = [json.loads(line) for line in server.lines if '"stopped"' in line]
    assert stopped["seconds"] <= 10
    for writer in writers:
        writer.stopping.set()
        writer.join(timeout=60)
    with RunningServer(tmp_path / "data") as again:
        assert missing(again, writers, start_ms) == {}
