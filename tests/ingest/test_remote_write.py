from __future__ import annotations

import itertools
import struct
from collections import Counter

import cramjam
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ingest.known import KnownInMemory
from tests.telemetry.histogram_strategies import custom_histograms, histograms
from tests.telemetry.wire import double, exemplar, field, histogram, integer, label, sample, series, spans, varint, zigzag

from fusewatch.ingest.refusals import checked_labels
from fusewatch.ingest.remote_write import RemoteWriteDecoder
from fusewatch.telemetry.histograms import Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.remote_write import MAX_DECODED_BYTES, RemoteWriteError

NOW = 1_700_000_000_000
GOOD = Labels({"__name__": "good", "job": "a"})


class Receiver:
    """A decoder and its series; what it decodes as lists."""

    def __init__(self, **options):
        self.known = KnownInMemory(**options)
        self.decoder = RemoteWriteDecoder(self.known)
        self.problem = None

    def decode(self, message):
        decoded = self.decoder.decode(bytes(cramjam.snappy.compress_raw(message)))
        self.problem = decoded.problem
        return decoded

    def samples(self, message):
        """(labels, timestamp, value bits) of each sample."""
        decoded = self.decode(message)
        rows = zip(decoded.refs.tolist(), decoded.timestamps.tolist(), decoded.bits, strict=True)
        return [(self.known.labels_of(ref), timestamp, bits.tobytes()) for ref, timestamp, bits in rows]

    def histograms(self, message):
        found = self.decode(message).histograms
        ends = found.offsets.tolist()
        bodies = [found.bodies[start:end].tobytes() for start, end in itertools.pairwise(ends)]
        rows = zip(found.refs.tolist(), found.timestamps.tolist(), bodies, strict=True)
        return [(self.known.labels_of(ref), timestamp, Histogram.decode(body)) for ref, timestamp, body in rows]

    def exemplars(self, message):
        found = self.decode(message).exemplars
        ends = found.offsets.tolist()
        sets = [Labels.from_canonical(found.labels[start:end].tobytes()) for start, end in itertools.pairwise(ends)]
        rows = zip(found.refs.tolist(), found.timestamps.tolist(), found.values.tolist(), sets, strict=True)
        return [(self.known.labels_of(ref), timestamp, value, labels) for ref, timestamp, value, labels in rows]


def native(labels, *messages):
    """A TimeSeries of native histograms."""
    return field(1, b"".join(label(*pair) for pair in labels) + b"".join(field(4, message) for message in messages))


names = st.text(max_size=6) | st.sampled_from(["__name__", "job", "a" * 9, "é", ""])
values = st.text(max_size=12) | st.binary(max_size=5) | st.sampled_from(["", "x" * 40, "\ud7ff￿𐀀"])
label_sets = st.lists(st.tuples(names, values), max_size=6) | st.just([*GOOD.pairs])
points = st.lists(st.tuples(st.integers(0, 1 << 45), st.floats()), max_size=3)


def expected_of(pairs):
    """The label set that pairs mean, None where they are refused; in plain Python."""
    try:
        return checked_labels([(name, value if isinstance(value, str) else value.decode()) for name, value in pairs])
    except (UnicodeDecodeError, SamplesRejectedError):
        return None


@given(st.lists(st.tuples(label_sets, points), max_size=6))
@example([([("__name__", "a"), ("__name__", "a")], [(1, 1.0)]), ([("b", ""), ("__name__", "a"), ("a", "1")], [(2, 2.0)])])
@example([([("__name__", b"\xed\xa0\x80")], [(1, 1.0)]), ([("__name__", b"\xf4\x90\x80\x80")], [(1, 1.0)])])
@example([([("__name__", "x"), ("a", b"\xc0\xaf")], [(1, 1.0)]), ([("__name__", "x"), ("a", b"\xe2\x82")], [(1, 1.0)])])
def test_samples_reach_the_series_that_their_labels_mean_known_or_not(request_series) -> None:
    receiver = Receiver()
    message = b"".join(series(pairs, samples) for pairs, samples in request_series)
    expected = [
        (expected_of(pairs), timestamp, struct.pack("<d", value)) for pairs, samples in request_series for timestamp, value in samples
    ]
    for _ in range(2):
        assert receiver.samples(message) == [row for row in expected if row[0] is not None]
        refused = sum(row[0] is None for row in expected)
        assert (receiver.problem.rejected if receiver.problem else 0) == refused


