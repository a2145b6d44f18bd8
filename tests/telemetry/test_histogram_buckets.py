from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry.histogram_strategies import custom_histograms, histograms

from fusewatch.telemetry.histogram_buckets import buckets_of, mark_layouts, words_of
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span


def packed(found):
    bodies = [one.encode() for one in found]
    return np.cumsum([0, *map(len, bodies)], dtype=np.int64), np.frombuffer(b"".join(bodies), np.uint8)


def buckets(*found):
    """Upper bound and count of every bucket, by histogram."""
    read = buckets_of(*packed(found))
    pairs = list(zip(read.bounds.tolist(), read.counts.tolist(), strict=True))
    return [pairs[read.offsets[k] : read.offsets[k + 1]] for k in range(len(found))]


def side(schema, spans, counts):
    """Index and count of the buckets that have observations, the slow way."""
    index, counts = 0, iter(counts)
    for span in spans:
        index += span.offset
        for _ in range(span.length):
            count = next(counts)
            if count:
                yield index, float(count)
            index += 1


def slowly(one):
    if one.schema == CUSTOM_SCHEMA:
        counts = dict(side(0, one.positive_spans, one.positive_buckets))
        return [(bound, counts.get(k, 0.0)) for k, bound in enumerate((*one.custom_values, math.inf))]
    width = 2.0**-one.schema
    below = [(-power((index - 1) * width), count) for index, count in side(one.schema, one.negative_spans, one.negative_buckets)]
    above = [(power(index * width), count) for index, count in side(one.schema, one.positive_spans, one.positive_buckets)]
    return [*reversed(below), *([(one.zero_threshold, float(one.zero_count))] if one.zero_count else []), *above]


def power(exponent):
    try:
        return 2.0**exponent
    except OverflowError:
        return np.finfo(np.float64).max if exponent == 1024 else math.inf


@given(st.lists(st.one_of(histograms(), custom_histograms()), max_size=5))
def test_buckets_have_the_bounds_and_counts_that_the_slow_way_finds(found) -> None:
    for read, one in zip(buckets(*found), found, strict=True):
        expected = slowly(one)
        assert [count for _, count in read] == [count for _, count in expected]
        assert [bound for bound, _ in read] == pytest.approx([bound for bound, _ in expected], rel=1e-15)


def test_bounds_of_whole_powers_are_exact_and_the_largest_is_finite() -> None:
    spans = (Span(-1074, 1), Span(1073, 1), Span(1023, 2))
    one = Histogram(schema=0, count=4, sum=1.0, positive_spans=spans, positive_buckets=(1, 1, 1, 1))
    assert [bound for bound, _ in buckets(one)[0]] == [5e-324, 1.0, np.finfo(np.float64).max, math.inf]


def test_a_layout_ends_where_schema_threshold_bounds_or_series_change() -> None:
    plain = Histogram(schema=1, count=0, sum=0.0)
    custom = Histogram(schema=CUSTOM_SCHEMA, count=0, sum=0.0, custom_values=(1.0, 2.0))
    changes = {"schema": 2}, {"zero_threshold": 0.5}, {"count": 3, "zero_count": 3}, {"reset_hint": ResetHint.YES}, {"is_float": True}
    found = [plain, plain, *(Histogram(**{"schema": 1, "count": 0, "sum": 0.0, **change}) for change in changes), plain, custom, custom]
    found += [Histogram(schema=CUSTOM_SCHEMA, count=0, sum=0.0, custom_values=bounds) for bounds in ((1.0, 3.0), (0.5, 3.0), (3.0,))]
    ends, bodies = packed(found)
    news = np.empty(len(found), np.int64)
    mark_layouts(words_of(bodies), ends // 8, np.zeros(len(found), np.int64), news)
    assert news.tolist() == [1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1]
    mark_layouts(words_of(bodies), ends // 8, np.arange(len(found)), news)
    assert news.all()
