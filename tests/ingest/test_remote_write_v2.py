from __future__ import annotations

import itertools
import struct

import cramjam
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ingest.known import KnownInMemory
from tests.ingest.test_remote_write import expected_of, label_sets
from tests.telemetry.histogram_strategies import custom_histograms, histograms
from tests.telemetry.wire import field, integer, packed, varint
from tests.telemetry.wire_v2 import Request

from fusewatch.ingest.remote_write_v2 import RemoteWriteV2Decoder, Written
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import SeriesLimitError
from fusewatch.telemetry.remote_write import RemoteWriteError

NOW, MINUTE = 1_700_000_000_000, 60_000
GOOD = Labels({"__name__": "good", "job": "a"})
EMPTY = Histogram(schema=1, count=0, sum=0.0)


class Receiver:
    """A decoder and its series; what it decodes as lists."""

    def __init__(self, *, zero_samples=False, **options):
        self.known = KnownInMemory(**options)
        self.decoder = RemoteWriteV2Decoder(self.known, zero_samples=zero_samples)
        self.problem = None
        self.written = None

    def decode(self, request):
        message = request if isinstance(request, bytes) else request.encode()
        found = self.decoder.decode(bytes(cramjam.snappy.compress_raw(message)))
        self.problem, self.written = found.decoded.problem, found.written
        return found

    def samples(self, request):
        """(labels, timestamp, value bits) of each sample."""
        decoded = self.decode(request).decoded
        rows = zip(decoded.refs.tolist(), decoded.timestamps.tolist(), decoded.bits, strict=True)
        return [(self.known.labels_of(ref), timestamp, bits.tobytes()) for ref, timestamp, bits in rows]

    def points(self, request):
        """(timestamp, value) of each sample."""
        return [(timestamp, struct.unpack("<d", bits)[0]) for _, timestamp, bits in self.samples(request)]

    def histograms(self, request):
        found = self.decode(request).decoded.histograms
        bodies = [found.bodies[start:end].tobytes() for start, end in itertools.pairwise(found.offsets.tolist())]
        rows = zip(found.refs.tolist(), found.timestamps.tolist(), bodies, strict=True)
        return [(self.known.labels_of(ref), timestamp, Histogram.decode(body)) for ref, timestamp, body in rows]

    def exemplars(self, request):
        found = self.decode(request).decoded.exemplars
        sets = [Labels.from_canonical(found.labels[start:end].tobytes()) for start, end in itertools.pairwise(found.offsets.tolist())]
        return list(zip(found.timestamps.tolist(), found.values.tolist(), sets, strict=True))


def samples_request(found):
    request = Request()
    for pairs, points in found:
        request.series(pairs, *(request.sample(*point) for point in points))
    return request


points = st.lists(st.tuples(st.integers(0, 1 << 45), st.floats()), min_size=1, max_size=3)


@given(st.lists(st.tuples(label_sets, points), max_size=6))
@example([([("__name__", "a"), ("__name__", "a")], [(1, 1.0)]), ([("b", ""), ("__name__", "a"), ("a", "1")], [(2, 2.0)])])
@example([([("__name__", b"\xed\xa0\x80")], [(1, 1.0)])])
def test_samples_reach_the_series_that_their_labels_mean_known_or_not(found) -> None:
    receiver, request = Receiver(), samples_request(found)
    expected = [(expected_of(pairs), timestamp, struct.pack("<d", value)) for pairs, rows in found for timestamp, value in rows]
    good = [row for row in expected if row[0] is not None]
    for _ in range(2):
        assert receiver.samples(request) == good
        assert receiver.written == Written(len(good), 0, 0)
        assert (receiver.problem.rejected if receiver.problem else 0) == len(expected) - len(good)


def test_a_series_is_learned_once_and_is_the_same_whatever_the_symbols_are_numbered() -> None:
    receiver = Receiver()
    receiver.samples(samples_request([([*GOOD.pairs], [(NOW, 1.0)])]))
    other = samples_request([([("__name__", "other")], [(NOW, 1.0)]), ([*GOOD.pairs], [(NOW, 2.0)])])
    assert (GOOD, NOW, struct.pack("<d", 2.0)) in receiver.samples(other)
    assert receiver.known.learned == 2


def test_fields_may_come_in_any_order_and_need_not_be_packed() -> None:
    request, receiver = Request(), Receiver()
    loose = b"".join(integer(1, request.ref(part)) for pair in GOOD.pairs for part in pair)
    request.raw(request.sample(NOW, 1.0) + varint(9 << 3) + varint(300) + loose)
    (symbols, series) = request.encode().split(field(5, b"")[:1], 1)
    assert receiver.points(b"\x2a" + series + symbols) == [(NOW, 1.0)]
    assert receiver.points(samples_request([([*GOOD.pairs], [(NOW, 1.0)])])) == [(NOW, 1.0)]
    assert receiver.known.learned == 1


def broken(refs):
    request = Request()
    return request.raw(packed(1, map(varint, refs)) + request.sample(NOW, 1.0) + request.sample(NOW + 1, 1.0)), 2


