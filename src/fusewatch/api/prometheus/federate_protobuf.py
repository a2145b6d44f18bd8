"""The latest samples of series as protobuf: see :mod:`fusewatch.telemetry.exposition.families` for the messages."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from fusewatch.api.prometheus.federate_text import Sample, cumulative, family_name, in_families, label_name
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.protobuf_write import message, varint

_UNTYPED, _HISTOGRAM, _GAUGE_HISTOGRAM = 3, 4, 5
#: A span of nothing: without any, and without a zero bucket, a histogram would be taken for a classic one.
_NO_SPAN: Final = (Span(0, 0),)


def families(samples: Mapping[Labels, Sample], external: Labels, *, quoted: bool) -> Iterator[bytes]:
    """A MetricFamily for each metric and kind of sample, behind its length; ``quoted`` clients read UTF-8 names."""
    rows = sorted(in_families(samples, external), key=lambda row: (row[0].metric, _kind(row[2][1])))
    for (metric, kind), found in groupby(rows, key=lambda row: (row[0].metric, _kind(row[2][1]))):
        metrics = (message(4, _metric(labels, added, sample, quoted=quoted)) for labels, added, sample in found)
        family = message(1, family_name(metric, quoted=quoted).encode()) + _integer(3, kind) + b"".join(metrics)
        yield varint(len(family)) + family


def _kind(value: float | Histogram) -> int:
    if not isinstance(value, Histogram):
        return _UNTYPED
    return _GAUGE_HISTOGRAM if value.reset_hint is ResetHint.GAUGE else _HISTOGRAM


def _metric(labels: Labels, added: Mapping[str, str], sample: Sample, *, quoted: bool) -> bytes:
    pairs = [pair for pair in labels.pairs if pair[0] != METRIC_NAME] + list(added.items())
    texts = ((label_name(name, quoted=quoted), value) for name, value in pairs)
    head = b"".join(message(1, message(1, name.encode()) + message(2, value.encode())) for name, value in texts)
    timestamp, value = sample
    if not isinstance(value, Histogram):
        return head + message(5, _double(1, value)) + _integer(6, timestamp)
    return head + message(7, _classic(value) if value.schema == CUSTOM_SCHEMA else _native(value)) + _integer(6, timestamp)


def _classic(value: Histogram) -> bytes:
    """What custom buckets become: the exposition knows no others."""
    buckets = (message(3, _double(2, bound) + _double(4, count)) for bound, count in cumulative(value))
    return _double(4, value.count) + _double(2, value.sum) + b"".join(buckets)


def _native(value: Histogram) -> bytes:
    """Counts are floats, as in Prometheus."""
    positive = value.positive_spans or (() if value.negative_spans else _NO_SPAN)
    return b"".join(
        (
            _double(4, value.count),
            _double(2, value.sum),
            _integer(5, _zigzag(value.schema)),
            _double(6, value.zero_threshold),
            _double(8, value.zero_count),
            _spans(9, value.negative_spans),
            _doubles(11, value.negative_buckets),
            _spans(12, positive),
            _doubles(14, value.positive_buckets),
        )
    )


def _spans(number: int, spans: Sequence[Span]) -> bytes:
    return b"".join(message(number, _integer(1, _zigzag(span.offset)) + _integer(2, span.length)) for span in spans)


def _doubles(number: int, values: Sequence[float]) -> bytes:
    return message(number, struct.pack(f"<{len(values)}d", *values)) if values else b""


def _double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def _integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1
