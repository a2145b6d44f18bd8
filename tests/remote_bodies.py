"""Remote-write 1.0 bodies, by hand: https://prometheus.io/docs/specs/prw/remote_write_spec/."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

import cramjam

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}


def remote_body(series: Iterable[tuple[Mapping[str, str], Iterable[tuple[int, float]]]]) -> bytes:
    """The snappy body of series, each labels with samples of (ms, value)."""
    request = b"".join(
        _field(1, b"".join(_label(*pair) for pair in sorted(labels.items())) + b"".join(_sample(*sample) for sample in samples))
        for labels, samples in series
    )
    return bytes(cramjam.snappy.compress_raw(request))


def _label(name: str, value: str) -> bytes:
    return _field(1, _field(1, name.encode()) + _field(2, value.encode()))


def _sample(timestamp: int, value: float) -> bytes:
    return _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(timestamp))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
