from __future__ import annotations

import itertools
import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.telemetry.exposition.protobuf_page import GAUGE_HISTOGRAM, HISTOGRAM, bucket, classic, exemplar, family, metric, native, page
from tests.telemetry.wire import field

from fusewatch.telemetry.exposition.errors import ExpositionError
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, Span
from fusewatch.telemetry.labels import Labels

NOW = 1_700_000_000_123
TEXT, STRICT, PROTOBUF = Format.TEXT, Format.OPENMETRICS, Format.PROTOBUF


class Reading:
    """A reader that converts; what it reads as plain values, by the text of the series."""

    def __init__(self, naming=Labels, **choice):
        self.names = {}
        self.last = None
        self.reader = PageReader(lambda labels: self._name(naming(labels)), histograms=HistogramChoice(convert_classic=True, **choice))

    def _name(self, labels):
        if labels is not None:
            self.names[labels.id] = labels
        return labels

    def page(self, body, grammar=TEXT):
        self.last = self.reader.read(body if isinstance(body, bytes) else body.encode(), grammar)
        return self.last

    def histograms(self, body, grammar=TEXT):
        rows = self.page(body, grammar).histograms
        bodies = [Histogram.decode(rows.bodies[start:end].tobytes()) for start, end in itertools.pairwise(rows.offsets.tolist())]
        times = [None if at == NO_TIMESTAMP else at for at in rows.timestamps.tolist()]
        return list(zip((str(self.names[series]) for series in rows.ids.tolist()), times, bodies, strict=True))

    def floats(self):
        return {str(self.names[series]): value for series, value in zip(self.last.ids.tolist(), self.last.values.tolist(), strict=True)}

    def exemplars(self):
        rows = self.last.exemplars
        return list(zip((str(self.names[series]) for series in rows.ids.tolist()), rows.timestamps.tolist(), rows.values, strict=True))

    def shown(self):
        return {str(self.names[series]) for series in (*self.last.series.tolist(), *self.last.timed_series.tolist())}


def custom(bounds, counts, total, *, count=None, is_float=False):
    """A histogram of all these buckets (that of +Inf last)."""
    return Histogram(
        schema=CUSTOM_SCHEMA,
        count=sum(counts) if count is None else count,
        sum=total,
        positive_spans=(Span(0, len(counts)),) if counts else (),
        positive_buckets=tuple(counts),
        custom_values=tuple(bounds),
        is_float=is_float,
    )


CLASSIC = """\
# TYPE size histogram
size_bucket{a="b",le="1"} 2
size_bucket{a="b",le="2.5"} 3
size_bucket{a="b",le="+Inf"} 5
size_sum{a="b"} 7.5
size_count{a="b"} 5
# TYPE other gauge
other 1
"""
CONVERTED = custom((1.0, 2.5), (2, 1, 2), 7.5)


def test_the_lines_of_a_classic_histogram_become_one_native_histogram() -> None:
    reading = Reading()
    for _ in range(2):
        assert reading.histograms(CLASSIC) == [('size{a="b"}', None, CONVERTED)]
        assert reading.floats() == {"other": 1.0}
        assert reading.shown() == {'size{a="b"}', "other"}
        assert (reading.last.scraped, reading.last.kept, reading.last.duplicates) == (2, 2, 0)
    assert set(reading.names.values()) == {Labels({"__name__": "size", "a": "b"}), Labels({"__name__": "other"})}


def test_the_classic_series_are_kept_beside_it_where_they_are_asked_for() -> None:
    reading = Reading(classic_too=True)
    for _ in range(2):
        assert reading.histograms(CLASSIC) == [('size{a="b"}', None, CONVERTED)]
        assert list(reading.floats().values()) == [2.0, 3.0, 5.0, 7.5, 5.0, 1.0]
        assert len(reading.shown()) == 7
        assert (reading.last.scraped, reading.last.kept, reading.last.duplicates) == (7, 7, 0)


