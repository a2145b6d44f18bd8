from __future__ import annotations

import math

import pytest
from tests.telemetry.exposition.protobuf_page import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    SUMMARY,
    bucket,
    classic,
    counter,
    family,
    gauge,
    metric,
    native,
    page,
)
from tests.telemetry.wire import double, field, integer

from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels

START = 1_700_000_000_123
TEXT, STRICT, PROTOBUF = Format.TEXT, Format.OPENMETRICS, Format.PROTOBUF

OPENMETRICS = """\
# TYPE asked counter
asked_total{a="1"} 3
asked_created{a="1"} 1700000000.123
asked_total{a="2"} 4
asked_total{a="3",le="1"} 5
asked_created{a="3",le="1"} 1700000001
# TYPE size histogram
size_bucket{le="1"} 1
size_bucket{le="+Inf"} 2
size_sum 3
size_count 2
size_created 1700000000.123
# TYPE delay summary
delay{quantile="0.5"} 1
delay_sum 3
delay_count 2
delay_created 1.700000000123e9
# TYPE heat gauge
heat 5
heat_created 6
# EOF
"""
STARTED = {
    'asked_total{a="1"}': START,
    'asked_total{a="2"}': 0,
    'asked_total{a="3", le="1"}': 1_700_000_001_000,
    'size_bucket{le="1"}': START,
    'size_bucket{le="+Inf"}': START,
    "size_sum": START,
    "size_count": START,
    'delay{quantile="0.5"}': START,
    "delay_sum": START,
    "delay_count": START,
    "heat": 0,
    "heat_created": 0,
}


class Reading:
    """A reader of starts; what it reads by the text of the series."""

    def __init__(self, *, starts=True, **choice):
        self.names = {}
        self.page = None
        self.reader = PageReader(self._name, histograms=HistogramChoice(**choice), starts=starts)

    def _name(self, labels):
        named = Labels(labels)
        self.names[named.id] = named
        return named

    def read(self, body, grammar):
        self.page = self.reader.read(body if isinstance(body, bytes) else body.encode(), grammar)
        return self.page

    def starts(self, body, grammar):
        """Start by series; those of native histograms too."""
        read = self.read(body, grammar)
        if read.starts is None:
            return None
        series = [str(self.names[number]) for number in (*read.ids.tolist(), *read.histograms.ids.tolist())]
        return dict(zip(series, (*read.starts.times.tolist(), *read.starts.histogram_times.tolist()), strict=True))

    def series(self):
        return {str(self.names[number]) for number in self.page.ids.tolist()}


def test_created_lines_of_openmetrics_say_when_metrics_began_and_are_no_series() -> None:
    reading = Reading()
    for _ in range(2):
        assert reading.starts(OPENMETRICS, STRICT) == STARTED
        assert (reading.page.scraped, reading.page.kept, reading.page.duplicates) == (12, 12, 0)
        assert len(reading.page.series) == 12


def test_where_starts_are_not_asked_for_created_lines_are_series() -> None:
    reading = Reading(starts=False)
    assert reading.starts(OPENMETRICS, STRICT) is None
    assert reading.series() - set(STARTED) == {'asked_created{a="1"}', 'asked_created{a="3", le="1"}', "size_created", "delay_created"}


def test_the_text_format_has_no_created_lines() -> None:
    reading = Reading()
    assert reading.starts(OPENMETRICS.removesuffix("# EOF\n"), TEXT) is None
    assert "size_created" in reading.series()


def test_a_converted_histogram_has_the_start_of_its_lines() -> None:
    found = Reading(convert_classic=True).starts(OPENMETRICS, STRICT)
    assert found == {series: start for series, start in STARTED.items() if "size" not in series} | {"size": START}
    found = Reading(convert_classic=True, classic_too=True).starts(OPENMETRICS, STRICT)
    assert found == STARTED | {"size": START}


@pytest.mark.parametrize("text", ["NaN", "+Inf", "1e300"])
def test_a_start_that_is_no_time_is_none(text) -> None:
    assert Reading().starts(f"# TYPE a counter\na_total 1\na_created {text}\n# EOF\n", STRICT) is None


def test_a_family_may_become_a_counter() -> None:
    reading, untyped = Reading(), "a_total 1\na_created 5\n# EOF\n"
    assert reading.starts(untyped, STRICT) is None
    assert reading.starts(f"# TYPE a counter\n{untyped}", STRICT) == {"a_total": 5000}
    assert reading.starts(f"# TYPE a gauge\n{untyped}", STRICT) is None
    assert reading.series() == {"a_total", "a_created"}


def test_protobuf_pages_say_when_metrics_began() -> None:
    began = integer(1, START // 1000) + integer(2, START % 1000 * 1_000_000)
    value = Histogram(schema=0, count=1, sum=1.0, zero_count=1)
    body = page(
        family("asked_total", COUNTER, metric({}, counter(3.0))),
        family("heat", GAUGE, metric({}, gauge(3.0))),
        family("delay", SUMMARY, metric({}, field(4, integer(1, 2) + double(2, 3.0) + field(4, began)))),
        family("size", HISTOGRAM, metric({}, classic(2, 3.0, bucket(math.inf, 2), field(15, began)))),
        family("native", HISTOGRAM, metric({}, native(value, field(15, began)))),
    )
    plain = {"asked_total": 1_700_000_000_000, "heat": 0, "delay_count": START, "delay_sum": START, "native": START}
    parts = dict.fromkeys(("size_count", "size_sum", 'size_bucket{le="+Inf"}'), START)
    for _ in range(2):
        assert Reading(native=True).starts(body, PROTOBUF) == plain | parts
        assert Reading(native=True, convert_classic=True).starts(body, PROTOBUF) == plain | {"size": START}
    assert Reading(native=True, starts=False).starts(body, PROTOBUF) is None
