from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry.histogram_strategies import histograms

from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, HistogramError, Span


@given(histograms())
def test_what_is_encoded_is_decoded_again(histogram):
    histogram.check()
    body = histogram.encode()
    assert len(body) % 8 == 0
    assert Histogram.decode(body) == histogram


def test_custom_buckets_keep_their_bounds():
    histogram = Histogram(
        schema=CUSTOM_SCHEMA,
        count=3,
        sum=4.5,
        positive_spans=(Span(0, 2),),
        positive_buckets=(1, 2),
        custom_values=(0.5, 1.0),
    )
    histogram.check()
    assert Histogram.decode(histogram.encode()) == histogram


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(body):
    try:
        Histogram.decode(body)
    except HistogramError as error:
        assert "not a histogram" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 9}, "invalid schema 9"),
        ({"positive_spans": (Span(0, 2),)}, "need 2 buckets, have 0"),
        ({"positive_spans": (Span(0, 1),), "positive_buckets": (-1,)}, "negative observation count"),
        ({"positive_spans": (Span(0, 1), Span(-1, 0)), "positive_buckets": (1,)}, "negative offset"),
        ({"count": 0, "zero_count": 1}, "smaller than that of its buckets"),
        ({"schema": CUSTOM_SCHEMA, "zero_count": 1}, "zero bucket"),
        ({"schema": CUSTOM_SCHEMA, "custom_values": (1, 1)}, "ascending"),
        ({"custom_values": (1,)}, "must not have custom bounds"),
    ],
)
def test_what_does_not_fit_together_is_named(changes, words):
    values = {"schema": 0, "count": 5, "sum": 1.0, **changes}
    with pytest.raises(HistogramError, match=words):
        Histogram(**values).check()