def test_lines_may_come_in_any_order_and_histograms_between_each_other() -> None:
    lines = [f'h_bucket{{x="{x}",le="{bound}"}} {count}' for bound, count in (("+Inf", 3), ("1", 1), ("2", 2)) for x in "ab"]
    lines += [f'h_count{{x="{x}"}} 3' for x in "ab"] + [f'h_sum{{x="{x}"}} 4' for x in "ab"]
    found = Reading().histograms("\n".join(["# TYPE h histogram", *lines, ""]))
    assert found == [(f'h{{x="{x}"}}', None, custom((1.0, 2.0), (1, 1, 1), 4.0)) for x in "ab"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # Without +Inf, the count is its.
        (['h_bucket{le="1"} 2', "h_count 5", "h_sum 7"], custom((1.0,), (2, 3), 7.0)),
        # Without a count, it is that of the last bucket; without a sum, that is 0.
        (['h_bucket{le="1"} 2', 'h_bucket{le="+Inf"} 4'], custom((1.0,), (2, 2), 0.0)),
        # Of one bound written in two ways, the first counts.
        (['h_bucket{le="1"} 2', 'h_bucket{le="1.0"} 3', "h_count 4"], custom((1.0,), (2, 2), 0.0)),
        (["h_count 4", "h_sum 1"], custom((), (4,), 1.0)),
        (["h_count 0", "h_sum 0"], custom((), (), 0.0)),
        # A fraction makes all counts floats.
        (['h_bucket{le="1"} 0.5', "h_count 2", "h_sum 1"], custom((1.0,), (0.5, 1.5), 1.0, is_float=True)),
        (["h_count 1e19", "h_sum 1"], custom((), (1e19,), 1.0, is_float=True)),
        # Counts that do not fit each other are no histogram.
        (['h_bucket{le="1"} 2', 'h_bucket{le="2"} 1', "h_count 2"], None),
        (['h_bucket{le="1"} 2', 'h_bucket{le="+Inf"} 2', "h_count 3"], None),
        (['h_bucket{le="1"} 2', "h_count 1"], None),
        (['h_bucket{le="1"} -1', "h_count 1"], None),
        (["h_count NaN"], None),
        (["h_count +Inf"], None),
    ],
)
def test_counts_are_checked_and_completed_as_in_prometheus(lines, expected) -> None:
    reading = Reading()
    found = reading.histograms("\n".join(["# TYPE h histogram", *lines, ""]))
    assert found == ([] if expected is None else [("h", None, expected)])
    assert reading.shown() == {"h" for _ in found}


def test_long_runs_of_empty_buckets_are_left_out() -> None:
    counts = [0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 3, 0]
    lines = [f'h_bucket{{le="{bound}"}} {sum(counts[: bound + 1])}' for bound in range(11)]
    ((_, _, found),) = Reading().histograms("\n".join(["# TYPE h histogram", *lines, "h_count 6", "h_sum 1", ""]))
    assert found.positive_spans == (Span(3, 4), Span(3, 1))
    assert found.positive_buckets == (1, 0, 0, 2, 3)
    assert found.custom_values == tuple(range(11))


def test_only_what_is_called_a_histogram_is_converted() -> None:
    reading = Reading()
    body = '# TYPE a gaugehistogram\na_bucket{le="1"} 1\n# TYPE b summary\nb_sum 1\nb_count 1\nc_bucket{le="1"} 1\n'
    body += '# TYPE d histogram\nd_bucket 1\nd_bucket{le="x"} 1\nd_created 5\n# EOF\n'
    assert reading.histograms(body, STRICT) == []
    assert len(reading.floats()) == 7


def test_a_family_may_become_a_histogram_and_stop_being_one() -> None:
    reading, untyped = Reading(), CLASSIC.partition("\n")[2]
    for _ in range(2):
        assert reading.histograms(untyped) == []
        assert len(reading.floats()) == 6
        untyped = CLASSIC.replace("size histogram", "size gauge")
        assert reading.histograms(CLASSIC) == [('size{a="b"}', None, CONVERTED)]
        assert reading.floats() == {"other": 1.0}


