"""Parameters are read as Prometheus reads them, and refused in its words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.api.prometheus.errors import BadDataError
from fusewatch.api.prometheus.parameters import MAX_TIME, MIN_TIME, Parameters, parse_seconds_or_duration, parse_time

# The first rows are Prometheus' own cases (web/api/v1: TestParseTime).
TIMES = [
    ("123", 123_000),
    ("123.123", 123_123),
    ("2015-06-03T13:21:58.555Z", 1433337718_555),
    ("2015-06-03T14:21:58.555+01:00", 1433337718_555),
    ("1543578564.705", 1543578564_705),
    ("-292273086-05-16T16:47:06Z", MIN_TIME),
    ("292277025-08-18T07:12:54.999999999Z", MAX_TIME),
    ("1969-12-31T23:59:59.5Z", -500),  # before the epoch
    ("-1.5", -1_500),
    ("1e3", 1_000_000),
    ("2015-06-03T13:21:58.5559Z", 1433337718_555),  # nanoseconds are cut, not rounded
]


@pytest.mark.parametrize(("text", "milliseconds"), TIMES)
def test_times_are_seconds_or_rfc3339(text, milliseconds):
    assert parse_time(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "foo", "30s", "2015-06-03", "2015-13-03T13:21:58Z", "inf", "nan", "1e300", "1_000", " 1", "9223372036854775807"]
)
def test_what_is_no_time_is_named(text):
    with pytest.raises(ValueError, match=r"cannot parse \".*\" to a valid timestamp"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("1", 1000), ("0.5", 500), ("1m30s", 90_000), ("5ms", 5), ("-1", -1000), ("1e2", 100_000)]
)
def test_durations_are_seconds_or_units(text, milliseconds):
    assert parse_seconds_or_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "x", "1x", "1s1h", "nan", "inf", "1e99"])
def test_what_is_no_duration_is_named(text):
    with pytest.raises(ValueError, match=r"cannot parse \".*\" to a valid duration"):
        parse_seconds_or_duration(text)


@given(st.integers(MIN_TIME // 2**20, MAX_TIME // 2**20))
def test_a_time_of_millisecond_precision_survives_being_written_as_seconds(timestamp):
    seconds, rest = divmod(abs(timestamp), 1000)
    assert parse_time(f"{'-' if timestamp < 0 else ''}{seconds}.{rest:03d}") == timestamp


@given(st.text())
def test_no_text_breaks_the_parsers(text):
    for parse in (parse_time, parse_seconds_or_duration):
        with contextlib.suppress(ValueError):
            assert isinstance(parse(text), int)


ERRORS = [
    (lambda p: p.time("start"), {"start": "x"}, 'invalid parameter "start": cannot parse "x" to a valid timestamp'),
    (
        lambda p: p.time("time", 0),
        {"time": "x"},
        'invalid parameter "time": invalid time value for \'time\': cannot parse "x" to a valid timestamp',
    ),
    (lambda p: p.time("end"), {}, 'invalid parameter "end": cannot parse "" to a valid timestamp'),
    (lambda p: p.required_duration("step"), {}, 'invalid parameter "step": cannot parse "" to a valid duration'),
    (lambda p: p.duration("timeout"), {"timeout": "x"}, 'invalid parameter "timeout": cannot parse "x" to a valid duration'),
    (lambda p: p.limit(), {"limit": "x"}, 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'),
    (lambda p: p.limit(), {"limit": "-1"}, 'invalid parameter "limit": limit must be non-negative'),
]


@pytest.mark.parametrize(("read", "fields", "message"), ERRORS)
def test_errors_have_prometheus_words(read, fields, message):
    with pytest.raises(BadDataError) as caught:
        read(Parameters(fields.items()))
    assert str(caught.value) == message
    assert caught.value.status == 400


def test_a_field_keeps_every_value_in_order():
    parameters = Parameters([("match[]", "a"), ("match[]", "b"), ("limit", "3")])
    assert parameters.every("match[]") == ["a", "b"]
    assert parameters.limit() == 3
    assert parameters.text("missing") == ""
    assert parameters.time("time", 7) == 7
