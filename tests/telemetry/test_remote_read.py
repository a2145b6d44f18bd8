from __future__ import annotations

import struct

import cramjam
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telemetry.chunks.test_histograms import plain, runs
from tests.telemetry.remote_reading import hints, query, read_body, read_frames, samples_of
from tests.telemetry.wire import field, varint

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.remote_read import ReadQuery, ReadRequest, ResponseType, decode_request
from fusewatch.telemetry.remote_read_frames import frames
from fusewatch.telemetry.remote_write_encode import columns_of, label_fields
from fusewatch.telemetry.samples import HistogramSet, SeriesSet
from fusewatch.telemetry.series_order import in_label_order

NOW = 1_700_000_000_000


def test_queries_with_all_kinds_of_matchers_are_read():
    matchers = [("a", "=", "1"), ("b", "!=", "2"), ("ä", "=~", "x.*"), ("d", "!~", "")]
    body = read_body(query(-5, NOW, *matchers), query(1, 2), accepted=(1, 0))
    expected = [Matcher(name, MatchOp(op), value) for name, op, value in matchers]
    assert decode_request(body) == ReadRequest([ReadQuery(-5, NOW, expected), ReadQuery(1, 2, [])], ResponseType.STREAMED_XOR_CHUNKS)


def test_hints_narrow_the_range_and_empty_ones_do_not():
    [narrow, empty] = decode_request(read_body(query(10, 20, hints=hints(5, 15)), query(10, 20, hints=hints(0, 0)))).queries
    assert (narrow.start, narrow.end) == (10, 15)
    assert (empty.start, empty.end) == (10, 20)


@pytest.mark.parametrize(
    ("accepted", "expected"), [((), ResponseType.SAMPLES), ((7, 1), ResponseType.STREAMED_XOR_CHUNKS), ((0, 1), ResponseType.SAMPLES)]
)
def test_the_first_form_that_is_known_is_taken(accepted, expected):
    assert decode_request(read_body(accepted=accepted)).response_type is expected


def test_numbers_that_are_not_packed_are_read_too():
    body = bytes(cramjam.snappy.compress_raw(varint(2 << 3) + varint(1) + varint(2 << 3) + varint(0)))
    assert decode_request(body).response_type is ResponseType.STREAMED_XOR_CHUNKS


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "snappy"),
        (b"\x05hello", "snappy"),
        (b"\xff\xff\xff\xff\x0f", "the limit is"),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\xff")), "proto"),
        (read_body(accepted=(7,)), "server does not support any of the requested response types"),
        (bytes(cramjam.snappy.compress_raw(field(1, field(3, varint(1 << 3) + varint(9))))), "invalid matcher type"),
        (bytes(cramjam.snappy.compress_raw(field(1, field(3, field(2, b"\xff"))))), "invalid UTF-8"),
    ],
)
def test_what_is_no_request_is_refused(body, words):
    with pytest.raises(ProtobufError, match=words):
        decode_request(body)


@settings(max_examples=500)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    for body in (data, bytes(cramjam.snappy.compress_raw(data))):
        try:
            decode_request(body)
        except ProtobufError as error:
            assert str(error)  # noqa: PT017


@st.composite
def series_sets(draw):
    """A set with histograms, and what it holds: (ms, bits or body) of each series."""
    rows, histograms, expected = [], [], []
    for _ in range(draw(st.integers(1, 4))):
        bodies = [histogram.encode() for histogram in draw(st.just([]) | runs())]
        floats = draw(st.lists(st.integers(0, (1 << 64) - 1), max_size=5) | st.just(list(range(250))))
        kinds = draw(st.permutations([*bodies, *floats])) if bodies else floats
        timed = [(NOW + 1000 * k, one) for k, one in enumerate(kinds)]
        rows.append([row for row in timed if isinstance(row[1], int)])
        histograms.append([row for row in timed if isinstance(row[1], bytes)])
        expected.append(timed)
    found = SeriesSet(
        [Labels({"__name__": "m", "n": str(k)}) for k in range(len(rows))],
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([at for some in rows for at, _ in some], np.int64),
        np.array([bits for some in rows for _, bits in some], np.uint64).view(np.float64),
        HistogramSet(
            np.cumsum([0, *map(len, histograms)], dtype=np.int64),
            np.array([at for some in histograms for at, _ in some], np.int64),
            np.cumsum([0, *(len(body) for some in histograms for _, body in some)], dtype=np.int64),
            np.frombuffer(b"".join(body for some in histograms for _, body in some), np.uint8),
        ),
    )
    return found, expected


@given(series_sets(), st.sampled_from([1, 700, 1 << 20]))
def test_frames_hold_all_samples_series_by_series_in_order_of_time(given_set, most_bytes):
    found, expected = given_set
    fields = [label_fields(one) for one in found.labels]
    data = list(frames(columns_of(found, fields, 0, len(found)), query=3, most_bytes=most_bytes))
    read = {}
    for number, labels, chunks in read_frames(b"".join(data)):
        assert number == 3
        read.setdefault(labels["n"], []).extend(samples_of(chunks))

    def comparable(rows):
        return [(at, one if isinstance(one, int) else plain(one)) for at, one in rows]

    assert {name: comparable(rows) for name, rows in read.items()} == {str(k): comparable(rows) for k, rows in enumerate(expected) if rows}
    assert list(read) == sorted(read)


def test_a_frame_is_hardly_longer_than_it_may_be():
    values = np.random.default_rng(1).normal(size=5000)
    found = SeriesSet([Labels({"a": "b"})], np.array([0, 5000]), NOW + 15_000 * np.arange(5000), values)
    sizes = [len(frame) for frame in frames(columns_of(found, [b""], 0, 1), query=0, most_bytes=5000)]
    assert len(sizes) > 5
    assert max(sizes) < 5000 + 120 * 10


def test_series_are_ordered_by_names_and_values_and_take_their_samples_along():
    names = ["1", "10", "2", "100"]
    labels = sorted((Labels({"a": name}) for name in names), key=lambda one: one.canonical)
    assert [one["a"] for one in labels] != sorted(names)
    counts = [int(one["a"]) % 7 + 1 for one in labels]
    values = np.concatenate([np.full(count, float(one["a"])) for one, count in zip(labels, counts, strict=True)])
    offsets = np.cumsum([0, *counts], dtype=np.int64)
    bodies = [struct.pack("<q", int(one["a"])) * 2 for one in labels]
    histograms = HistogramSet(
        np.arange(5), np.arange(4), np.cumsum([0, *map(len, bodies)], dtype=np.int64), np.frombuffer(b"".join(bodies), np.uint8)
    )
    found = in_label_order(SeriesSet(labels, offsets, np.arange(len(values)), values, histograms))
    assert [one["a"] for one in found.labels] == sorted(names)
    assert found.histograms is not None
    for k, name in enumerate(sorted(names)):
        assert set(found.values[found.offsets[k] : found.offsets[k + 1]].tolist()) == {float(name)}
        start, end = found.histograms.ends[k : k + 2]
        assert found.histograms.bodies[start:end].tobytes() == struct.pack("<q", int(name)) * 2
    assert in_label_order(found) is found
