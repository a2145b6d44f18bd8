"""A tiny protobuf encoder for remote-write messages."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from fusewatch.telemetry.histograms import Histogram, Span


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def text(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def label(name: str, value: str | bytes) -> bytes:
    return field(1, field(1, text(name)) + field(2, text(value)))


def sample(timestamp: int, value: float) -> bytes:
    """As protobuf writers do it: zeros take no bytes."""
    bits = struct.pack("<d", value)
    return field(2, (b"\x09" + bits if any(bits) else b"") + (b"\x10" + varint(timestamp) if timestamp else b""))


def series(labels: Iterable[tuple[str, str]], samples: Iterable[tuple[int, float]]) -> bytes:
    """A TimeSeries field of a WriteRequest."""
    return field(1, b"".join(label(*pair) for pair in labels) + b"".join(sample(*one) for one in samples))


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def zigzag(value: int) -> bytes:
    return varint(value << 1 ^ value >> 63)


def packed(number: int, parts: Iterable[bytes]) -> bytes:
    return field(number, b"".join(parts))


def exemplar(labels: Iterable[tuple[str, str]], value: float, timestamp: int) -> bytes:
    """An Exemplar message of remote write 1.0."""
    return b"".join(label(*pair) for pair in labels) + double(2, value) + integer(3, timestamp)


def deltas(counts: Iterable[float]) -> list[bytes]:
    before, out = 0, []
    for count in counts:
        out.append(zigzag(int(count) - before))
        before = int(count)
    return out


def spans(number: int, spans: Iterable[Span]) -> bytes:
    return b"".join(field(number, varint(1 << 3) + zigzag(span.offset) + integer(2, span.length)) for span in spans)


def histogram(value: Histogram, timestamp: int, start: int = 0) -> bytes:
    """A Histogram message of remote write."""
    counted = value.is_float
    buckets = ((9, 10, value.negative_buckets), (12, 13, value.positive_buckets))
    return b"".join(
        (
            double(2, value.count) if counted else integer(1, int(value.count)),
            double(3, value.sum),
            varint(4 << 3) + zigzag(value.schema),
            double(5, value.zero_threshold),
            double(7, value.zero_count) if counted else integer(6, int(value.zero_count)),
            spans(8, value.negative_spans),
            spans(11, value.positive_spans),
            *(
                (packed(floats, (struct.pack("<d", count) for count in counts)) if counted else packed(integers, deltas(counts)))
                for integers, floats, counts in buckets
                if counts
            ),
            integer(14, int(value.reset_hint)),
            integer(15, timestamp),
            packed(16, (struct.pack("<d", bound) for bound in value.custom_values)) if value.custom_values else b"",
            integer(17, start) if start else b"",
        )
    )