def test_samples_of_several_times_are_several_histograms() -> None:
    lines = [f"h_count 1 {at}\nh_sum {at} {at}" for at in (1000, 2000)]
    reading = Reading()
    assert reading.histograms("\n".join(["# TYPE h histogram", *lines, ""])) == [
        ("h", at, custom((), (1,), float(at))) for at in (1000, 2000)
    ]
    assert reading.last.timed_series.tolist() == [Labels({"__name__": "h"}).id]


def test_of_two_histograms_that_relabelling_makes_one_the_first_counts() -> None:
    reading = Reading(lambda labels: Labels({name: value for name, value in labels.items() if name != "a"}))
    body = '# TYPE h histogram\nh_count{a="1"} 1\nh_count{a="2"} 2\n'
    assert reading.histograms(body) == [("h", None, custom((), (1,), 0.0))]
    assert (reading.last.kept, reading.last.duplicates) == (2, 1)


def test_relabelling_sees_the_native_histogram_and_may_drop_it() -> None:
    reading = Reading(lambda labels: None if labels["__name__"] == "size" else Labels(labels))
    assert reading.histograms(CLASSIC) == []
    assert reading.floats() == {"other": 1.0}


def test_exemplars_with_a_time_go_to_the_native_histogram_once() -> None:
    reading = Reading()
    body = '# TYPE h histogram\nh_bucket{le="1.0"} 1 # {trace_id="x"} 0.5 7.5\nh_bucket{le="+Inf"} 2 # {trace_id="y"} 3.0\n# EOF\n'
    reading.page(body, STRICT)
    assert reading.exemplars() == [("h", 7500, 0.5)]
    reading.page(body, STRICT)
    assert reading.exemplars() == []


def test_more_buckets_than_the_job_allows_refuse_the_page() -> None:
    assert len(Reading(bucket_limit=3).histograms(CLASSIC)) == 1
    with pytest.raises(ExpositionError, match="histogram bucket limit exceeded"):
        Reading(bucket_limit=2).page(CLASSIC)


def test_protobuf_says_the_same_as_text() -> None:
    body = page(family("size", HISTOGRAM, metric({"a": "b"}, classic(5, 7.5, bucket(1.0, 2), bucket(2.5, 3)), NOW)))
    for keep in (False, True):
        reading = Reading(classic_too=keep)
        for _ in range(2):
            assert reading.histograms(body, PROTOBUF) == [('size{a="b"}', NOW, CONVERTED)]
            assert len(reading.floats()) == (5 if keep else 0)
            assert (reading.last.scraped, reading.last.kept, reading.last.duplicates) == ((6, 6, 0) if keep else (1, 1, 0))
    reading.page(page(family("load", GAUGE_HISTOGRAM, metric({}, classic(1, 1.0, bucket(1.0, 1))))), PROTOBUF)
    assert set(reading.floats()) == {"load_count", "load_sum", 'load_bucket{le="1.0"}', 'load_bucket{le="+Inf"}'}


NATIVE = Histogram(schema=2, count=3, sum=4.5, zero_threshold=0.001, positive_spans=(Span(1, 2),), positive_buckets=(1, 2))


def test_a_histogram_that_is_native_already_is_not_converted() -> None:
    both = metric({"a": "1"}, native(NATIVE, bucket(1.0, 2), bucket(math.inf, 3)))
    body = page(family("h", HISTOGRAM, both, metric({"a": "2"}, classic(1, 1.0))))
    reading = Reading(native=True, classic_too=True)
    found = {series: one for series, _, one in reading.histograms(body, PROTOBUF)}
    assert found == {'h{a="1"}': NATIVE, 'h{a="2"}': custom((), (1,), 1.0)}
    assert {series for series in reading.floats() if 'a="1"' in series and "le" in series} == {
        'h_bucket{a="1", le="1.0"}',
        'h_bucket{a="1", le="+Inf"}',
    }
    # Where native histograms are not taken, its classic form is what there is.
    found = {series: one for series, _, one in Reading().histograms(body, PROTOBUF)}
    assert found == {'h{a="1"}': custom((1.0,), (2, 1), 4.5), 'h{a="2"}': custom((), (1,), 1.0)}
    # A histogram may turn native.
    reading = Reading(native=True)
    for value, expected in ((classic(1, 1.0), custom((), (1,), 1.0)), (native(NATIVE), NATIVE), (classic(1, 1.0), custom((), (1,), 1.0))):
        assert reading.histograms(page(family("h", HISTOGRAM, metric({}, value))), PROTOBUF) == [("h", None, expected)]


