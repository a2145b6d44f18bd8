"""OTLP over HTTP, as the specification and the SDK's exporter have it."""

from __future__ import annotations

import gzip
import json
import zlib

import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from starlette.applications import Starlette
from starlette.routing import Route
from tests.api.running import listening
from tests.ingest.otlp.receiving import DELTAS, EXPONENTIAL, Receiver, measure
from tests.ingest.otlp.requests import NOW, counter, gauge, request
from tests.ingest.otlp.test_malformed import as_json

from fusewatch.ingest.otlp.http import OtlpHttp
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError, StorageError

pytestmark = pytest.mark.anyio

PROTOBUF, JSON = {"Content-Type": "application/x-protobuf"}, {"Content-Type": "application/json; charset=utf-8"}
LABELS = 'instance="1", job="shop"'


def app(receiver, limit=1 << 20):
    return Starlette(routes=[Route("/v1/metrics", OtlpHttp(receiver, body_limit=limit), methods=["POST"])])


async def post(receiver, content, limit=1 << 20, **headers):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(receiver, limit)), base_url="http://t") as asking:
        return await asking.post("/v1/metrics", content=content, headers=headers)


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_the_sdk_sends_counters_and_histograms(compression):
    receiver = Receiver()
    with listening(app(receiver)) as server:
        measure(OTLPMetricExporter(f"{server.url}/v1/metrics", compression=compression))
    assert receiver.values(f'orders_total{{{LABELS}, kind="book"}}') == [1.0, 3.0, 6.0]
    assert receiver.values(f"latency_seconds_count{{{LABELS}}}") == [1.0, 2.0, 3.0]
    assert receiver.values(f'latency_seconds_bucket{{{LABELS}, le="+Inf"}}') == [1.0, 2.0, 3.0]


def test_the_sdk_sends_deltas_and_exponential_histograms():
    receiver = Receiver()
    with listening(app(receiver)) as server:
        measure(OTLPMetricExporter(f"{server.url}/v1/metrics", preferred_temporality=DELTAS, preferred_aggregation=EXPONENTIAL))
    assert receiver.values(f'orders_total{{{LABELS}, kind="book"}}') == [1.0, 3.0, 6.0]
    [rows] = receiver.natives.values()
    assert [(found.count, round(found.sum, 6)) for _, found in rows] == [(1, 0.3), (2, 0.9), (3, 1.8)]


async def test_a_success_says_nothing_and_a_partial_one_says_what_is_missing():
    bad = request(gauge("good"), gauge("bad", {}), counter("worse", temporality=0))
    answer = await post(Receiver(), request(gauge()).SerializeToString(), **PROTOBUF)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/x-protobuf")
    answer = await post(Receiver(), bad.SerializeToString(), **PROTOBUF)
    found = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, found.rejected_data_points, found.error_message) == (200, 2, "a point of 'bad' has no value")


async def test_json_is_answered_in_json():
    body = json.dumps(as_json(request(gauge("good"), gauge("bad", {})))).encode()
    answer = await post(Receiver(), body, **JSON)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"partialSuccess": {"rejectedDataPoints": "1", "errorMessage": "a point of 'bad' has no value"}}
    assert (await post(Receiver(), b"{}", **JSON)).json() == {}
    answer = await post(Receiver(), b"[]", **JSON)
    assert (answer.status_code, answer.json()) == (400, {"code": 3, "message": "$: expected an object, not []"})


