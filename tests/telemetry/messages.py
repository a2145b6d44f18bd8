"""A slow reader of Prometheus' TimeSeries messages, field by field."""

from __future__ import annotations

import struct

from fusewatch.telemetry.histograms import Histogram, ResetHint, Span
from fusewatch.telemetry.protobuf import fields, read_varint


def read_series(data):
    """Labels, samples (ms, value bits) and histograms (ms, Histogram) of each TimeSeries in the fields 1 of a message."""
    return [_series(data[start:end]) for number, _, start, end in fields(data) if number == 1]


def _series(data):
    labels, samples, histograms = {}, [], []
    for number, _, start, end in fields(data):
        inner = data[start:end]
        if number == 1:
            parts = {field: inner[first:last].decode() for field, _, first, last in fields(inner)}
            labels[parts.get(1, "")] = parts.get(2, "")
        elif number == 2:
            found = {field: value if last - first < 8 or field == 2 else inner[first:last] for field, value, first, last in fields(inner)}
            samples.append((_signed(found.get(2, 0)), int.from_bytes(found.get(1, bytes(8)), "little")))
        elif number == 4:
            histograms.append(read_histogram(inner))
    return labels, samples, histograms


def _signed(number):
    return number - (1 << 64) if number >> 63 else number


def _unzigzag(number):
    return number >> 1 ^ -(number & 1)


def _packed(data):
    at, numbers = 0, []
    while at < len(data):
        number, at = read_varint(data, at)
        numbers.append(_unzigzag(number))
    return numbers


def _doubles(data):
    return struct.unpack(f"<{len(data) // 8}d", data)


def _span(data):
    found = {field: value for field, value, _, _ in fields(data)}
    return Span(_unzigzag(found.get(1, 0)), found.get(2, 0))


def _counts(deltas):
    total, counts = 0, []
    for delta in deltas:
        total += delta
        counts.append(total)
    return counts


def read_histogram(data):
    """Timestamp (ms) and histogram of a Histogram message."""
    numbers, chunks, spans = {}, {}, {8: [], 11: []}
    for field, number, start, end in fields(data):
        numbers[field], chunks[field] = number, data[start:end]
        if field in spans:
            spans[field].append(_span(data[start:end]))
    is_float = 2 in chunks

    def double(field):
        return _doubles(chunks[field])[0] if field in chunks else 0.0

    def buckets(field):
        return tuple(_doubles(chunks.get(field + 1, b"")) if is_float else _counts(_packed(chunks.get(field, b""))))

    histogram = Histogram(
        schema=_unzigzag(numbers.get(4, 0)),
        count=double(2) if is_float else numbers.get(1, 0),
        sum=double(3),
        zero_threshold=double(5),
        zero_count=double(7) if is_float else numbers.get(6, 0),
        positive_spans=tuple(spans[11]),
        positive_buckets=buckets(12),
        negative_spans=tuple(spans[8]),
        negative_buckets=buckets(9),
        custom_values=tuple(_doubles(chunks.get(16, b""))),
        is_float=is_float,
        reset_hint=ResetHint(numbers.get(14, 0)),
    )
    return _signed(numbers.get(15, 0)), histogram
