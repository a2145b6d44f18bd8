"""Our chunks beside those of the real Prometheus."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from tests.real_prometheus import prometheus
from tests.telemetry.remote_reading import query, read_body, read_frames
from tests.telemetry.tsdb.made import create_blocks

from fusewatch.telemetry.chunks import histogram_decode, histogram_encode, xor
from fusewatch.telemetry.histograms import Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.protobuf import read_varint
from fusewatch.telemetry.remote_write_encode import columns_of, label_fields, write_request
from fusewatch.telemetry.samples import STALE_NAN, HistogramSet, SeriesSet

NOW = 1_700_000_000
SEGMENT_HEADER = 8
BLOCK_MS = 7_200_000


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


def counting(is_float, hint):
    """A histogram that counts on, with a layout that has something of everything; an integer one goes stale at last."""
    draw = random.Random(9)
    positive, negative, zero = [0, 0, 0], [0, 0], 0
    found = []
    for _ in range(101):
        positive = [count + draw.randrange(1000) for count in positive]
        negative = [count + draw.randrange(3) for count in negative]
        zero += draw.randrange(2)
        found.append(
            Histogram(
                schema=3,
                count=sum(positive) + sum(negative) + zero,
                sum=draw.gauss(0, 1000),
                zero_threshold=2.0**-128,
                zero_count=zero,
                positive_spans=(Span(-2, 1), Span(3, 2)),
                positive_buckets=tuple(positive),
                negative_spans=(Span(0, 2),),
                negative_buckets=tuple(negative),
                is_float=is_float,
                reset_hint=hint,
            )
        )
    # Prometheus 2 takes any staleness marker for one of an integer histogram.
    return found if is_float else [*found[:-1], Histogram(schema=0, count=0, sum=STALE_NAN)]


@pytest.mark.e2e
def test_prometheus_takes_our_histograms_and_makes_the_same_chunks_of_them(tmp_path):
    now = int(time.time() * 1000)
    # Prometheus also cuts where a block of two hours begins: the samples are well within one.
    start = now - now % BLOCK_MS - BLOCK_MS + 600_000
    kinds = {
        f"{is_float}{hint.name}": counting(is_float, hint) for is_float in (False, True) for hint in (ResetHint.UNKNOWN, ResetHint.GAUGE)
    }
    labels = [Labels({"__name__": "latency", "kind": kind}) for kind in kinds]
    bodies = [histogram.encode() for histograms in kinds.values() for histogram in histograms]
    times = np.tile(start + 15_000 * np.arange(101, dtype=np.int64), len(kinds))
    histograms = HistogramSet(
        101 * np.arange(len(kinds) + 1, dtype=np.int64),
        times,
        np.cumsum([0, *map(len, bodies)], dtype=np.int64),
        np.frombuffer(b"".join(bodies), np.uint8),
    )
    found = SeriesSet(labels, np.zeros(len(kinds) + 1, np.int64), np.empty(0, np.int64), np.empty(0), histograms)
    columns = columns_of(found, [label_fields(one) for one in labels], 0, len(labels))
    options = "--web.enable-remote-write-receiver", "--enable-feature=native-histograms"
    with prometheus(tmp_path, "global: {scrape_interval: 1h}\n", *options) as server:
        server.post("/api/v1/write", write_request(columns))
        answer = server.post("/api/v1/read", read_body(query(0, now * 2, ("__name__", "=", "latency")), accepted=(1,)))
    read = {}
    for _, one, chunks in read_frames(answer):
        read.setdefault(one["kind"], []).extend(chunks)
    assert read.keys() == kinds.keys()
    for kind, expected in kinds.items():
        samples = [sample for _, _, encoding, data in read[kind] for sample in histogram_decode.decode(data, encoding)]
        assert [at for at, _ in samples] == times[:101].tolist()
        assert [without_hint(body) for _, body in samples] == [without_hint(one.encode()) for one in expected]
        for _, _, encoding, data in read[kind]:
            rows = histogram_decode.decode(data, encoding)
            ends = np.cumsum([0, *(len(body) // 8 for _, body in rows)], dtype=np.int64)
            words = np.frombuffer(b"".join(body for _, body in rows), np.uint64)
            again, _, _, chunk = next(histogram_encode.encode(np.array([at for at, _ in rows], np.int64), ends, words))
            assert again is encoding
            # Ours may end sooner, as it is cut by its size; the bytes before its last one are the same.
            assert len(chunk) > 1000 or len(rows) == 1
            assert data[3:].startswith(chunk[3:-1])


def without_hint(body):
    return body[:1] + body[2:]