def test_a_series_is_learned_once_and_then_recognised() -> None:
    receiver = Receiver()
    message = series([*GOOD.pairs], [(NOW, 1.0)]) * 3
    assert receiver.samples(message) == receiver.samples(message) == [(GOOD, NOW, struct.pack("<d", 1.0))] * 3
    assert receiver.known.learned == 3
    receiver.samples(native([*GOOD.pairs], histogram(Histogram(schema=0, count=0, sum=0.0), NOW)))
    assert receiver.known.learned == 3


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([("job", "a")], 'invalid metric name or labels, got {job="a"}'),
        ([("__name__", ""), ("job", "a")], "invalid metric name or labels"),
        ([("__name__", "x"), ("", "a")], "invalid metric name or labels"),
        ([("__name__", "x"), ("a", "1"), ("a", "2")], 'duplicated label "a"'),
        ([("__name__", "x"), ("a", b"\xff\xfe")], "invalid UTF-8"),
    ],
)
def test_a_bad_series_is_named_and_its_neighbours_are_taken(bad, message) -> None:
    receiver = Receiver()
    late = series([("job", "later")], [(NOW, 1.0)])
    samples = receiver.samples(series([*GOOD.pairs], [(NOW, 1.0)]) + series(bad, [(NOW, 1.0), (NOW + 1, 1.0)]) + late)
    assert samples == [(GOOD, NOW, struct.pack("<d", 1.0))]
    assert message in str(receiver.problem)
    assert receiver.problem.rejected == 3


def test_labels_that_no_known_sender_writes_so_are_understood_all_the_same() -> None:
    receiver = Receiver()
    twice = field(1, field(1, b"z") + field(1, b"job") + field(2, b"b") + field(2, b"a") + varint(9 << 3) + varint(1))
    many = [("__name__", "many"), *((f"l{k:04}", "v") for k in range(300))]
    message = field(1, label("__name__", "good") + twice + sample(NOW, 1.0)) + series(many, [(NOW, 2.0)])
    assert [row[0] for row in receiver.samples(message)] == [GOOD, Labels(many)]


def test_new_series_beyond_the_limit_are_refused_and_the_first_is_named() -> None:
    receiver = Receiver(limit=1)
    message = b"".join(series([("__name__", name)], [(NOW, 1.0)]) for name in ("a", "b", "c", "a"))
    assert [row[0].metric for row in receiver.samples(message)] == ["a", "a"]
    assert isinstance(receiver.problem, SeriesLimitError)
    assert "new series b refused" in str(receiver.problem)
    assert receiver.problem.rejected == 2


@given(st.lists(st.tuples(histograms() | custom_histograms(), st.integers(0, 1 << 45)), max_size=4))
def test_native_histograms_become_their_binary_form(found) -> None:
    receiver = Receiver()
    message = native([*GOOD.pairs], *(histogram(*one) for one in found)) + series([("__name__", "other")], [(NOW, 1.0)])
    for _ in range(2):
        assert receiver.histograms(message) == [(GOOD, timestamp, value) for value, timestamp in found]
        assert receiver.problem is None


def test_numbers_of_histograms_need_not_be_packed() -> None:
    receiver = Receiver()
    counts = varint(12 << 3) + zigzag(2) + varint(12 << 3) + zigzag(-1) + spans(11, [Span(-1, 2)])
    message = native([*GOOD.pairs], integer(1, 3) + counts + double(3, 4.5) + varint(14 << 3) + varint(3))
    ((_, _, found),) = receiver.histograms(message)
    assert (found.positive_buckets, found.positive_spans, found.sum) == ((2, 1), (Span(-1, 2),), 4.5)
    assert found.reset_hint is ResetHint.GAUGE


