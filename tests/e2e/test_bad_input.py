"""Bad input: the codes and words that Prometheus has for it, no memory spent on it, and everybody else served meanwhile."""

from __future__ import annotations

import gzip
import socket
import time
import urllib.parse
import zlib

import cramjam
import psutil
import pytest
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer

pytestmark = pytest.mark.e2e

LIMIT = 3_000
MINUTE = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config = f"host: {{enabled: false}}\nstorage: {{max_series_per_metric: {LIMIT}}}\n"
    with RunningServer(tmp_path_factory.mktemp("bad") / "data", config=config) as running:
        good(running)  # everything that is lazy is loaded now
        yield running


def now_ms() -> int:
    return int(time.time() * 1000)


def write(server: RunningServer, *series) -> tuple[int, str]:
    status, body = server.ask("/api/v1/write", remote_body(series), **HEADERS)
    return status, body.decode()


def good(server: RunningServer) -> None:
    assert write(server, ({"__name__": "good", "job": "a"}, [(now_ms(), 1.0)])) == (204, "")


def memory(server: RunningServer) -> int:
    return psutil.Process(server.receiver).memory_info().rss + psutil.Process(server.engine).memory_info().rss


def test_samples_far_in_the_past_or_future_are_named_and_their_neighbours_stored(server):
    now = now_ms()
    for time_ms, words in (
        (now - 40 * 24 * 60 * MINUTE, "older than the retention of 30d"),
        (now + 60 * MINUTE, "ahead of this machine's clock"),
    ):
        status, text = write(server, ({"__name__": "early"}, [(time_ms, 1.0)]), ({"__name__": "neighbour"}, [(now, 2.0)]))
        assert status == 400
        assert "out of bounds" in text
        assert words in text
    [found] = server.wait_for(lambda: server.query("neighbour"))
    assert found["value"][1] == "2"
    assert server.query("early") == []


def one_gibibyte_of_snappy() -> bytes:
    """A block that says so: its length is believed only as far as the limit goes."""
    return bytes([0x80, 0x80, 0x80, 0x80, 0x04]) + bytes(cramjam.snappy.compress_raw(bytes(1 << 20)))[3:]


def test_bombs_are_refused_without_being_unpacked(server):
    before = memory(server)
    assert server.ask("/api/v1/write", one_gibibyte_of_snappy(), **HEADERS)[0] == 400
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(1024)) + packer.flush()
    for path, kind in (("/v1/metrics", "application/x-protobuf"), ("/v1/metrics", "application/json"), ("/write", "text/plain")):
        status, _ = server.ask(path, bomb, **{"Content-Type": kind, "Content-Encoding": "gzip"})
        assert status in {400, 413}, path
    assert memory(server) - before < 200 << 20
    good(server)


def test_a_truncated_body_of_each_encoding_is_malformed(server):
    whole = remote_body([({"__name__": "x"}, [(now_ms(), 1.0)])])
    assert server.ask("/api/v1/write", whole[:-3], **HEADERS)[0] == 400
    packed = gzip.compress(b"cpu,host=a usage=1")[:-4]
    assert server.ask("/write", packed, **{"Content-Encoding": "gzip"})[0] == 400


def test_half_a_request_holds_nobody_up_and_stores_nothing(server):
    address = urllib.parse.urlsplit(server.url)
    body = remote_body([({"__name__": "half"}, [(now_ms(), 1.0)])])
    head = f"POST /api/v1/write HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Encoding: snappy\r\nContent-Length: {len(body)}\r\n\r\n"
    open_ones = []
    for _ in range(20):
        client = socket.create_connection((address.hostname, address.port))
        client.sendall(head.encode() + body[: len(body) // 2])
        open_ones.append(client)
    good(server)
    for client in open_ones:
        client.close()
    good(server)
    assert server.query("half") == []


def test_a_flood_of_new_series_is_cut_off_at_its_limit_and_nothing_else_is(server):
    before, statuses, words = memory(server), [], ""
    for start in range(0, 20_000, 1_000):
        now = now_ms()
        status, text = write(server, *(({"__name__": "flood", "n": str(n)}, [(now, 1.0)]) for n in range(start, start + 1_000)))
        statuses.append(status)
        words = words or (text if status == 429 else "")
        good(server)
    assert statuses == [204] * (LIMIT // 1_000) + [429] * (20 - LIMIT // 1_000)
    assert "flood" in words
    assert "storage.max_series_per_metric" in words
    assert write(server, ({"__name__": "flood", "n": "0"}, [(now_ms(), 2.0)]))[0] == 204  # a known one goes on
    assert server.wait_for(lambda: server.query("count(flood)"))[0]["value"][1] == str(LIMIT)
    assert memory(server) - before < 200 << 20
