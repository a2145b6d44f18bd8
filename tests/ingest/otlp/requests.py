"""Requests by the official protobuf library, from a few words."""

from __future__ import annotations

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics

SECOND = 1_000_000_000
#: The time of a point unless it says another: 2023-11-14T22:13:20Z, in ns and ms.
NOW, NOW_MS = 1_700_000_000 * SECOND, 1_700_000_000_000
CUMULATIVE, DELTA = 2, 1


def value(plain) -> AnyValue:
    match plain:
        case bool():
            return AnyValue(bool_value=plain)
        case str():
            return AnyValue(string_value=plain)
        case int():
            return AnyValue(int_value=plain)
        case float():
            return AnyValue(double_value=plain)
        case bytes():
            return AnyValue(bytes_value=plain)
        case list():
            found = AnyValue()
            found.array_value.values.extend(value(one) for one in plain)
            return found
        case dict():
            found = AnyValue()
            found.kvlist_value.values.extend(attributes(plain))
            return found
        case _:
            return AnyValue()


def attributes(pairs) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(plain)) for key, plain in (pairs or {}).items()]


def request(*metrics: Metric, resource=None, scope=None, schema_url="") -> ExportMetricsServiceRequest:
    """Metrics of one resource and scope."""
    resource = {"service.name": "shop", "service.instance.id": "1"} if resource is None else resource
    found = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics, schema_url=schema_url)])
    found.resource.attributes.extend(attributes(resource))
    if scope:
        found.scope_metrics[0].scope.name = scope.get("name", "")
        found.scope_metrics[0].scope.version = scope.get("version", "")
        found.scope_metrics[0].scope.attributes.extend(attributes(scope.get("attributes")))
    return ExportMetricsServiceRequest(resource_metrics=[found])


def _fill(points, given) -> None:
    for one in given:
        changes = dict(one)
        own = changes.pop("attributes", None)
        point = points.add(**{"time_unix_nano": NOW, **changes})
        point.attributes.extend(attributes(own))


def gauge(name="temperature", *points, unit="", description="") -> Metric:
    metric = Metric(name=name, unit=unit, description=description)
    _fill(metric.gauge.data_points, points or [{"as_double": 1.5}])
    return metric


def counter(name="requests", *points, unit="", temporality=CUMULATIVE, monotonic=True) -> Metric:
    metric = Metric(name=name, unit=unit)
    _fill(metric.sum.data_points, points or [{"as_int": 7}])
    metric.sum.aggregation_temporality = temporality
    metric.sum.is_monotonic = monotonic
    return metric


def histogram(name="latency", *points, unit="s", temporality=CUMULATIVE) -> Metric:
    metric = Metric(name=name, unit=unit)
    usual = {"count": 6, "sum": 2.5, "bucket_counts": [1, 2, 3], "explicit_bounds": [0.1, 1.0]}
    _fill(metric.histogram.data_points, points or [usual])
    metric.histogram.aggregation_temporality = temporality
    return metric


def exponential(name="latency", *points, unit="s", temporality=CUMULATIVE) -> Metric:
    metric = Metric(name=name, unit=unit)
    usual = {"count": 6, "sum": 2.5, "scale": 3, "zero_count": 1, "positive": {"offset": 2, "bucket_counts": [2, 3]}}
    _fill(metric.exponential_histogram.data_points, points or [usual])
    metric.exponential_histogram.aggregation_temporality = temporality
    return metric


def summary(name="duration", *points, unit="s") -> Metric:
    metric = Metric(name=name, unit=unit)
    usual = {"count": 6, "sum": 2.5, "quantile_values": [{"quantile": 0.0, "value": 0.1}, {"quantile": 0.99, "value": 2.0}]}
    _fill(metric.summary.data_points, points or [usual])
    return metric
