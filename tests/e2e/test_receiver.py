"""The receiver as its senders see it: every protocol comes in, whatever becomes of the engine."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.parse

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer

pytestmark = pytest.mark.e2e


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {"grpc": free_port(), "http": free_port(), "graphite": free_port()}


@pytest.fixture(scope="module")
def server(tmp_path_factory, ports):
    config = (
        "host: {enabled: false}\n"
        f"otlp: {{grpc: '127.0.0.1:{ports['grpc']}', http: '127.0.0.1:{ports['http']}'}}\n"
        f"graphite: {{listen: '127.0.0.1:{ports['graphite']}'}}\n"
    )
    with RunningServer(tmp_path_factory.mktemp("receiver") / "data", config=config) as running:
        yield running


def value(server: RunningServer, query: str) -> float:
    [found] = server.wait_for(lambda: server.query(query))
    return float(found["value"][1])


def send_by_sdk(exporter, service: str) -> None:
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
    provider = MeterProvider([reader], resource=Resource.create({"service.name": service}))
    meter = provider.get_meter("tests")
    meter.create_counter("orders", unit="1").add(5)
    meter.create_histogram("latency", unit="s").record(0.2)
    assert provider.force_flush()
    provider.shutdown()


def test_an_opentelemetry_sdk_exports_over_http_on_either_port(server, ports):
    send_by_sdk(HttpExporter(endpoint=f"{server.url}/v1/metrics"), "one-port")
    send_by_sdk(HttpExporter(endpoint=f"http://127.0.0.1:{ports['http']}/v1/metrics"), "own-port")
    for service in ("one-port", "own-port"):
        assert value(server, f'orders_total{{job="{service}"}}') == 5
        assert value(server, f'latency_seconds_count{{job="{service}"}}') == 1
        assert value(server, f'target_info{{job="{service}"}}') == 1


def test_an_opentelemetry_sdk_exports_over_grpc(server, ports):
    send_by_sdk(GrpcExporter(endpoint=f"127.0.0.1:{ports['grpc']}", insecure=True), "by-grpc")
    assert value(server, 'orders_total{job="by-grpc"}') == 5


def test_influx_lines_and_graphite_lines_become_samples(server, ports):
    assert server.ask("/write?db=telegraf", b"cpu,host=a usage=0.5")[0] == 204
    assert value(server, 'cpu_usage{host="a",db="telegraf"}') == 0.5
    with socket.create_connection(("127.0.0.1", ports["graphite"])) as carbon:
        carbon.sendall(f"servers.a.load;dc=west 1.25 {int(time.time())}\n".encode())
    assert value(server, 'servers_a_load{dc="west"}') == 1.25


def test_malformed_requests_of_each_protocol_are_answered_in_its_way(server):
    assert server.ask("/api/v1/write", b"\xff\xff", **HEADERS)[0] == 400
    assert server.ask("/v1/metrics", b"\xff", **{"Content-Type": "application/x-protobuf"})[0] == 400
    status, body = server.ask("/v1/metrics", b"{", **{"Content-Type": "application/json"})
    assert (status, json.loads(body)["code"]) == (400, 3)
    assert server.ask("/write", b"no fields here")[0] == 400


def body_of(number: int, start_ms: int) -> bytes:
    return remote_body([({"__name__": "steady", "n": str(k)}, [(start_ms + number, float(number))]) for k in range(20)])


def test_no_write_is_refused_while_the_engine_is_killed_and_comes_back(server):
    start_ms, statuses, stop = int(time.time() * 1000) - 600_000, [], threading.Event()

    def write() -> None:
        while not stop.is_set():
            statuses.append(server.ask("/api/v1/write", body_of(len(statuses), start_ms), **HEADERS)[0])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        server.wait_for(lambda: len(statuses) > 50)
        for _ in range(2):
            killed = server.kill_engine()
            at = len(statuses)
            server.wait_for(lambda at=at: len(statuses) > at + 50)  # the engine is not there yet, or only just
            server.wait_for(lambda: server.status("/-/ready") == 200)
            assert server.engine != killed
    finally:
        stop.set()
        writer.join()
    assert set(statuses) == {204}
    when = urllib.parse.quote(f"{(start_ms + len(statuses)) / 1000:.3f}")
    found = server.json(f"/api/v1/query?query=sum(count_over_time(steady[1h]))&time={when}")["data"]["result"]
    assert float(found[0]["value"][1]) == 20 * len(statuses)


def test_a_receiver_that_is_killed_is_back_at_once_and_pages_go_on(server):
    killed = server.kill_receiver()
    server.wait_for(lambda: server.status("/-/ready") == 200)
    assert server.receiver != killed
    assert server.ask("/api/v1/write", body_of(1, int(time.time() * 1000)), **HEADERS)[0] == 204
    assert "the receiver was ended by SIGKILL; starting it again" in server.output
