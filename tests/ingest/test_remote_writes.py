from __future__ import annotations

import asyncio
import struct

import cramjam
import pytest
from tests.storage.conftest import DAY, NOW, OpenStore, commit
from tests.storage.reading import read
from tests.telemetry.wire import field, label, sample, series, varint

from fusewatch.ingest.remote_writes import RemoteWrites
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.remote_write import MAX_DECODED_BYTES, RemoteWriteError

GOOD = Labels({"__name__": "good", "job": "a"})


def send(store: MetricStore, message: bytes) -> None:
    asyncio.run(RemoteWrites(store.door).write_remote(bytes(cramjam.snappy.compress_raw(message))))


def test_a_request_is_stored_and_its_series_is_the_one_that_other_protocols_mean(store: MetricStore) -> None:
    # The labels in another order than the canonical one, and an empty one, which is none.
    send(store, series([("job", "a"), ("__name__", "good"), ("empty", "")], [(NOW, 1.5), (NOW + 1, 2.5)]))
    send(store, series([("__name__", "good"), ("job", "a")], [(NOW + 2, 3.5)]))
    assert read(store) == {GOOD: {NOW: 1.5, NOW + 1: 2.5, NOW + 2: 3.5}}
    assert store.statistics().series == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([("job", "a")], "invalid metric name or labels, got {job="),
        ([("__name__", ""), ("job", "a")], "invalid metric name or labels"),
        ([("__name__", "x"), ("", "a")], "invalid metric name or labels"),
        ([("__name__", "x"), ("a", "1"), ("a", "2")], 'duplicated label "a"'),
        ([("__name__", "x"), ("a", b"\xff\xfe")], "invalid UTF-8"),
    ],
)
def test_a_bad_series_is_named_and_its_neighbours_are_stored(store: MetricStore, bad: list[tuple[str, str]], message: str) -> None:
    good = series([*GOOD.pairs], [(NOW, 1.0)])
    with pytest.raises(SamplesRejectedError, match=message) as caught:
        send(store, good + series(bad, [(NOW, 1.0), (NOW + 1, 1.0)]) + series([("__name__", "after")], [(NOW, 2.0)]))
    assert caught.value.rejected == 2
    assert read(store) == {GOOD: {NOW: 1.0}, Labels({"__name__": "after"}): {NOW: 2.0}}


def test_old_samples_of_a_request_are_refused_and_the_rest_is_stored(store: MetricStore) -> None:
    with pytest.raises(SamplesRejectedError, match="older than the retention"):
        send(store, series([*GOOD.pairs], [(NOW - 40 * DAY, 1.0), (NOW, 2.0), (-5, 2.0)]))
    assert read(store) == {GOOD: {NOW: 2.0}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "snappy"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "snappy"),
        (b"not snappy at all", "snappy"),
        (varint(MAX_DECODED_BYTES + 1) + bytes(100), "unpacks to 33554433 bytes"),  # a bomb: refused before it is unpacked
        (bytes(cramjam.snappy.compress_raw(b"\x0a\xff\x01")), "not a remote-write"),
        (bytes(cramjam.snappy.compress_raw(b"\x00\x00")), "not a remote-write"),
    ],
)
def test_a_body_that_is_no_request_is_refused_with_a_reason(store: MetricStore, body: bytes, message: str) -> None:
    with pytest.raises(RemoteWriteError, match=message):
        asyncio.run(RemoteWrites(store.door).write_remote(body))


def test_metadata_of_a_request_is_stored(store: MetricStore) -> None:
    entry = varint(1 << 3) + varint(1) + field(2, b"good") + field(4, b"what it means") + field(5, b"bytes")
    send(store, field(3, entry))
    commit(store)
    (found,) = store.metadata("good", 0)
    assert (found.type, found.help, found.unit) == ("counter", "what it means", "bytes")


def test_a_native_histogram_that_does_not_add_up_is_refused_and_the_rest_is_stored(store: MetricStore) -> None:
    histogram = field(1, label("__name__", "h") + field(4, b"\x08\x01"))
    with pytest.raises(SamplesRejectedError, match="observations found in buckets, but the Count field is 1"):
        send(store, histogram + series([*GOOD.pairs], [(NOW, 1.0)]))
    assert read(store) == {GOOD: {NOW: 1.0}}


def test_a_large_request_with_many_new_series_is_stored_whole(open_store: OpenStore) -> None:
    store = open_store()
    count = 20_000
    message = b"".join(series([("__name__", "m"), ("n", str(k))], [(NOW, float(k))]) for k in range(count))
    for _ in range(2):
        send(store, message)
    assert sorted(value for points in read(store).values() for value in points.values()) == [float(k) for k in range(count)]
    store.abandon()
    assert len(read(open_store(), "__name__=m")) == count


def test_samples_of_default_values_take_no_bytes(store: MetricStore) -> None:
    # protobuf leaves out zeros: a value of 0, and a timestamp of 0 (which the retention refuses).
    send(store, field(1, label("__name__", "zero") + field(2, b"\x10" + varint(NOW))))
    assert read(store) == {Labels({"__name__": "zero"}): {NOW: 0.0}}
    with pytest.raises(SamplesRejectedError):
        send(store, field(1, label("__name__", "zero") + sample(0, 0.0)))


def test_a_value_keeps_its_bits_on_the_way_from_the_wire(store: MetricStore) -> None:
    bits = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
    send(store, series([*GOOD.pairs], [(NOW, bits)]))
    commit(store)
    (points,) = read(store).values()
    assert struct.pack("<d", points[NOW]) == struct.pack("<Q", 0x7FF0000000000002)
