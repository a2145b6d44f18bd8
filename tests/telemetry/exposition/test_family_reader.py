from __future__ import annotations

import itertools
import math
import struct
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString
from tests.telemetry.exposition.protobuf_page import (
    COUNTER,
    GAUGE,
    GAUGE_HISTOGRAM,
    HISTOGRAM,
    SUMMARY,
    UNTYPED,
    bucket,
    classic,
    counter,
    exemplar,
    family,
    gauge,
    metric,
    native,
    page,
    summary,
    untyped,
)
from tests.telemetry.histogram_strategies import histograms
from tests.telemetry.wire import field, integer

from fusewatch.telemetry.exposition.errors import ExpositionError, MalformedMessageError
from fusewatch.telemetry.exposition.family_names import show_bound
from fusewatch.telemetry.exposition.lines import About, MetadataLine
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.histograms import Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels

NOW = 1_700_000_000_123


class NamingReader:
    """A reader that remembers the labels of the ids; what it reads as plain values."""

    def __init__(self, *, honor_timestamps=True, **choice):
        self.names = {}
        self.named = 0
        self.last = None
        self.reader = PageReader(self._name, honor_timestamps=honor_timestamps, histograms=HistogramChoice(**choice))

    def _name(self, labels):
        self.named += 1
        named = Labels(labels)
        if named.get("drop") == "yes":
            return None
        self.names[named.id] = named
        return named

    def page(self, body):
        self.last = self.reader.read(body, Format.PROTOBUF)
        return self.last

    def samples(self, body):
        """Text of the series, timestamp (None: none), value."""
        read = self.page(body)
        rows = zip(read.ids.tolist(), read.timestamps.tolist(), read.values.tolist(), strict=True)
        return [(str(self.names[series]), None if at == NO_TIMESTAMP else at, value) for series, at, value in rows]

    def histograms(self, body):
        rows = self.page(body).histograms
        bodies = [rows.bodies[start:end].tobytes() for start, end in itertools.pairwise(rows.offsets.tolist())]
        found = zip(rows.ids.tolist(), rows.timestamps.tolist(), bodies, strict=True)
        return [(str(self.names[series]), None if at == NO_TIMESTAMP else at, Histogram.decode(one)) for series, at, one in found]

    def exemplars(self, body):
        rows = self.page(body).exemplars
        sets = [Labels.from_canonical(rows.labels[start:end].tobytes()) for start, end in itertools.pairwise(rows.offsets.tolist())]
        found = zip(rows.ids.tolist(), rows.timestamps.tolist(), rows.values.tolist(), sets, strict=True)
        return [
            (str(self.names[series]), None if at == NO_TIMESTAMP else at, value, labels.as_dict()) for series, at, value, labels in found
        ]


EVERYTHING = page(
    family("requests_total", COUNTER, metric({"code": "200"}, counter(3.0)), metric({"code": "500"}, counter(1.0)), about="How many"),
    family("heat_celsius", GAUGE, metric({}, gauge(-1.5), NOW), unit="celsius"),
    family("thing", UNTYPED, metric({"é": "ü"}, untyped(math.inf))),
    family("delay", SUMMARY, metric({"a": "b"}, summary(4, 2.5, {0.5: 0.25, 0.99: 1.0}))),
    family("size", HISTOGRAM, metric({}, classic(5, 7.5, bucket(1.0, 2), bucket(1e6, 4)))),
    family("load", GAUGE_HISTOGRAM, metric({}, classic(1.5, 7.5, bucket(0.1, 0.5), bucket(math.inf, 1.5)))),
)
SAMPLES = [
    ('requests_total{code="200"}', None, 3.0),
    ('requests_total{code="500"}', None, 1.0),
    ("heat_celsius", NOW, -1.5),
    ('thing{"é"="ü"}', None, math.inf),
    ('delay_count{a="b"}', None, 4.0),
    ('delay_sum{a="b"}', None, 2.5),
    ('delay{a="b", quantile="0.5"}', None, 0.25),
    ('delay{a="b", quantile="0.99"}', None, 1.0),
    ("size_count", None, 5.0),
    ("size_sum", None, 7.5),
    ('size_bucket{le="1.0"}', None, 2.0),
    ('size_bucket{le="1e+06"}', None, 4.0),
    ('size_bucket{le="+Inf"}', None, 5.0),
    ("load_count", None, 1.5),
    ("load_sum", None, 7.5),
    ('load_bucket{le="0.1"}', None, 0.5),
    ('load_bucket{le="+Inf"}', None, 1.5),
]


