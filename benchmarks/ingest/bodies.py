"""Remote-write 1.0 requests, built once and sent to every server alike."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cramjam

ROWS = 2_000


def varint(number: int) -> bytes:
    """The number in protobuf's base-128 form; a negative one as its 64 bits."""
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


def labels_of(series: int) -> bytes:
    """The labels of one of many series, as node_exporter has them: ten or so, some long."""
    pairs = {
        "__name__": f"bench_metric_{series % 100}_total",
        "cluster": "production-eu-west-1",
        "cpu": str(series % 16),
        "device": f"/dev/disk/by-id/nvme-{series % 7}",
        "instance": f"host-{series // 1000:04d}.example.org:9100",
        "job": "node",
        "mode": ("idle", "user", "system", "iowait")[series % 4],
        "series": str(series),
    }
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in pairs.items())


def build_requests(*, series: int, samples: int, start_ms: int, step_ms: int) -> Iterator[bytes]:
    """Snappy bodies of :data:`ROWS` samples: all series at one time, then all of them at the next."""
    labels = [labels_of(number) for number in range(series)]
    rows: list[bytes] = []
    for k in range(samples):
        number, tick = k % series, k // series
        sample = b"\x09" + struct.pack("<d", tick * 15.0 + number) + b"\x10" + varint(start_ms + tick * step_ms)
        rows.append(field(1, labels[number] + field(2, sample)))
        if len(rows) == ROWS:
            yield bytes(cramjam.snappy.compress_raw(b"".join(rows)))
            rows = []
