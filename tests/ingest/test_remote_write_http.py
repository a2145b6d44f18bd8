"""Remote write is taken, or refused with the code that makes a sender do the right thing."""

from __future__ import annotations

import pytest
from tests.api.serving import Refusing, Served, memory_services

from fusewatch.ingest.remote_write_http import RemoteWrite
from fusewatch.ingest.remote_write_v2 import Written
from fusewatch.ingest.remote_writes import Outcome
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError, StorageError

pytestmark = pytest.mark.anyio

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}


@pytest.fixture
def served():
    return Served(memory_services())


async def write(served, content=b"body", **headers):
    async with served.client() as asking:
        return await asking.post("/api/v1/write", content=content, headers={**HEADERS, **headers})


async def pieces():
    yield b"in "
    yield b"two"


async def test_a_body_goes_to_the_store_as_it_came(served):
    answer = await write(served)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await write(served, pieces())).status_code == 204
    assert served.sink.bodies == [b"body", b"in two"]


TYPES = [
    ({"Content-Type": "application/x-protobuf;proto=prometheus.WriteRequest"}, 204, ""),
    ({"Content-Type": "application/x-protobuf; proto=prometheus.WriteRequest"}, 204, ""),
    ({"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 204, ""),
    ({"Content-Type": "application/x-protobuf;proto=x"}, 415, "unknown remote write protobuf message x"),
    (
        {"Content-Type": "application/json"},
        415,
        "expected application/x-protobuf as the first (media) part, got application/json content-type",
    ),
    ({"Content-Encoding": "gzip"}, 415, "gzip encoding (compression) is not accepted by this server; only snappy is acceptable"),
]


@pytest.mark.parametrize(("headers", "status", "words"), TYPES)
async def test_only_remote_write_in_snappy_is_understood(served, headers, status, words):
    answer = await write(served, **headers)
    assert answer.status_code == status
    assert words in answer.text


async def test_missing_headers_mean_remote_write_1(served):
    async with served.client() as asking:
        assert (await asking.post("/api/v1/write", content=b"x")).status_code == 204


ERRORS = [
    (ValueError("snappy: corrupt input"), 400, None),
    (SamplesRejectedError("out of bounds", 3), 400, None),
    (SeriesLimitError("too many series of job x", 3), 429, None),
    (OverloadedError("the queue is full", 7), 503, "7"),
    (ReadOnlyError("the disk is full"), 507, None),
    (StorageError("broken"), 500, None),
]


@pytest.mark.parametrize(("error", "status", "retry"), ERRORS)
async def test_senders_keep_what_may_work_later_and_drop_what_never_will(served, error, status, retry):
    served.sink.error = error
    answer = await write(served)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
    assert str(error) in answer.text
    rejected = str(error.rejected) if isinstance(error, SamplesRejectedError) else None
    assert answer.headers.get("x-fusewatch-samples-rejected") == rejected


async def called(messages, limit=10):
    sink, sent, queue = Refusing(), [], list(messages)

    async def receive():
        return queue.pop(0)

    async def send(message):
        sent.append(message)

    await RemoteWrite(sink, body_limit=limit)({"type": "http", "headers": []}, receive, send)
    return sink.bodies, sent[0]["status"], len(queue)


def body(content, *, more):
    return {"type": "http.request", "body": content, "more_body": more}


async def test_a_body_is_bounded_while_it_is_read():
    assert await called([body(b"12345", more=True), body(b"67890", more=False)]) == ([b"1234567890"], 204, 0)
    assert await called([body(b"123456", more=True), body(b"67890", more=True), body(b"never read", more=False)]) == ([], 413, 1)


async def test_half_a_body_of_a_sender_that_went_away_is_not_stored():
    bodies, _, _ = await called([body(b"123", more=True), {"type": "http.disconnect"}])
    assert bodies == [b""]


V2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
WRITTEN = ("Samples", "Histograms", "Exemplars")


def written(answer) -> list[str]:
    return [answer.headers[f"X-Prometheus-Remote-Write-{kind}-Written"] for kind in WRITTEN]


async def test_version_2_is_told_what_was_written_whatever_became_of_the_request(served):
    assert written(await write(served, **V2)) == ["1", "2", "3"]
    served.sink.outcome = Outcome(Written(1, 0, 0), SamplesRejectedError("out of bounds", 2))
    answer = await write(served, **V2)
    assert (answer.status_code, answer.text, written(answer)) == (400, "out of bounds\n", ["1", "0", "0"])
    served.sink.error = OverloadedError("later")
    answer = await write(served, **V2)
    assert (answer.status_code, written(answer)) == (503, ["0", "0", "0"])
    assert "X-Prometheus-Remote-Write-Samples-Written" not in (await write(served)).headers