def test_every_type_becomes_the_samples_that_text_would_have() -> None:
    reader = NamingReader()
    assert reader.samples(EVERYTHING) == SAMPLES
    assert reader.named == len(SAMPLES)
    assert reader.last.metadata == [
        MetadataLine("requests_total", About.TYPE, "counter"),
        MetadataLine("requests_total", About.HELP, "How many"),
        MetadataLine("heat_celsius", About.TYPE, "gauge"),
        MetadataLine("heat_celsius", About.UNIT, "celsius"),
        MetadataLine("thing", About.TYPE, "unknown"),
        MetadataLine("delay", About.TYPE, "summary"),
        MetadataLine("size", About.TYPE, "histogram"),
        MetadataLine("load", About.TYPE, "gaugehistogram"),
    ]
    assert (reader.last.scraped, reader.last.kept, reader.last.duplicates) == (17, 17, 0)
    assert len(reader.last.series) == 16
    assert len(reader.last.timed_series) == 1


def test_what_is_known_is_named_and_told_once() -> None:
    reader = NamingReader()
    reader.samples(EVERYTHING)
    assert reader.samples(EVERYTHING) == SAMPLES
    assert reader.named == len(SAMPLES)
    assert reader.last.metadata == []
    assert reader.reader.read_known(EVERYTHING, Format.PROTOBUF) is not None


def test_metadata_that_changes_is_news_also_when_it_changes_back() -> None:
    reader = NamingReader()
    told = []
    for about in ("one", "two", "two", "one"):
        reader.page(page(family("a", GAUGE, metric({}, gauge(1.0)), about=about)))
        told.append([line.text for line in reader.last.metadata if line.about is About.HELP])
    assert told == [["one"], ["two"], [], ["one"]]


def test_a_page_with_much_that_is_new_is_left_to_a_thread() -> None:
    reader = NamingReader()
    assert reader.reader.read_known(EVERYTHING, Format.PROTOBUF) is None
    assert reader.named == 0


def test_a_dropped_series_counts_as_scraped_alone() -> None:
    reader = NamingReader()
    body = page(family("a", GAUGE, metric({"drop": "yes"}, gauge(1.0)), metric({}, gauge(2.0))))
    for _ in range(2):
        assert reader.samples(body) == [("a", None, 2.0)]
        assert (reader.last.scraped, reader.last.kept) == (2, 1)


def test_of_a_series_that_stands_twice_the_first_counts() -> None:
    reader = NamingReader()
    twice = family("a", GAUGE, metric({}, gauge(1.0)), metric({}, gauge(2.0)))
    assert reader.samples(page(twice, twice)) == [("a", None, 1.0)]
    assert reader.last.duplicates == 3
    timed = page(family("a", GAUGE, metric({}, gauge(1.0), NOW), metric({}, gauge(2.0), NOW + 1), metric({}, gauge(3.0), NOW)))
    assert reader.samples(timed) == [("a", NOW, 1.0), ("a", NOW + 1, 2.0)]
    value = Histogram(schema=0, count=1, sum=1.0, zero_count=1)
    rows = [metric({}, native(replace(value, sum=total)), at) for total, at in ((1.0, NOW), (2.0, NOW), (3.0, NOW + 1))]
    reader = NamingReader(native=True)
    assert [(at, found.sum) for _, at, found in reader.histograms(page(family("h", HISTOGRAM, *rows)))] == [(NOW, 1.0), (NOW + 1, 3.0)]
    assert reader.last.duplicates == 1


def test_timestamps_are_left_aside_where_they_are_not_honoured() -> None:
    assert NamingReader(honor_timestamps=False).samples(page(family("a", GAUGE, metric({}, gauge(1.0), NOW)))) == [("a", None, 1.0)]