def bad_metadata(number):
    request = Request()
    return request.series(GOOD.pairs, request.sample(NOW, 1.0), field(5, integer(number, 99))), 1


def without_samples():
    request = Request()
    return request.series(GOOD.pairs, request.exemplar([("a", "b")], 1.0, NOW)), 0


def labelled(*pairs):
    return samples_request([(pairs, [(NOW, 1.0)])]), 1


@pytest.mark.parametrize(
    ("request_and_count", "words"),
    [
        (broken([1, 2, 3]), "parsing labels for series [1 2 3]: invalid labelRefs length 3"),
        (broken([1, 9]), "parsing labels for series [1 9]: labelRefs 1 (name) = 9 (value) outside of symbols table (size 3)"),
        (broken([]), "invalid metric name or labels, got {}"),
        (bad_metadata(3), "metadata help_ref 99 outside of symbols table (size 6)"),
        (bad_metadata(4), "metadata unit_ref 99 outside of symbols table (size 6)"),
        (without_samples(), 'TimeSeries must contain at least one sample or histogram for series {__name__="good", job="a"}'),
        (labelled(("job", "a")), 'invalid metric name or labels, got {job="a"}'),
        (labelled(("__name__", b"\xff")), "invalid metric name or labels, got {"),
        (labelled(("__name__", "x"), ("a", "1"), ("a", "2")), 'invalid labels for series, labels {__name__="x", a="1", a="2"}, duplicated'),
    ],
)
def test_a_bad_series_is_named_and_its_neighbours_are_taken(request_and_count, words) -> None:
    receiver, (request, count) = Receiver(), request_and_count
    request.series([("__name__", "after")], request.sample(NOW, 2.0))
    for _ in range(2):
        assert receiver.points(request) == [(NOW, 2.0)]
        assert words in str(receiver.problem)
        assert receiver.problem.rejected == count
        assert receiver.written == Written(1, 0, 0)


def test_new_series_beyond_the_limit_are_refused() -> None:
    receiver = Receiver(limit=1)
    assert receiver.points(samples_request([([("__name__", name)], [(NOW, 1.0)]) for name in "ab"])) == [(NOW, 1.0)]
    assert isinstance(receiver.problem, SeriesLimitError)


def test_symbols_used_over_and_over_do_not_fill_the_memory() -> None:
    receiver, long = Receiver(), "x" * (1 << 20)
    request = samples_request([([("__name__", f"m{k}"), ("long", long)], [(NOW, 1.0)]) for k in range(40)])
    assert len(receiver.points(request)) == 31
    assert "more than 33554432 bytes" in str(receiver.problem)
    assert receiver.problem.rejected == 9


@given(st.lists(st.tuples(histograms() | custom_histograms(), st.integers(0, 1 << 45)), min_size=1, max_size=4))
def test_native_histograms_become_their_binary_form(found) -> None:
    receiver, request = Receiver(), Request()
    request.series(GOOD.pairs, *(request.histogram(*one) for one in found))
    for _ in range(2):
        assert receiver.histograms(request) == [(GOOD, timestamp, value) for value, timestamp in found]
        assert receiver.written == Written(0, len(found), 0)


def test_an_invalid_histogram_is_told_and_the_rest_is_taken() -> None:
    receiver, request = Receiver(), Request()
    bad = Histogram(schema=0, count=1, sum=0.0)
    request.series(GOOD.pairs, request.histogram(bad, NOW), request.histogram(EMPTY, NOW + 1))
    assert receiver.histograms(request) == [(GOOD, NOW + 1, EMPTY)]
    assert "histogram's observation count should equal" in str(receiver.problem)
    assert receiver.problem.rejected == 1


def test_exemplars_are_kept_and_those_that_lead_nowhere_are_told() -> None:
    receiver, request = Receiver(), Request()
    lost = field(4, packed(1, map(varint, [1, 77])))
    good = request.exemplar([("trace_id", "abc")], 0.5, NOW)
    request.series(GOOD.pairs, request.sample(NOW, 1.0), good, lost, request.exemplar([("t", "x" * 128)], 1.0, NOW))
    for _ in range(2):
        assert receiver.exemplars(request) == [(NOW, 0.5, Labels({"trace_id": "abc"}))]
        assert 'parsing exemplar for series {__name__="good", job="a"}: labelRefs 1 (name) = 77' in str(receiver.problem)
        assert receiver.problem.rejected == 0
        assert receiver.written == Written(1, 0, 1)


def test_metadata_is_told_once_by_family_and_again_after_it_was_forgotten() -> None:
    receiver, request = Receiver(), Request()
    for name, kind in (("up", 2), ("h_bucket", 3), ("h_count", 3), ("s_sum", 5), ("plain", 0)):
        request.series([("__name__", name)], request.sample(NOW, 1.0), request.metadata(kind, "help", "s") if kind else request.metadata(0))
    told = [MetricMetadata(name, kind, "help", "s") for name, kind in (("up", "gauge"), ("h", "histogram"), ("s", "summary"))]
    assert receiver.decode(request).decoded.metadata == told
    assert receiver.decode(request).decoded.metadata == []
    request.series([("__name__", "up")], request.sample(NOW, 1.0), request.metadata(2, "another help"))
    assert receiver.decode(request).decoded.metadata == [MetricMetadata("up", "gauge", "another help")]
    receiver.decoder.forget_metadata()
    assert len(receiver.decode(request).decoded.metadata) == 4


