"""OTLP metrics requests as a collector in front of some services sends them."""

from __future__ import annotations

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

RESOURCES, METRICS, POINTS = 40, 50, 4
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
CUMULATIVE, DELTA = 2, 1


def pairs(**texts: str) -> list[KeyValue]:
    return [KeyValue(key=key.replace("_", "."), value=AnyValue(string_value=text)) for key, text in texts.items()]


def fill(metric: Metric, kind: str, number: int, tick: int, temporality: int) -> None:
    """Four points of a kind, with attributes as HTTP servers have them."""
    for k in range(POINTS):
        common = {
            "attributes": pairs(http_request_method="GET", http_route=f"/api/v1/things/{number}/{k}", http_response_status_code="200"),
            "start_time_unix_nano": 1_700_000_000_000_000_000,
            "time_unix_nano": 1_700_000_000_000_000_000 + (tick + 1) * 15_000_000_000,
        }
        if kind == "gauge":
            metric.gauge.data_points.add(as_double=number + tick / 7, **common)
        elif kind == "counter":
            metric.sum.data_points.add(as_int=number * tick, **common)
        else:
            counts = [(k + j + tick) % 9 for j in range(len(BOUNDS) + 1)]
            metric.histogram.data_points.add(count=sum(counts), sum=tick * 1.5, bucket_counts=counts, explicit_bounds=BOUNDS, **common)
    if kind == "counter":
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = temporality, True
    elif kind == "histogram":
        metric.histogram.aggregation_temporality = temporality


def build(tick: int, kinds: tuple[str, ...] = ("gauge", "counter", "counter", "histogram"), temporality: int = CUMULATIVE) -> bytes:
    """A request of 40 resources with 50 metrics of 4 points each."""
    request = ExportMetricsServiceRequest()
    for k in range(RESOURCES):
        resource = request.resource_metrics.add()
        resource.resource.attributes.extend(
            pairs(
                service_name="checkout",
                service_namespace="shop",
                service_instance_id=f"pod-{k:04d}",
                k8s_pod_name=f"pod-{k:04d}",
                host_name="h",
            )
        )
        scope = resource.scope_metrics.add()
        scope.scope.name, scope.scope.version = "io.opentelemetry.http", "1.2.3"
        for number in range(METRICS):
            metric = scope.metrics.add(name=f"http.server.thing{number}", unit="s", description="How long things take.")
            fill(metric, kinds[number % len(kinds)], number, tick, temporality)
    return bytes(request.SerializeToString())