@given(st.lists(histograms(), min_size=1, max_size=4), st.booleans())
def test_native_histograms_are_what_was_encoded(found, is_gauge) -> None:
    # Without a span, a threshold or a count of zero it would be a classic one; floats must count something.
    found = [replace(one, zero_threshold=one.zero_threshold or 0.5) for one in found if not one.is_float or one.count]
    kind, hint = (GAUGE_HISTOGRAM, ResetHint.GAUGE) if is_gauge else (HISTOGRAM, ResetHint.UNKNOWN)
    reader = NamingReader(native=True)
    body = page(family("h", kind, *(metric({"n": str(k)}, native(one)) for k, one in enumerate(found))))
    for _ in range(2):
        assert reader.histograms(body) == [(f'h{{n="{k}"}}', None, replace(one, reset_hint=hint)) for k, one in enumerate(found)]
        assert (len(reader.last.ids), reader.last.kept, len(reader.last.series)) == (0, len(found), len(found))


BOTH = family(
    "h",
    HISTOGRAM,
    metric(
        {},
        native(
            Histogram(schema=0, count=3, sum=4.5, zero_threshold=0.1, positive_spans=(Span(0, 1),), positive_buckets=(3,)),
            bucket(1.0, 2, exemplar([("id", "a")], 0.5, NOW)),
            bucket(math.inf, 3, exemplar([("id", "b")], 1.5)),
        ),
    ),
)
CLASSIC = [("h_count", None, 3.0), ("h_sum", None, 4.5), ('h_bucket{le="1.0"}', None, 2.0), ('h_bucket{le="+Inf"}', None, 3.0)]


@pytest.mark.parametrize(
    ("choice", "natives", "samples"),
    [
        ({}, 0, CLASSIC),
        ({"native": True}, 1, []),
        ({"native": True, "classic_too": True}, 1, CLASSIC),
    ],
)
def test_the_job_says_which_form_of_a_histogram_is_taken(choice, natives, samples) -> None:
    reader = NamingReader(**choice)
    assert reader.samples(page(BOTH)) == samples
    assert len(reader.last.histograms) == natives


FINE = Histogram(schema=3, count=8, sum=1.0, positive_spans=(Span(1, 8),), positive_buckets=(1,) * 8)


@pytest.mark.parametrize(
    ("choice", "schema", "buckets"),
    [
        ({}, 3, (1,) * 8),
        ({"min_bucket_factor": 1.1}, 2, (2,) * 4),
        ({"min_bucket_factor": 2.0}, 0, (8,)),
        ({"min_bucket_factor": 1e9}, -4, (8,)),
        ({"bucket_limit": 8}, 3, (1,) * 8),
        ({"bucket_limit": 7}, 2, (2,) * 4),
        ({"bucket_limit": 1}, 0, (8,)),
    ],
)
def test_buckets_are_merged_until_they_are_as_wide_and_as_few_as_the_job_wants(choice, schema, buckets) -> None:
    reader = NamingReader(native=True, **choice)
    ((_, _, found),) = reader.histograms(page(family("h", HISTOGRAM, metric({}, native(FINE)))))
    assert (found.schema, found.positive_buckets, found.count) == (schema, buckets, 8)


def test_a_histogram_that_cannot_be_made_small_enough_refuses_the_page() -> None:
    wide = replace(FINE, negative_spans=(Span(1, 1),), negative_buckets=(1,), count=9)
    with pytest.raises(ExpositionError, match="histogram bucket limit exceeded"):
        NamingReader(native=True, bucket_limit=1).page(page(family("h", HISTOGRAM, metric({}, native(wide)))))


def test_exemplars_belong_to_counters_buckets_and_native_histograms() -> None:
    first = exemplar([("trace_id", "x")], 2.0, NOW)
    body = page(family("c_total", COUNTER, metric({}, counter(3.0, first))), BOTH)
    assert NamingReader().exemplars(body) == [
        ("c_total", NOW, 2.0, {"trace_id": "x"}),
        ('h_bucket{le="1.0"}', NOW, 0.5, {"id": "a"}),
        ('h_bucket{le="+Inf"}', None, 1.5, {"id": "b"}),
    ]
    # Of a native histogram they need a time.
    assert NamingReader(native=True).exemplars(page(BOTH)) == [("h", NOW, 0.5, {"id": "a"})]
    own = native(FINE, field(16, exemplar([("id", "z")], 1.0, NOW)), bucket(1.0, 2, first))
    assert NamingReader(native=True).exemplars(page(family("h", HISTOGRAM, metric({}, own)))) == [("h", NOW, 1.0, {"id": "z"})]


