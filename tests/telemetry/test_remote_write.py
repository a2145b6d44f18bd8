from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.telemetry.wire import field, label, sample, series, varint

from fusewatch.telemetry.hashing import SLACK, draw_key, fingerprint_of
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.remote_write import (
    EXTRA_COLUMNS,
    HISTOGRAM,
    KIND,
    MALFORMED,
    TOO_MANY,
    UNUSUAL,
    padded,
    parse_labels,
    parse_metadata,
    walk_request,
)

Row = tuple[list[tuple[str, str]], int, bytes]


def table(entries: dict[bytes, int] | None = None):
    key, keys, refs = draw_key(), np.zeros((64, 2), np.uint64), np.zeros(64, np.uint32)
    for data, ref in (entries or {}).items():
        low, high = fingerprint_of(padded(data), 0, len(data), key)
        slot = int(low) & 63
        while refs[slot]:
            slot = (slot + 1) & 63
        keys[slot], refs[slot] = (low, high), ref
    return keys, refs, key


def decode(message: bytes, known: dict[bytes, int] | None = None, room: int = 100):
    """The rows of a message: label bytes (or the known reference), timestamp, value bits."""
    buffer = padded(message).copy()
    columns = np.empty(room, np.uint32), np.empty(room, np.int64), np.empty(room, np.uint64)
    misses, metadata = np.empty((room, 4), np.int64), np.empty((room, 2), np.int64)
    extras = np.empty((room, EXTRA_COLUMNS), np.int64)
    rows, missed, described, extra = walk_request(buffer, len(message), table(known), columns, misses, metadata, extras)
    if rows < 0:
        return rows
    names: list[object] = [int(ref) for ref in columns[0][:rows]]
    for start, end, first, count in misses[:missed].tolist():
        assert set(names[first : first + count]) == {0}
        names[first : first + count] = [message[start:end]] * count
    entries = [message[start:end] for start, end in metadata[:described].tolist()]
    values = [bits.tobytes() for bits in columns[2][:rows]]
    return list(zip(names, columns[1][:rows].tolist(), values, strict=True)), entries, int((extras[:extra, KIND] == HISTOGRAM).sum())


texts = st.text(max_size=40)
labels = st.lists(st.tuples(texts, texts), max_size=5)
int64s = st.integers(-(1 << 63), (1 << 63) - 1)
floats = st.binary(min_size=8, max_size=8).map(lambda data: struct.unpack("<d", data)[0])
samples = st.lists(st.tuples(int64s | st.integers(1_600_000_000_000, 1_800_000_000_000), floats), max_size=4)


@given(st.lists(st.tuples(labels, samples), max_size=8), st.sets(st.integers(0, 7)))
@example([([("__name__", "up")], [(1_700_000_000_000, 1.0)])], set())
@example([([("__name__", "up")], [(1_700_000_000_000, 1.0)])], {0})
@example([([], [(0, 0.0)])], set())
@example([([("a", "b" * 40)], [(-1, 0.0), (1 << 62, -0.0)])], {0})
def test_what_was_encoded_is_decoded_whether_the_series_are_known_or_not(requests, known_ones) -> None:
    encoded = [b"".join(label(*pair) for pair in pairs) for pairs, _ in requests]
    known = {data: k + 1 for k, data in enumerate(encoded) if k in known_ones}
    rows, metadata, histograms = decode(b"".join(series(pairs, points) for pairs, points in requests), known)
    expected = [
        (known.get(data, data), timestamp, struct.pack("<d", value))
        for data, (_, points) in zip(encoded, requests, strict=True)
        for timestamp, value in points
    ]
    assert rows == expected
    assert (metadata, histograms) == ([], 0)
    for data, (pairs, _) in zip(encoded, requests, strict=True):
        assert parse_labels(data) == pairs


@settings(max_examples=500)
@given(st.binary(max_size=60))
@example(b"\x0a\x16" + b"\x12\x12" * 11)
@example(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
@example(b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80")
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    found = decode(data)
    assert found in (MALFORMED, UNUSUAL, TOO_MANY) or len(found) == 3


@given(st.data())
def test_a_request_cut_anywhere_is_refused_or_ends_at_a_whole_series(data: st.DataObject) -> None:
    parts = [series([("__name__", "up"), ("n", str(k))], [(1_700_000_000_000 + k, 1.0)]) for k in range(3)]
    message = b"".join(parts)
    cut = data.draw(st.integers(0, len(message)))
    found = decode(message[:cut])
    ends = [sum(map(len, parts[:k])) for k in range(4)]
    assert (found == MALFORMED) == (cut not in ends)


def test_unknown_fields_of_any_type_are_skipped() -> None:
    extra = varint(9 << 3) + varint(300) + varint(9 << 3 | 1) + bytes(8) + varint(9 << 3 | 5) + bytes(4) + field(9, b"x")
    point = field(2, extra + b"\x09" + struct.pack("<d", 1.0) + b"\x10\x05")
    rows, _, _ = decode(extra + field(1, label("a", "b") + extra + point + extra) + extra)
    assert rows == [(label("a", "b"), 5, struct.pack("<d", 1.0))]


def test_exemplars_are_left_out_and_native_histograms_are_counted() -> None:
    rows, _, histograms = decode(field(1, label("a", "b") + field(3, b"xx") + field(4, b"yy") + sample(1, 2.0)))
    assert (len(rows), histograms) == (1, 1)


def test_labels_behind_samples_are_told_apart() -> None:
    assert decode(field(1, sample(1, 1.0) + label("a", "b"))) == UNUSUAL


def test_more_rows_than_there_is_room_for_are_told() -> None:
    message = series([("a", "b")], [(k, 1.0) for k in range(1, 12)])
    assert decode(message, room=10) == TOO_MANY
    assert len(decode(message, room=11)[0]) == 11
    assert decode(series([("a", "b")], [(1, 1.0)]) * 11, room=10) == TOO_MANY


def test_metadata_is_found_and_parsed() -> None:
    entry = varint(1 << 3) + varint(3) + field(2, b"m") + field(4, "hélp".encode()) + field(5, b"s")
    _, (found,), _ = decode(series([("a", "b")], [(1, 1.0)]) + field(3, entry))
    assert parse_metadata(found) == MetricMetadata("m", "histogram", "hélp", "s")
    assert parse_metadata(varint(1 << 3) + varint(99) + field(2, b"m")).type == "unknown"


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", field(1, field(1, b"\xff")), b"\x0b\x00", b"\x02\x00"])
def test_malformed_labels_are_refused(data: bytes) -> None:
    with pytest.raises(ProtobufError):
        parse_labels(data)


@given(st.binary(max_size=100), st.binary(min_size=1, max_size=100), st.binary(max_size=40))
def test_a_fingerprint_depends_on_the_bytes_and_nothing_around_them(data: bytes, other: bytes, around: bytes) -> None:
    key = draw_key()
    plain = fingerprint_of(padded(data), 0, len(data), key)
    inside = padded(around + data + other)
    assert fingerprint_of(inside, len(around), len(around) + len(data), key) == plain
    assert (fingerprint_of(padded(other), 0, len(other), key) == plain) == (other == data)
    assert fingerprint_of(padded(data), 0, len(data), key ^ np.uint64(2)) != plain or not data


def test_the_slack_is_what_the_kernel_may_read() -> None:
    assert len(padded(b"x")) == 1 + SLACK
