"""A tiny encoder for protobuf pages: io.prometheus.client.MetricFamily."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from tests.telemetry.wire import deltas, double, field, integer, label, packed, spans, varint, zigzag

from fusewatch.telemetry.histograms import Histogram

COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)


def page(*families: bytes) -> bytes:
    return b"".join(varint(len(family)) + family for family in families)


def family(name: str | bytes, kind: int, *metrics: bytes, about: str = "", unit: str = "") -> bytes:
    """In the order of the fields' numbers, as Go writes them: the unit behind the metrics."""
    text = name.encode() if isinstance(name, str) else name
    head = field(1, text) + (field(2, about.encode()) if about else b"") + integer(3, kind)
    return head + b"".join(field(4, metric) for metric in metrics) + (field(5, unit.encode()) if unit else b"")


def metric(labels: Mapping[str, str], value: bytes, timestamp: int = 0) -> bytes:
    return b"".join(label(*pair) for pair in labels.items()) + value + (integer(6, timestamp) if timestamp else b"")


def gauge(value: float) -> bytes:
    return field(2, double(1, value))


def untyped(value: float) -> bytes:
    return field(5, double(1, value))


def counter(value: float, exemplar: bytes = b"") -> bytes:
    return field(3, double(1, value) + (field(2, exemplar) if exemplar else b"") + field(3, integer(1, 1_700_000_000)))


def summary(count: int, total: float, quantiles: Mapping[float, float]) -> bytes:
    return field(4, integer(1, count) + double(2, total) + b"".join(field(3, double(1, q) + double(2, v)) for q, v in quantiles.items()))


def bucket(bound: float, count: float, exemplar: bytes = b"") -> bytes:
    number = double(4, count) if count % 1 else integer(1, int(count))
    return field(3, number + double(2, bound) + (field(3, exemplar) if exemplar else b""))


def classic(count: float, total: float, *buckets: bytes) -> bytes:
    return field(7, (double(4, count) if count % 1 else integer(1, int(count))) + double(2, total) + b"".join(buckets))


def native(value: Histogram, *more: bytes) -> bytes:
    """A native histogram; ``more``: classic buckets, exemplars."""
    counted = value.is_float
    sides = ((9, 10, 11, value.negative_spans, value.negative_buckets), (12, 13, 14, value.positive_spans, value.positive_buckets))
    parts = [
        double(4, value.count) if counted else integer(1, int(value.count)),
        double(2, value.sum),
        varint(5 << 3) + zigzag(value.schema),
        double(6, value.zero_threshold),
        double(8, value.zero_count) if counted else integer(7, int(value.zero_count)),
    ]
    for span_field, delta_field, count_field, side, counts in sides:
        parts.append(spans(span_field, side))
        if counts and counted:
            parts.append(packed(count_field, (struct.pack("<d", count) for count in counts)))
        elif counts:
            parts.append(packed(delta_field, deltas(counts)))
    return field(7, b"".join((*parts, *more)))


def exemplar(labels: Iterable[tuple[str, str]], value: float, timestamp: int | None = None) -> bytes:
    """``timestamp`` in ms."""
    at = b"" if timestamp is None else field(3, integer(1, timestamp // 1000) + integer(2, timestamp % 1000 * 1_000_000))
    return b"".join(label(*pair) for pair in labels) + double(2, value) + at
