"""Graphite's plaintext protocol: lines become series, and a port takes them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.api.serving import NOW, StillClock
from tests.ingest.otlp.known import MemorySeries, floats

from fusewatch.ingest.graphite import GraphiteDecoder, Point, labels_of, parse_line
from fusewatch.ingest.graphite_server import GraphiteOptions, GraphiteServer
from fusewatch.ingest.lines import LineError
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError


def decoded(body, limit=1 << 30):
    series = MemorySeries(limit)
    found = GraphiteDecoder(series, StillClock()).decode(body)
    return floats(series, found), found.problem


LINES = [
    ("servers.web-01.cpu 1.5 1700000000", "servers_web_01_cpu", 1_700_000_000_000, 1.5),
    ("disk.used;datacenter=dc1;rack=a1 -2 1700000000.25", 'disk_used{datacenter="dc1", rack="a1"}', 1_700_000_000_250, -2.0),
    ("a.b\t1e3\t1700000000\r", "a_b", 1_700_000_000_000, 1000.0),
    ("a.b 1 -1", "a_b", NOW, 1.0),
    ("a.b 1", "a_b", NOW, 1.0),
    ("5xx 1 0", "_5xx", 0, 1.0),
    ("a;b-c=d 1 5", 'a{b_c="d"}', 5000, 1.0),
    ("a;b=c=d 1 5", 'a{b="c=d"}', 5000, 1.0),
]


@pytest.mark.parametrize(("line", "series", "time", "value"), LINES)
def test_a_line_is_a_sample(line, series, time, value):
    assert decoded(line.encode()) == ({series: [(time, value)]}, None)


WRONG = [
    ("a", "expected a path, a value and a timestamp"),
    ("a b 1", "expected a number as value, not 'b'"),
    ("a 1 b", "expected a number as timestamp, not 'b'"),
    ("a 1_0 1", "expected a number as value"),
    ("a 1 inf", "expected seconds since 1970"),
    ("a 1 1e300", "the timestamp is out of range"),
    ("a 1 1 1", "expected a path, a value and a timestamp"),
    (";a=b 1 1", "has no name"),
    ("a;b 1 1", "expected a tag as name=value, not 'b'"),
    ("a;=b 1 1", "expected a tag as name=value"),
    ("a;b= 1 1", "expected a tag as name=value"),
    ("\udcff 1 1", "not UTF-8"),
]


@pytest.mark.parametrize(("line", "words"), WRONG)
def test_a_wrong_line_is_left_out_and_named(line, words):
    found, problem = decoded(b"a 1 1\n" + line.encode(errors="surrogateescape") + b"\nb 1 1")
    assert list(found) == ["a", "b"]
    assert str(problem).startswith("line 2: ")
    assert words in str(problem)


def test_a_value_that_is_no_number_is_left_out_in_silence():
    assert decoded(b"a nan 1\n\n  \n") == ({}, None)


def test_series_over_the_limit_are_told_as_such():
    found, problem = decoded(b"a 1 1\nb 1 1\na 2 2", limit=1)
    assert (found, type(problem), problem.rejected) == ({"a": [(1000, 1.0), (2000, 2.0)]}, SeriesLimitError, 1)


names = st.text("abcXYZ019._-:éß", min_size=1, max_size=20)
values = st.floats(allow_nan=False)


@given(names, st.dictionaries(names, names, max_size=3), values, st.integers(0, 1 << 40))
def test_what_was_written_is_read(name, tags, value, time):
    path = ";".join([name, *(f"{key}={text}" for key, text in tags.items())])
    assert parse_line(f"{path} {value!r} {time}") == Point(path, value, 1000 * time)
    assert len(labels_of(path)) <= 1 + len(tags)


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text("ab.;= 1-e\n\t", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    _, problem = decoded(body)
    assert problem is None or problem.rejected > 0


@given(st.text())
def test_any_text_is_a_line_or_refused(line):
    with contextlib.suppress(LineError):
        labels_of(parse_line(line).path)


class Log:
    """Takes what comes; the first times as ``errors`` say."""

    def __init__(self, *errors):
        self.series = MemorySeries()
        self.errors = list(errors)
        self.samples: dict[str, list] = {}
        self.batches = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def append(self, decoded, *_):
        found = floats(self.series, decoded)
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.batches += 1
        for name, rows in found.items():
            self.samples.setdefault(name, []).extend(rows)


@contextlib.asynccontextmanager
async def serving(log, **options):
    server = GraphiteServer(GraphiteDecoder(log.series, StillClock()), log.append, GraphiteOptions(port=0, **{"flush_s": 0.005, **options}))
    task = asyncio.create_task(server.run())
    try:
        await until(lambda: server.port)
        yield server
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.002)


async def send(server, *pieces):
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()


pytestmark = pytest.mark.anyio


async def test_the_port_takes_lines_in_any_pieces_from_many():
    log = Log()
    async with serving(log) as server:
        await asyncio.gather(*(send(server, f"c{k}.a 1 ".encode(), b"5\nbad\n", f"c{k}.b 2 5".encode()) for k in range(20)))
        await until(lambda: len(log.samples) == 40)
        await until(lambda: server.waiting_bytes == 0)
    assert server.lines_rejected == 20
    assert log.batches < 40


async def test_while_the_log_refuses_lines_wait_and_none_is_lost():
    log = Log(OverloadedError("full", 0), ReadOnlyError("full"), SamplesRejectedError("too old", 3))
    async with serving(log) as server:
        log.errors.pop(1)
        await send(server, b"a 1 1\n")
        await until(lambda: server.lines_rejected == 3)
        await send(server, b"a 2 2\n")
        await until(lambda: log.samples)
    assert log.samples == {"a": [(2000, 2.0)]}


async def test_what_waits_is_bounded_and_senders_wait_then():
    log = Log()
    log.gate.clear()
    async with serving(log, buffer_bytes=1000) as server:
        sending = asyncio.create_task(send(server, *[b"a 1 1\n" * 10_000] * 20))
        await until(lambda: server.waiting_bytes >= 1000)
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert server.waiting_bytes < 1000 + 2 * (1 << 16)
        log.gate.set()
        await sending
        await until(lambda: sum(map(len, log.samples.values())) == 200_000)


async def test_a_line_without_end_closes_its_connection():
    log = Log()
    async with serving(log, line_bytes=100) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"a" * 1000)
        assert await reader.read() == b""
        writer.close()
    assert log.samples == {}


async def test_a_silent_connection_is_closed():
    async with serving(Log(), idle_s=0.01) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        writer.close()


async def test_more_connections_than_allowed_are_closed():
    async with serving(Log(), connections=1) as server:
        _, first = await asyncio.open_connection("127.0.0.1", server.port)
        first.write(b"a 1 1\n")
        await first.drain()
        reader, second = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        first.close()
        second.close()


async def test_what_was_read_before_the_end_is_handed_on():
    log = Log()
    async with serving(log, flush_s=60) as server:
        await send(server, b"a 1 1\n")
        await until(lambda: server.waiting_bytes)
    assert log.samples == {"a": [(1000, 1.0)]}