def test_a_large_request_is_decoded_whole() -> None:
    receiver, request = Receiver(slots=1 << 16), Request()
    for k in range(10_000):
        request.series([("__name__", f"m{k}")], request.sample(k, float(k)), request.exemplar([], 1.0, k), request.metadata(1, f"help {k}"))
    found = receiver.decode(request).decoded
    assert found.timestamps.tolist() == found.exemplars.timestamps.tolist() == list(range(10_000))
    assert [entry.help for entry in found.metadata] == [f"help {k}" for k in range(10_000)]
    assert receiver.decode(request).decoded.metadata == []


@pytest.mark.parametrize("message", [b"\x2a\xff\x01", field(5, b"\x0a\x02\x80"), field(5, field(2, b"\x09")), field(5, field(5, b"\x08"))])
def test_a_body_that_is_no_request_is_refused(message) -> None:
    with pytest.raises(RemoteWriteError, match=r"not a remote-write 2\.0"):
        Receiver().decode(message)


@settings(max_examples=300)
@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda data: samples_request([([*GOOD.pairs], [(1, 1.0)])]).raw(data).encode()))
def test_any_bytes_are_decoded_or_refused(data) -> None:
    receiver = Receiver()
    try:
        decoded = receiver.decode(data).decoded
    except RemoteWriteError:
        return
    assert len(decoded.refs) == len(decoded.timestamps) == len(decoded.bits)


def counter(*rows):
    request = Request()
    return request.series(GOOD.pairs, *(request.sample(*row) for row in rows))


def test_start_timestamps_are_handed_on() -> None:
    request = counter((NOW, 1.0, NOW - MINUTE), (NOW + 1, 2.0))
    request.series([("__name__", "h")], request.histogram(EMPTY, NOW, NOW - 5), request.histogram(EMPTY, NOW))
    request.raw(request.refs([("__name__", "old")]) + request.sample(NOW, 1.0) + request.histogram(EMPTY, NOW) + integer(6, NOW - 9))
    found = Receiver().decode(request)
    assert found.starts.tolist() == [NOW - MINUTE, 0, NOW - 9]
    assert found.histogram_starts.tolist() == [NOW - 5, 0, NOW - 9]


def test_a_counter_begins_with_a_zero_at_its_start_once() -> None:
    receiver = Receiver(zero_samples=True)
    assert receiver.points(counter((NOW, 7.0, NOW - MINUTE))) == [(NOW - MINUTE, 0.0), (NOW, 7.0)]
    assert receiver.written == Written(1, 0, 0)
    assert receiver.points(counter((NOW + 1, 8.0, NOW - MINUTE))) == [(NOW + 1, 8.0)]
    # It is reset between the two.
    rows = counter((NOW + 2, 9.0, NOW - MINUTE), (NOW + 9, 1.0, NOW + 5))
    assert receiver.points(rows) == [(NOW + 2, 9.0), (NOW + 5, 0.0), (NOW + 9, 1.0)]


@pytest.mark.parametrize("start", [0, NOW, NOW + 1, NOW - 61 * MINUTE])
def test_a_start_that_says_nothing_adds_no_zero(start) -> None:
    assert Receiver(zero_samples=True).points(counter((NOW, 7.0, start))) == [(NOW, 7.0)]


def test_zeros_are_not_added_unless_asked_for() -> None:
    assert Receiver().points(counter((NOW, 7.0, NOW - MINUTE))) == [(NOW, 7.0)]


@pytest.mark.parametrize("is_float", [False, True])
@pytest.mark.parametrize(
    "first",
    [
        {"schema": 3, "zero_threshold": 0.25, "zero_count": 1, "positive_spans": (Span(0, 2),), "positive_buckets": (1, 2)},
        {"schema": CUSTOM_SCHEMA, "custom_values": (1.0, 2.0), "positive_spans": (Span(0, 2),), "positive_buckets": (1, 3)},
    ],
)
def test_a_histogram_begins_with_an_empty_one_of_its_shape(first, is_float) -> None:
    receiver, request = Receiver(zero_samples=True), Request()
    value = Histogram(**first, count=4, sum=4.5, is_float=is_float)
    zero = Histogram(
        schema=value.schema,
        zero_threshold=value.zero_threshold,
        custom_values=value.custom_values,
        count=0,
        sum=0.0,
        is_float=is_float,
        reset_hint=ResetHint.YES,
    )
    request.series(GOOD.pairs, request.histogram(value, NOW, NOW - 5), request.histogram(value, NOW + 1, NOW - 5))
    assert receiver.histograms(request) == [(GOOD, NOW - 5, zero), (GOOD, NOW, value), (GOOD, NOW + 1, value)]
    assert receiver.written == Written(0, 2, 0)