def test_a_finer_schema_than_there_is_is_merged_down_to_the_finest() -> None:
    receiver = Receiver()
    fine = Histogram(
        schema=10,
        count=10,
        sum=1.0,
        positive_spans=(Span(1, 4), Span(0, 1), Span(8, 1)),
        positive_buckets=(1, 1, 1, 1, 2, 4),
    )
    ((_, _, found),) = receiver.histograms(native([*GOOD.pairs], histogram(fine, NOW)))
    assert (found.schema, found.positive_spans, found.positive_buckets) == (8, (Span(1, 2), Span(1, 1)), (4, 2, 4))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 53}, "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom"),
        ({"schema": -5}, "got schema -5"),
        ({"positive_spans": (Span(0, 2),)}, "positive side: spans need 2 buckets, have 0 buckets: histogram spans specify different"),
        ({"negative_spans": (Span(0, 1),), "negative_buckets": (-1,)}, "negative side: bucket number 1 has observation count of -1: "),
        ({"positive_spans": (Span(0, 1), Span(-1, 0)), "positive_buckets": (1,)}, "positive side: span number 2 with offset -1"),
        (
            {"count": 4, "zero_count": 5},
            "5 observations found in buckets, but the Count field is 4: histogram's observation count should eq",
        ),
        ({"count": 6, "zero_count": 5}, "histogram's observation count should equal the number"),
        ({"count": 4, "zero_count": 5, "sum": float("nan")}, "should be at least the number of observations found in the buckets"),
        ({"custom_values": (1.0,)}, "histogram with exponential schema must not have custom bounds"),
        ({"is_float": True, "count": -1.5}, "observation count is  -1.5: histogram's observation count is negative"),
        ({"is_float": True, "zero_count": -1.0}, "zero bucket has observation count of -1: histogram has a bucket"),
        ({"schema": -53, "count": 1, "zero_count": 1}, "custom buckets: must have zero count of 0"),
        ({"schema": -53, "zero_threshold": 1.0}, "custom buckets: must have zero threshold of 0"),
        ({"schema": -53, "negative_spans": (Span(0, 0),)}, "custom buckets: must not have negative spans"),
        ({"schema": -53, "custom_values": (1.0, 1.0)}, "previous bound is 1.000000 and current is 1.000000: histogram custom bounds must"),
        ({"schema": -53, "custom_values": (float("nan"),)}, "must not be NaN"),
        ({"schema": -53, "custom_values": (float("inf"),)}, "last +Inf bound must not be explicitly defined"),
        (
            {"schema": -53, "count": 2, "custom_values": (1.0,), "positive_spans": (Span(0, 1), Span(1, 1)), "positive_buckets": (1, 1)},
            "only 1 custom bounds defined which is insufficient to cover total span length of 3",
        ),
    ],
)
def test_an_invalid_histogram_is_told_in_prometheus_words_and_the_rest_is_taken(changes, words) -> None:
    receiver = Receiver()
    good = Histogram(schema=1, count=0, sum=0.0)
    bad = Histogram(**{"schema": 0, "count": 0, "sum": 0.0, **changes})
    message = native([*GOOD.pairs], histogram(good, NOW), histogram(bad, NOW + 1), histogram(bad, NOW + 2), histogram(good, NOW + 3))
    assert receiver.histograms(message) == [(GOOD, NOW, good), (GOOD, NOW + 3, good)]
    assert words in str(receiver.problem)
    assert receiver.problem.rejected == 2


def test_a_histogram_of_a_refused_series_counts_as_refused() -> None:
    receiver = Receiver()
    good = histogram(Histogram(schema=1, count=0, sum=0.0), NOW)
    assert receiver.histograms(native([("job", "a")], good, good) + native([*GOOD.pairs], good)) != []
    assert receiver.problem.rejected == 2


