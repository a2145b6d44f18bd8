"""OTLP over gRPC, with the SDK's exporter and bare calls."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import subprocess
import sys
import threading

import grpc
import pytest
import trustme
import uvloop
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from tests.api.running import until
from tests.ingest.otlp.receiving import DELTAS, EXPONENTIAL, Receiver, measure
from tests.ingest.otlp.requests import gauge, request

from fusewatch.ingest.otlp.grpc import SERVICE, AccessDeniedError, GrpcOptions, OtlpGrpcServer
from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError, SeriesLimitError, StorageError

LABELS = 'instance="1", job="shop"'
BODY = request(gauge()).SerializeToString()


@contextlib.contextmanager
def serving(sink, authenticate=None, **options):
    """The server in a loop and thread of its own, as the product runs it."""
    server = OtlpGrpcServer(sink, GrpcOptions(**{"address": "127.0.0.1:0", **options}), authenticate)
    loop = uvloop.new_event_loop()
    task = loop.create_task(server.run())

    def serve():
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        until(lambda: server.unready_reason() is None or not thread.is_alive())
        yield server
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        loop.close()


def export(port, body=BODY, metadata=(), credentials=None, compression=None):
    """One call on raw bytes."""
    target = f"127.0.0.1:{port}" if credentials is None else f"localhost:{port}"
    channel = grpc.insecure_channel(target) if credentials is None else grpc.secure_channel(target, credentials)
    with channel:
        return channel.unary_unary(f"/{SERVICE}/Export")(body, metadata=metadata, compression=compression, timeout=10)


def refused(port, *args, **options) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as error:
        export(port, *args, **options)
    return error.value


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_sdk_sends_counters_and_histograms(compression):
    receiver = Receiver()
    with serving(receiver) as server:
        measure(OTLPMetricExporter(f"127.0.0.1:{server.port}", insecure=True, compression=compression))
    assert receiver.values(f'orders_total{{{LABELS}, kind="book"}}') == [1.0, 3.0, 6.0]
    assert receiver.values(f"latency_seconds_count{{{LABELS}}}") == [1.0, 2.0, 3.0]


def test_the_sdk_sends_deltas_and_exponential_histograms():
    receiver = Receiver()
    with serving(receiver) as server:
        target = f"127.0.0.1:{server.port}"
        measure(OTLPMetricExporter(target, insecure=True, preferred_temporality=DELTAS, preferred_aggregation=EXPONENTIAL))
    assert receiver.values(f'orders_total{{{LABELS}, kind="book"}}') == [1.0, 3.0, 6.0]
    [rows] = receiver.natives.values()
    assert [found.count for _, found in rows] == [1, 2, 3]


def test_a_partial_success_is_told():
    with serving(Receiver()) as server:
        assert export(server.port) == b""
        answer = export(server.port, request(gauge("x", {})).SerializeToString())
    assert ExportMetricsServiceResponse.FromString(answer).partial_success.rejected_data_points == 1


ERRORS = [
    (OverloadedError("the queue is full", 7), grpc.StatusCode.UNAVAILABLE, 7),
    (StorageError("broken"), grpc.StatusCode.INTERNAL, None),
    (ValueError("no request"), grpc.StatusCode.INVALID_ARGUMENT, None),
]


@pytest.mark.parametrize(("error", "code", "retry"), ERRORS)
def test_senders_keep_what_may_work_later_and_drop_what_never_will(error, code, retry):
    receiver = Receiver()
    receiver.error = error
    with serving(receiver) as server:
        told = refused(server.port)
    assert (told.code(), told.details()) == (code, str(error))
    [status] = [Status.FromString(value) for name, value in told.trailing_metadata() if name == "grpc-status-details-bin"]
    info = RetryInfo()
    assert [detail.Unpack(info) for detail in status.details] == ([] if retry is None else [True])
    assert info.retry_delay.seconds == (retry or 0)


class Limited:
    def __init__(self, error):
        self.error = error

    async def write_otlp(self, body, *, json, sender):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [(SeriesLimitError("full", 1), grpc.StatusCode.RESOURCE_EXHAUSTED), (SamplesRejectedError("old", 1), grpc.StatusCode.INVALID_ARGUMENT)],
)
def test_what_a_sink_raises_has_a_code(error, code):
    with serving(Limited(error)) as server:
        assert refused(server.port).code() == code


def test_bytes_that_are_no_request_are_refused():
    with serving(Receiver()) as server:
        assert refused(server.port, b"\x0a").code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_message_over_the_limit_is_refused_packed_or_not():
    zeros = bytes(32 << 20)
    assert len(gzip.compress(zeros)) < 1 << 16
    with serving(Receiver(), message_limit=1 << 16) as server:
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            assert refused(server.port, zeros, compression=compression).code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def only_ada(metadata, peer):
    assert peer.startswith("ipv4:127.0.0.1:")
    if metadata.get("authorization") != "Bearer ada":
        raise AccessDeniedError("log in", known=metadata.get("authorization") == "Bearer eve")


def test_who_calls_is_asked_first():
    receiver = Receiver()
    with serving(receiver, only_ada) as server:
        assert refused(server.port).code() == grpc.StatusCode.UNAUTHENTICATED
        assert refused(server.port, metadata=(("authorization", "Bearer eve"),)).code() == grpc.StatusCode.PERMISSION_DENIED
        assert receiver.samples == {}
        assert export(server.port, metadata=(("authorization", "Bearer ada"),)) == b""
    assert list(receiver.samples) == [f"temperature{{{LABELS}}}"]


def test_other_methods_are_not_there():
    with serving(Receiver()) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        with pytest.raises(grpc.RpcError) as error:
            channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")(b"", timeout=10)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_tls_is_served_with_a_certificate():
    authority = trustme.CA()
    own = authority.issue_cert("localhost")
    certificate = b"".join(part.bytes() for part in own.cert_chain_pems)
    with serving(Receiver(), certificate=certificate, key=own.private_key_pem.bytes(), address="localhost:0") as server:
        assert export(server.port, credentials=grpc.ssl_channel_credentials(authority.cert_pem.bytes())) == b""


def test_an_address_that_is_taken_is_an_error_with_its_name():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match=f"{address} can't be bound"):
            asyncio.run(OtlpGrpcServer(Receiver(), GrpcOptions(address=address)).run())


def test_grpc_is_only_imported_where_it_is_served():
    code = "import sys, fusewatch.ingest.otlp.grpc; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