ZEROS = bytes(1 << 22)
REFUSED = [
    ({"Content-Type": "text/plain"}, b"", 415, "content type 'text/plain' is not supported"),
    ({}, b"", 415, "content type '' is not supported"),
    ({**PROTOBUF, "Content-Encoding": "br"}, b"x", 415, "content encoding 'br' is not supported"),
    ({**PROTOBUF, "Content-Encoding": "gzip"}, b"no gzip", 400, "gzip: the body is damaged"),
    ({**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(b"x", mtime=0)[:-4], 400, "gzip: the body is cut off"),
    ({**PROTOBUF, "Content-Encoding": "deflate"}, zlib.compress(b"xy")[:-5], 400, "deflate: the body is cut off"),
    ({**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(ZEROS, mtime=0), 413, "unpacks to more than 1048576 bytes"),
    ({**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(ZEROS[: 1 << 19], mtime=0) * 3, 413, "unpacks to more than 1048576 bytes"),
    ({**PROTOBUF, "Content-Encoding": "deflate"}, zlib.compress(ZEROS), 413, "unpacks to more than 1048576 bytes"),
    (PROTOBUF, ZEROS, 413, "larger than 1048576 bytes"),
    (PROTOBUF, b"\x0a", 400, "not an ExportMetricsServiceRequest"),
]


@pytest.mark.parametrize(("headers", "body", "code", "words"), REFUSED)
async def test_what_can_not_be_read_is_refused_with_a_status(headers, body, code, words):
    answer = await post(Receiver(), body, **headers)
    message = (
        Status.FromString(answer.content).message if headers.get("Content-Type") == PROTOBUF["Content-Type"] else answer.json()["message"]
    )
    assert answer.status_code == code
    assert words in message


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:9], mtime=0) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("identity", bytes),
    ],
)
async def test_every_encoding_is_unpacked(encoding, pack):
    receiver = Receiver()
    answer = await post(receiver, pack(request(gauge()).SerializeToString()), **PROTOBUF, **{"Content-Encoding": encoding})
    assert (answer.status_code, list(receiver.samples)) == (200, [f"temperature{{{LABELS}}}"])


ERRORS = [
    (OverloadedError("the queue is full", 7), 503, 14, 7),
    (ReadOnlyError("the disk is full"), 503, 14, 30),
    (StorageError("broken"), 500, 13, None),
    (ValueError("no request"), 400, 3, None),
]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("error", "code", "grpc_code", "retry"), ERRORS)
async def test_senders_keep_what_may_work_later_and_drop_what_never_will(error, code, grpc_code, retry, late):
    receiver = Receiver()
    receiver.error, receiver.late = error, late
    answer = await post(receiver, request(gauge()).SerializeToString(), **PROTOBUF)
    told = Status.FromString(answer.content)
    assert (answer.status_code, told.code, told.message) == (code, grpc_code, str(error))
    assert answer.headers.get("retry-after") == (None if retry is None else str(retry))
    if retry is not None:
        info = RetryInfo()
        assert told.details[0].Unpack(info)
        assert info.retry_delay.seconds == retry


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("error", [SamplesRejectedError("too old", 3), SeriesLimitError("too many", 3)])
async def test_samples_that_the_log_refuses_are_a_partial_success(error, late):
    receiver = Receiver()
    receiver.error, receiver.late = error, late
    answer = await post(receiver, request(gauge()).SerializeToString(), **PROTOBUF)
    found = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, found.rejected_data_points, found.error_message) == (200, 3, str(error))


async def test_a_limit_that_the_sink_raises_is_429():
    class Full:
        async def write_otlp(self, body, *, json, sender):
            raise SeriesLimitError("too many series of job shop", 1)

    answer = await post(Full(), b"", **PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")


async def test_deltas_that_the_log_refused_may_be_sent_again():
    receiver = Receiver()
    sent = [counter("c", {"as_int": 2, "time_unix_nano": NOW + k}, temporality=1) for k in (0, 10**9)]
    await post(receiver, request(sent[0]).SerializeToString(), **PROTOBUF)
    for receiver.late in (False, True):
        receiver.error = OverloadedError("the queue is full")
        assert (await post(receiver, request(sent[1]).SerializeToString(), **PROTOBUF)).status_code == 503
    receiver.error = None
    assert (await post(receiver, request(sent[1]).SerializeToString(), **PROTOBUF)).content == b""
    assert receiver.values(f"c_total{{{LABELS}}}") == [2.0, 4.0]


async def test_a_sender_that_goes_away_is_not_waited_for():
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"application/x-protobuf")]
    await OtlpHttp(Receiver(), body_limit=10)({"type": "http", "headers": headers}, receive, send)
    assert sent[0]["status"] == 200