def test_a_histogram_with_more_buckets_than_its_form_can_hold_is_refused() -> None:
    receiver = Receiver()
    counts = [1] * 65_536
    huge = Histogram(schema=8, count=65_536, sum=0.0, positive_spans=(Span(0, 65_536),), positive_buckets=counts)
    assert receiver.histograms(native([*GOOD.pairs], histogram(huge, NOW))) == []
    assert "65536 spans, buckets or bounds" in str(receiver.problem)


@given(st.lists(st.tuples(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=4), st.floats(allow_nan=False))))
def test_exemplars_keep_their_labels_value_and_time(found) -> None:
    receiver = Receiver()
    encoded = b"".join(field(3, exemplar(labels.items(), value, NOW + k)) for k, (labels, value) in enumerate(found))
    message = field(1, b"".join(label(*pair) for pair in GOOD.pairs) + sample(NOW, 1.0) + encoded)
    for _ in range(2):
        assert receiver.exemplars(message) == [(GOOD, NOW + k, value, Labels(labels)) for k, (labels, value) in enumerate(found)]


def test_exemplars_that_are_too_long_or_broken_are_left_out_without_a_word() -> None:
    receiver = Receiver()
    good, most = exemplar([("trace_id", "a")], 1.0, NOW), exemplar([("é", "é" * 127)], 1.0, NOW)
    bad = [exemplar([("t", "x" * 128)], 1.0, NOW), exemplar([("t", b"\xff")], 1.0, NOW), exemplar([("t", "1"), ("t", "2")], 1.0, NOW)]
    parts = b"".join(field(3, one) for one in (good, *bad, most))
    assert len(receiver.exemplars(field(1, label("__name__", "m") + sample(NOW, 1.0) + parts))) == 2
    assert receiver.problem is None


def test_metadata_is_handed_on() -> None:
    entry = integer(1, 1) + field(2, b"good") + field(4, b"what it means") + field(5, b"bytes")
    assert Receiver().decode(field(3, entry)).metadata == [MetricMetadata("good", "counter", "what it means", "bytes")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "snappy"),
        (b"\xff" * 10, "snappy"),
        (b"not snappy at all", "snappy"),
        (varint(MAX_DECODED_BYTES + 1) + bytes(100), "unpacks to 33554433 bytes"),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\xff\x01")), "not a remote-write"),
        (bytes(cramjam.snappy.compress_raw(field(1, sample(1, 1.0) + label("a", "b")))), "labels before its samples"),
        (bytes(cramjam.snappy.compress_raw(native([*GOOD.pairs], b"\x08"))), "native histogram can't be read"),
        (bytes(cramjam.snappy.compress_raw(native([*GOOD.pairs], field(12, b"\xff")))), "native histogram can't be read"),
    ],
)
def test_a_body_that_is_no_request_is_refused_with_a_reason(body, message) -> None:
    with pytest.raises(RemoteWriteError, match=message):
        RemoteWriteDecoder(KnownInMemory()).decode(body)


@settings(max_examples=300)
@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda data: native([*GOOD.pairs], data, data)))
def test_any_bytes_are_decoded_or_refused(data) -> None:
    receiver = Receiver()
    try:
        decoded = receiver.decode(data)
    except RemoteWriteError:
        return
    assert len(decoded.refs) == len(decoded.timestamps) == len(decoded.bits)
    assert len(decoded.histograms.offsets) == len(decoded.histograms) + 1


def test_scratch_grows_with_what_comes_and_is_used_again() -> None:
    receiver = Receiver(slots=1 << 16)
    one = histogram(Histogram(schema=1, count=0, sum=0.0), NOW)
    for count in (10_000, 1, 20_000):
        message = b"".join(
            field(1, label("__name__", f"m{k}") + sample(NOW, float(k)) + field(4, one) + field(3, exemplar([], 1.0, k)))
            for k in range(count)
        )
        decoded = receiver.decode(message)
        assert decoded.bits.view(np.float64).tolist() == [float(k) for k in range(count)]
        assert decoded.exemplars.timestamps.tolist() == list(range(count))
        assert Counter(decoded.histograms.refs.tolist()) == Counter(decoded.refs.tolist())
