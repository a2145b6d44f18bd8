"""A tiny protobuf encoder for remote-write messages."""

from __future__ import annotations

import struct
from collections.abc import Iterable


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
