"""Sums, differences, resets and estimates of native histograms agree with the slow way."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.promql.memory import MemoryReader
from tests.promql.promqltest.histograms import flat, flat_of
from tests.promql.promqltest.runner import almost_equal
from tests.telemetry.histogram_strategies import custom_histograms, histograms

from fusewatch.promql.engine import Engine
from fusewatch.promql.histograms import decoded, joined, shown
from fusewatch.promql.kernels.native.cells import combined, scaled
from fusewatch.promql.kernels.native.estimates import histogram_fractions, histogram_quantiles
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.promql.kernels.native.resets import find_resets
from fusewatch.promql.notation.histograms import combined as added_up
from fusewatch.promql.notation.histograms import indexed
from fusewatch.promql.warm import histogram_warmups
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels


@pytest.fixture(autouse=True, scope="module")
def _compiled():
    """Kernels are loaded before any time is measured."""
    for warm in histogram_warmups():
        warm()


either = st.one_of(histograms(), custom_histograms())
minutes = 60_000


def pool_of(*found: Histogram) -> Pool:
    bodies = [one.encode() for one in found]
    return decoded(np.cumsum([0, *map(len, bodies)], dtype=np.int64), np.frombuffer(b"".join(bodies), np.uint8))


def parts(found: Histogram | tuple[Pool, int]) -> dict[str, float]:
    return flat(found) if isinstance(found, Histogram) else flat_of(*found)[0]


def close(one: dict[str, float], other: dict[str, float], size: float) -> bool:
    """Equal but for what rounding at ``size`` can leave; a bucket that is missing is empty."""
    names = set(one) | set(other)
    return all(abs(one.get(name, 0.0) - other.get(name, 0.0)) <= 1e-9 * size for name in names)


@st.composite
def simple(draw):
    """A few buckets on both sides, whole counts."""
    sides = [draw(st.dictionaries(st.integers(-6, 6), st.integers(1, 50), max_size=5)) for _ in range(2)]
    zero = draw(st.integers(0, 5))
    spans = [tuple(Span(index - last - 1, 1) for last, index in zip([-1, *sorted(side)], sorted(side), strict=False)) for side in sides]
    counts = [tuple(float(side[index]) for index in sorted(side)) for side in sides]
    return Histogram(
        schema=draw(st.integers(-2, 4)),
        count=float(zero + sum(map(sum, counts))),
        sum=float(draw(st.integers(-100, 100))),
        zero_threshold=1e-9,
        zero_count=float(zero),
        positive_spans=spans[0],
        positive_buckets=counts[0],
        negative_spans=spans[1],
        negative_buckets=counts[1],
        is_float=True,
    )


@given(st.lists(either, min_size=1, max_size=4))
def test_what_is_decoded_is_what_was_encoded(found):
    pool = pool_of(*found)
    for k, one in enumerate(found):
        assert parts((pool, k)) == parts(one)


@given(st.lists(either, min_size=1, max_size=3), st.lists(either, min_size=1, max_size=3))
def test_pools_are_joined_without_mixing_their_histograms(first, second):
    pool = joined([pool_of(*first), pool_of(*second)])
    assert [parts((pool, k)) for k in range(len(first) + len(second))] == [parts(one) for one in (*first, *second)]


def sum_of(one: Histogram, other: Histogram, *, subtract: bool = False) -> Pool:
    result, met = np.full(1, -1, np.int64), np.zeros(1, np.int64)
    first = np.zeros(1, np.int64)
    pool, count = combined(subtract, pool_of(one), first, pool_of(other), first, result, met)
    assert count == 1
    return pool


@given(simple(), simple())
def test_a_sum_has_the_coarser_schema_and_all_observations(one, other):
    coarse, fine = sorted((one, other), key=lambda histogram: histogram.schema)
    # The slow way adds into the schema of the first.
    expected = parts(added_up(coarse_form(coarse, coarse.schema), fine, 1))
    found = parts((sum_of(one, other), 0))
    assert close(found, expected, 100)
    assert found["schema"] == coarse.schema


def coarse_form(histogram: Histogram, schema: int) -> Histogram:
    return replace(histogram, schema=schema)


@given(simple(), simple())
def test_a_sum_does_not_depend_on_the_order(one, other):
    assert close(parts((sum_of(one, other), 0)), parts((sum_of(other, one), 0)), 100)


@given(either)
def test_a_histogram_less_itself_is_empty(one):
    assume(math.isfinite(one.sum))
    found = parts((sum_of(one, one, subtract=True), 0))
    size = max(one.count, abs(one.sum), 1.0)
    assert all(abs(found[name]) <= 1e-9 * size for name in ("count", "sum", "zero count"))
    assert not [name for name in found if name[0] in "+-" and abs(found[name]) > 1e-9 * size]


@given(custom_histograms(), custom_histograms())
def test_of_different_custom_bounds_the_common_ones_remain(one, other):
    found = sum_of(one, other)
    shared = sorted(set(one.custom_values) & set(other.custom_values))
    kept = parts((found, 0))
    assert [kept[f"bound {place}"] for place in range(len(shared))] == shared
    for bound in shared:
        below = sum(below_bound(histogram, bound) for histogram in (one, other))
        cumulated = sum(kept.get(f"+{index}", 0.0) for index in range(shared.index(bound) + 1))
        assert math.isclose(cumulated, below, rel_tol=1e-9, abs_tol=1e-6)


def below_bound(histogram: Histogram, bound: float) -> float:
    filled = indexed(histogram.positive_spans, histogram.positive_buckets)
    return sum(count for index, count in filled.items() if index < len(histogram.custom_values) and histogram.custom_values[index] <= bound)


def test_a_zero_bucket_grows_to_hold_both_and_cuts_through_no_filled_bucket():
    narrow = Histogram(
        schema=0,
        count=6.0,
        sum=6.0,
        zero_threshold=0.001,
        zero_count=1.0,
        positive_spans=(Span(-2, 3),),
        positive_buckets=(1.0, 1.0, 1.0),
        negative_spans=(Span(-1, 1),),
        negative_buckets=(2.0,),
        is_float=True,
    )
    empty = {"positive_spans": (), "positive_buckets": (), "negative_spans": (), "negative_buckets": ()}
    wide = replace(narrow, zero_threshold=0.3, zero_count=4.0, **empty)
    found = parts((sum_of(narrow, wide), 0))
    # (0.25, 0.5] is filled, so 0.3 becomes 0.5; what lay below it is in the zero bucket.
    assert (found["zero threshold"], found["zero count"]) == (0.5, 1 + 4 + 1 + 1 + 2)
    assert {name for name in found if name[0] in "+-"} == {"+0"}


@given(either, st.floats(1, 100))
def test_a_multiple_divided_again_is_the_same(one, factor):
    assume(abs(one.sum) < 1e300)
    k, factors = np.zeros(1, np.int64), np.array([factor])
    back = scaled(True, scaled(False, pool_of(one), k, factors), k, factors)
    found, expected = parts((back, 0)), parts(one)
    assert found.keys() == expected.keys()
    assert all(almost_equal(found[name], expected[name]) for name in found)


@given(simple(), simple())
def test_a_reset_is_a_count_that_fell_or_a_bucket_that_is_gone(before, now):
    before, now = replace(before, schema=1), replace(now, schema=1)
    out = np.zeros(2, np.bool_)
    find_resets(np.array([0, 2], np.int64), np.arange(2), pool_of(before, now), out)
    old, new = Counter(parts(before)), Counter(parts(now))
    fell = any(new[name] < old[name] for name in old if name[0] in "+-" or name in ("count", "zero count"))
    assert out.tolist() == [False, fell]


@given(either, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_grow_with_their_rank_and_lie_within_the_buckets(one, p, q):
    assume(one.count and math.isfinite(one.sum))
    pool = pool_of(one)
    out, told = np.zeros(2), np.zeros(2, np.int64)
    histogram_quantiles(pool, np.zeros(2, np.int64), np.sort([p, q]), out, told)
    buckets = shown(pool, 0).buckets
    low, high = min(bucket.lower for bucket in buckets), max(bucket.upper for bucket in buckets)
    # The bounds of exponential buckets may be too large for a number.
    assume(one.custom_values if one.schema == CUSTOM_SCHEMA else math.isfinite(low + high))
    assert out[0] <= out[1] or math.isclose(out[0], out[1], rel_tol=1e-9)
    # Between bounds of different sizes a value is as exact as the larger allows.
    exact = 1e-15 * max(abs(low), abs(high))
    assert all(low - exact <= value <= high + exact or math.isclose(value, low) or math.isclose(value, high) for value in out)


@given(simple(), st.floats(0.05, 0.95))
def test_the_fraction_below_a_quantile_is_its_rank(one, q):
    assume(one.count)
    pool, k = pool_of(one), np.zeros(1, np.int64)
    value, share, told = np.zeros(1), np.zeros(1), np.zeros(1, np.int64)
    histogram_quantiles(pool, k, np.array([q]), value, told)
    histogram_fractions(pool, k, np.array([-np.inf]), value, share, told)
    assert share[0] == pytest.approx(q, abs=1e-6)


counts = st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=2, max_size=12)


@given(counts, st.integers(1, 6))
@example([[1, 2, 3], [0, 0, 0], [1, 0, 0]], 3)
def test_the_rate_of_a_histogram_is_that_of_its_count_where_no_bucket_falls_alone(steps, length):
    """A counter of observations and a histogram of the same observations are told the same."""
    reader, total = MemoryReader(), [0, 0, 0]
    for index, step in enumerate(steps):
        total = [0, 0, 0] if step == [0, 0, 0] else [a + b for a, b in zip(total, step, strict=True)]
        buckets = tuple(map(float, total))
        one = Histogram(schema=0, count=sum(buckets), sum=1.0, positive_spans=(Span(0, 3),), positive_buckets=buckets, is_float=True)
        reader.add(Labels({METRIC_NAME: "h"}), [(index * minutes, one)])
        reader.add(Labels({METRIC_NAME: "h_count"}), [(index * minutes, float(sum(total)))])
    engine, end = Engine(reader), (len(steps) - 1) * minutes
    histogram = engine.range(f"histogram_count(rate(h[{length}m1s]))", 0, end, minutes)
    counter = engine.range(f"rate(h_count[{length}m1s])", 0, end, minutes)
    assert histogram.present.tolist() == counter.present.tolist()
    assert np.allclose(histogram.values[histogram.present], counter.values[counter.present], rtol=1e-9)


def test_a_sender_that_says_a_counter_began_anew_is_believed():
    reader = MemoryReader()
    one = Histogram(schema=0, count=4.0, sum=4.0, positive_spans=(Span(0, 1),), positive_buckets=(4.0,), is_float=True)
    later = replace(one, count=6.0, positive_buckets=(6.0,), reset_hint=ResetHint.YES)
    reader.add(Labels({METRIC_NAME: "h"}), [(0, one), (minutes, later)])
    assert Engine(reader).instant("resets(h[5m])", minutes).values.tolist() == [[1.0]]


def test_a_hint_that_nothing_began_anew_is_checked():
    """It is about the sample that the sender sent before, which may be missing here."""
    reader = MemoryReader()
    one = Histogram(schema=0, count=4.0, sum=4.0, positive_spans=(Span(0, 1),), positive_buckets=(4.0,), is_float=True)
    later = replace(one, count=3.0, positive_buckets=(3.0,), reset_hint=ResetHint.NO)
    reader.add(Labels({METRIC_NAME: "h"}), [(0, one), (minutes, later)])
    assert Engine(reader).instant("resets(h[5m])", minutes).values.tolist() == [[1.0]]