def test_an_exemplar_that_is_still_there_at_the_next_scrape_is_not_a_new_one() -> None:
    def shown(*found, kind=COUNTER):
        value = counter(1.0, found[0]) if kind == COUNTER else native(FINE, *(field(16, one) for one in found))
        return page(family("c", kind, metric({}, value)))

    reader = NamingReader(native=True)
    one, two = exemplar([("id", "1")], 1.0), exemplar([("id", "2")], 1.0)
    assert [len(reader.exemplars(shown(one))) for one in (one, one, two, one)] == [1, 0, 1, 1]
    reader = NamingReader(native=True)
    old, new = exemplar([("id", "1")], 1.0, NOW), exemplar([("id", "2")], 1.0, NOW + 1)
    pages = [(old,), (new, old), (new, old)]
    assert [[at for _, at, _, _ in reader.exemplars(shown(*found, kind=HISTOGRAM))] for found in pages] == [[NOW], [NOW + 1], []]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\x05\x0a", "not a sequence of length-delimited MetricFamily messages"),
        (b"a 1\n", "not a sequence of length-delimited"),
        (page(family("a", 6, metric({}, gauge(1.0)))), 'unknown metric type for metric "a"'),
        (page(family("", GAUGE, metric({}, gauge(1.0)))), "invalid metric name: "),
        (page(family(b"\xff", GAUGE, metric({}, gauge(1.0)))), "invalid UTF-8"),
        (page(family("a", GAUGE, metric({"": "x"}, gauge(1.0)))), "invalid label name"),
        (page(family("a", GAUGE, metric({"b": "1"}, metric({"b": "2"}, gauge(1.0))))), 'label name "b" is not unique'),
        (page(family("a", SUMMARY, metric({"quantile": "1"}, summary(1, 1.0, {0.5: 1.0})))), 'label name "quantile" is not unique'),
        (page(family("a", GAUGE, metric({}, gauge(1.0) + field(1, b"")))), "not a sequence of length-delimited"),
        (
            page(family("h", HISTOGRAM, metric({}, native(replace(FINE, positive_buckets=(1,)))))),
            'histogram "h": positive side: spans need 8 buckets, have 1 buckets',
        ),
    ],
)
def test_a_page_that_cannot_be_taken_is_refused_as_a_whole(body, words) -> None:
    reader = NamingReader(native=True)
    for _ in range(2):
        with pytest.raises(MalformedMessageError) as caught:
            reader.page(body)
        assert words in str(caught.value)


def test_families_without_metrics_say_nothing() -> None:
    reader = NamingReader()
    assert reader.samples(page(family("a", GAUGE, about="help"), family("b", GAUGE, metric({}, b"")))) == [("b", None, 0.0)]
    assert {line.family for line in reader.last.metadata} == {"b"}


def test_series_that_come_and_go_are_forgotten_in_time() -> None:
    reader = NamingReader()
    for k in range(10):
        body = page(family("a", GAUGE, *(metric({"n": f"{k}-{n}"}, gauge(float(n))) for n in range(400))))
        assert len(reader.samples(body)) == 400
    assert len(reader.reader._families._slots.ids) <= 2_400


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda data: page(family("a", HISTOGRAM, metric({}, field(7, data))))))
def test_any_bytes_are_read_or_refused(data) -> None:
    reader = NamingReader(native=True, classic_too=True)
    try:
        reader.page(data)
    except ExpositionError:
        return
    reader.page(data)


@given(st.floats(allow_nan=False))
@example(1e6)
@example(123456789.0)
@example(0.0001)
@example(0.00001)
@example(-0.0)
@example(5e-324)
def test_bounds_are_written_as_go_writes_them(value) -> None:
    text = show_bound(value)
    assert struct.pack("<d", float(text)) == struct.pack("<d", value + 0.0)
    if 0 < value < math.inf:
        assert text == floatToGoString(value) or value >= 1e6 or value < 1e-4


def test_created_timestamps_do_not_matter() -> None:
    value = integer(1, 2) + field(15, integer(1, 1_700_000_000))
    assert NamingReader().samples(page(family("h", HISTOGRAM, metric({}, field(7, value)))))[0] == ("h_count", None, 2.0)
