"""Long answers are sent in pieces, of which few are in memory, and end with their client."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading

import cramjam
import httpx
import numpy as np
import pytest
from starlette.requests import ClientDisconnect
from tests.api.running import application, listening, until
from tests.api.serving import NOW, memory_services
from tests.promql.memory import MemoryReader

from fusewatch.api.prometheus.errors import UnavailableError
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.api.prometheus.results import print_result
from fusewatch.api.prometheus.streaming import PIECE_BYTES, begin, gathered, respond
from fusewatch.promql.engine import Engine
from fusewatch.telemetry.labels import METRIC_NAME, Labels

SERIES, SAMPLES, EVERY = 100, 1_000, 15_000
START = NOW - (SAMPLES - 1) * EVERY
#: Many steps of few samples: more than the system takes in for a client that does not read.
STEP = 1_500
LONG = {"query": "x", "start": f"{START / 1000}", "end": f"{NOW / 1000}", "step": f"{STEP / 1000}"}


@pytest.fixture(scope="module")
def engine():
    reader = MemoryReader()
    random = np.random.default_rng(1)
    for row in range(SERIES):
        values = random.normal(size=SAMPLES).tolist()
        reader.add(Labels({METRIC_NAME: "x", "row": f"{row:03d}"}), [(START + at * EVERY, value) for at, value in enumerate(values)])
    return Engine(reader)


@pytest.fixture(scope="module")
def whole(engine) -> bytes:
    """The long answer as it is without streaming."""
    body = b"".join(print_result(engine.range("x", START, NOW, STEP)))
    assert len(body) > 24 * PIECE_BYTES
    return body


@pytest.fixture
def pool():
    return QueryPool(PoolLimits(workers=2))


@pytest.fixture
def printed(pool, engine):
    """How many bytes of the long answer were made: its first piece is made where the query runs, before any is sent."""
    first = len(next(gathered(print_result(engine.range("x", START, NOW, STEP)))))
    return lambda: first + pool.statistics().printed_bytes


@pytest.fixture
def server(engine, pool):
    services = memory_services(engine=engine, pool=pool)
    try:
        with listening(application(services)) as found:
            yield found
    finally:
        services.pool.close()


def test_parts_are_gathered_to_pieces_of_a_size():
    parts = [b"a" * 10, b"b" * PIECE_BYTES, b"c", b"d" * (PIECE_BYTES - 1), b"e", b"f"]
    pieces = list(gathered(parts))
    assert b"".join(pieces) == b"".join(parts)
    assert [len(piece) for piece in pieces] == [PIECE_BYTES + 10, PIECE_BYTES, 2]
    assert list(gathered([])) == []


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_a_long_answer_has_the_same_bytes_as_one_in_one_piece(server, whole, encoding):
    with httpx.stream("POST", f"{server.url}/api/v1/query_range", data=LONG, headers={"Accept-Encoding": encoding}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    assert answer.headers.get("content-encoding", "identity") == encoding
    read = {"identity": bytes, "gzip": gzip.decompress, "zstd": lambda body: bytes(cramjam.zstd.decompress(body))}
    assert read[encoding](raw) == whole
    assert len(json.loads(whole)["data"]["result"]) == SERIES


def test_a_short_answer_is_sent_whole(server):
    answer = httpx.get(f"{server.url}/api/v1/query_range", params={**LONG, "query": "sum(x)"}, headers={"Accept-Encoding": "identity"})
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "transfer-encoding" not in answer.headers


def test_what_fails_before_the_first_byte_has_a_status(server):
    answer = httpx.get(f"{server.url}/api/v1/query_range", params={**LONG, "query": 'label_replace(x, "row", "", "row", ".*")'})
    assert answer.status_code == 422
    assert answer.json()["errorType"] == "execution"


def asked(port: int) -> socket.socket:
    """A client that has asked and read nothing yet."""
    client = socket.create_connection(("127.0.0.1", port))
    query = "&".join(f"{name}={value}" for name, value in LONG.items())
    client.sendall(f"GET /api/v1/query_range?{query} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    return client


def read_until(client: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        found += client.recv(65536)
    return bytes(found)


def test_what_a_slow_client_has_not_taken_is_not_printed(server, printed, whole):
    """What it has taken, what the sockets hold, and two pieces more: nothing else is made."""
    with asked(server.port) as client:
        begun = len(read_until(client, 100_000))
        assert httpx.get(f"{server.url}/api/v1/query_range", params={**LONG, "query": "sum(x)"}).status_code == 200
        assert printed() < len(whole) // 2, "the answer was printed before anybody took it"
        rest = bytearray()
        while not rest.endswith(b"\r\n0\r\n\r\n"):
            rest += client.recv(1 << 20)
    assert printed() >= len(whole)
    assert begun + len(rest) > len(whole)


def test_a_client_that_goes_away_stops_the_printing(server, printed, whole):
    with asked(server.port) as client:
        read_until(client, 100_000)
    # All that was begun has ended once the loop has nothing of it left.
    until(lambda: not streams(server.loop))
    assert printed() < len(whole) // 2


def streams(loop: asyncio.AbstractEventLoop) -> list[asyncio.Task]:
    """The requests that a server works at."""
    return [task for task in asyncio.all_tasks(loop) if "RequestResponseCycle.run_asgi" in repr(task.get_coro())]


@pytest.mark.anyio
async def test_a_client_that_takes_nothing_is_given_up(engine):
    pool = QueryPool()
    try:
        response = respond(begin(print_result(engine.range("x", START, NOW, STEP))), pool, patience_s=0.01)
        sent = []

        async def send(message):
            sent.append(message)
            if len(sent) == 3:
                await asyncio.Event().wait()

        async def receive():
            await asyncio.Event().wait()

        with pytest.raises(ClientDisconnect):
            await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
        assert len(sent) == 3
    finally:
        pool.close()


@pytest.mark.anyio
async def test_pieces_are_made_one_ahead():
    made: list[int] = []
    third = threading.Event()

    def pieces():
        for number in range(4):
            made.append(number)
            if number == 2:
                third.set()
            yield b"%d" % number

    pool = QueryPool()
    try:
        rendered = pool.rendered(pieces())
        assert [await anext(rendered), await anext(rendered)] == [b"0", b"1"]
        assert await asyncio.to_thread(third.wait, 10)
        assert made == [0, 1, 2]
        assert [piece async for piece in rendered] == [b"2", b"3"]
    finally:
        pool.close()


@pytest.mark.anyio
async def test_nothing_is_printed_once_the_server_stops():
    pool = QueryPool()
    pool.close()
    with pytest.raises(UnavailableError, match="shutting down"):
        await anext(pool.rendered(iter([b"a"])))
