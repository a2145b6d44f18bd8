"""Our chunks beside those of the real Prometheus."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tests.telemetry.tsdb.made import create_blocks

from fusewatch.telemetry.chunks import xor
from fusewatch.telemetry.protobuf import read_varint

NOW = 1_700_000_000
SEGMENT_HEADER = 8


def chunks_of(segment):
    """Encoding and data of each chunk of a segment file."""
    data, at = segment.read_bytes(), SEGMENT_HEADER
    while at < len(data):
        size, at = read_varint(data, at)
        yield data[at], data[at + 1 : at + 1 + size]
        at += 1 + size + 4


@pytest.fixture(scope="module")
def series():
    """Counters, gauges, constants, noise and hard values, regular and with jitter."""
    draw = random.Random(7)
    kinds = {
        "counter": lambda k: 100 * k + draw.randrange(100),
        "gauge": lambda _: round(draw.gauss(50, 10), 2),
        "constant": lambda _: 1,
        "noise": lambda _: draw.uniform(-1e300, 1e300),
        "hard": lambda _: draw.choice(["NaN", "+Inf", "-Inf", "0", "-0", "5e-324", "1.7976931348623157e308"]),
    }
    found = {}
    for kind, value in kinds.items():
        for jitter in (0, 1, 40, 5000):
            times = [NOW * 1000 + 15_000 * k + draw.randrange(jitter + 1) for k in range(300)]
            found[f'{kind}{{jitter="{jitter}"}}'] = [(time, value(k)) for k, time in enumerate(times)]
    return found


def test_prometheus_chunks_are_read_and_written_byte_for_byte(series, tmp_path):
    text = "".join(f"{name} {value} {time / 1000:.3f}\n" for name, rows in series.items() for time, value in rows) + "# EOF\n"
    seen = 0
    for block in create_blocks(tmp_path / "tsdb", text):
        for encoding, data in chunks_of(block / "chunks" / "000001"):
            assert encoding == 1
            times, bits = xor.decode(data)
            seen += len(times)
            # Prometheus may leave one byte of padding where the last bit ends a byte.
            assert data.removeprefix(xor.encode(times, bits)) in {b"", b"\0"}
            assert np.all(np.diff(times) > 0)
    assert seen == sum(map(len, series.values()))