def test_exemplars_of_a_protobuf_page_go_to_the_native_histogram_too() -> None:
    timed, untimed = exemplar([("trace_id", "x")], 0.5, NOW), exemplar([("trace_id", "y")], 0.75)
    body = page(family("h", HISTOGRAM, metric({}, classic(3, 1.0, bucket(1.0, 2, timed), bucket(2.0, 3, untimed)))))
    own = page(family("h", HISTOGRAM, metric({}, classic(3, 1.0, bucket(1.0, 2, timed), field(16, exemplar([], 0.25, NOW + 1))))))
    for one, expected in ((body, ("h", NOW, 0.5)), (own, ("h", NOW + 1, 0.25))):
        reading = Reading()
        reading.page(one, PROTOBUF)
        assert reading.exemplars() == [expected]
        reading.page(one, PROTOBUF)
        assert reading.exemplars() == []


def plain(buckets, count, total):
    """The slow way: what Prometheus makes of cumulative buckets (bound to count); None where it makes nothing."""
    found = dict(sorted(buckets.items()))
    if count is None:
        count = list(found.values())[-1] if found else 0.0
    found.setdefault(math.inf, count)
    counts = list(found.values())
    single = [high - low for low, high in zip([0.0, *counts], counts, strict=False)]
    if min(single) < 0 or counts[-1] != count:
        return None
    return [bound for bound in found if bound < math.inf], single, count, total


counts = st.one_of(st.integers(0, 20).map(float), st.floats(0, 20), st.integers(0, 1 << 53).map(float))


@st.composite
def bucket_sets(draw):
    bounds = draw(st.lists(st.floats(allow_nan=False, width=32), unique=True, max_size=12))
    values = draw(st.lists(counts, min_size=len(bounds), max_size=len(bounds)))
    if draw(st.integers(0, 9)):
        bounds, values = sorted(bounds), sorted(values)
    return dict(zip(bounds, values, strict=True))


@given(bucket_sets(), st.one_of(st.none(), counts), st.floats(allow_nan=False), st.randoms())
@example({-math.inf: 1.0, 0.0: 1.0}, 2.0, 3.0, None)
def test_any_buckets_become_what_the_slow_way_makes_of_them(buckets, count, total, random) -> None:
    count = max(buckets.values(), default=0.0) if count is not None and random is not None and random.random() < 0.7 else count
    lines = [f'h_bucket{{le="{bound!r}"}} {value!r}' for bound, value in buckets.items()]
    lines += [f"h_sum {total!r}"] + ([] if count is None else [f"h_count {count!r}"])
    if random is not None:
        random.shuffle(lines)
    found = Reading().histograms("\n".join(["# TYPE h histogram", *lines, ""]))
    expected = plain(buckets, count, total)
    assert bool(found) == (expected is not None)
    for _, _, one in found:
        bounds, single, whole_count, _ = expected
        one.check()
        assert (list(one.custom_values), one.count, struct.pack("<d", one.sum)) == (bounds, whole_count, struct.pack("<d", total))
        assert spread(one, len(single)) == single


def spread(one, size):
    """The counts of all buckets, the empty ones too."""
    found, place, buckets = [0.0] * size, 0, iter(one.positive_buckets)
    for span in one.positive_spans:
        place += span.offset
        for _ in range(span.length):
            found[place] = next(buckets)
            place += 1
    return found
