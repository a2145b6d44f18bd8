"""Range functions agree with their slow references on any samples, at any step, through any window."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.promql import reference
from tests.promql.memory import MemoryReader

from fusewatch.promql.engine import Engine
from fusewatch.telemetry.labels import Labels

numbers = st.integers(-1000, 1000).map(lambda n: n / 4)
counters = st.lists(st.tuples(st.integers(1, 40_000), st.integers(0, 50)), max_size=40)
gauges = st.lists(st.tuples(st.integers(1, 40_000), numbers), max_size=40)
RANGES = st.sampled_from([1_000, 30_000, 120_000])
STEPS = st.sampled_from([7_000, 30_000, 400_000])


def samples_of(gaps: list[tuple[int, float]]) -> list[tuple[int, float]]:
    time, samples = 0, []
    for gap, value in gaps:
        time += gap
        samples.append((time, float(value)))
    return samples


def answers(query: str, samples: list[tuple[int, float]], step: int) -> dict[int, float]:
    """What the engine says of the series ``x`` at every step over its whole life."""
    reader = MemoryReader()
    reader.add(Labels({"__name__": "x"}), samples)
    result = Engine(reader).range(query, 0, 1_600_000, step)
    if not len(result):
        return {}
    timestamps, values = result.points(0)
    return dict(zip(timestamps.tolist(), values.tolist(), strict=True))


def assert_same(found: dict[int, float], expected: dict[int, float]) -> None:
    assert list(found) == list(expected)
    for time, value in expected.items():
        assert math.isclose(found[time], value, rel_tol=1e-9, abs_tol=1e-7), time


@pytest.mark.parametrize(("name", "counter", "per_second"), [("rate", True, True), ("increase", True, False), ("delta", False, False)])
@given(gaps=counters, range_ms=RANGES, step=STEPS)
@example(gaps=[(1, 5), (10_000, 0), (10_000, 3)], range_ms=30_000, step=7_000)
@settings(max_examples=60)
def test_a_rate_is_extrapolated_to_the_ends_of_its_window(name, counter, per_second, gaps, range_ms, step):
    samples = samples_of(gaps)
    expected = {}
    for end in range(0, 1_600_001, step):
        value = reference.extrapolated(reference.window(samples, end, range_ms), end, range_ms, counter=counter)
        if value is not None:
            expected[end] = value / (range_ms / 1000) if per_second else value
    assert_same(answers(f"{name}(x[{range_ms}ms])", samples, step), expected)


@pytest.mark.parametrize("name", list(reference.OVER_TIME))
@given(gaps=gauges, range_ms=RANGES, step=STEPS)
@settings(max_examples=40)
def test_a_function_over_time_sees_its_window_and_nothing_else(name, gaps, range_ms, step):
    samples = samples_of(gaps)
    expected = {}
    for end in range(0, 1_600_001, step):
        values = [value for _, value in reference.window(samples, end, range_ms)]
        if values:
            expected[end] = float(reference.OVER_TIME[name](values))
    assert_same(answers(f"{name}(x[{range_ms}ms])", samples, step), expected)


@given(gaps=gauges, range_ms=RANGES, step=STEPS, q=st.sampled_from([-1, 0, 0.25, 0.5, 0.99, 1, 2]))
@settings(max_examples=80)
def test_a_quantile_over_time_interpolates_between_the_sorted_values(gaps, range_ms, step, q):
    samples = samples_of(gaps)
    expected = {}
    for end in range(0, 1_600_001, step):
        values = [value for _, value in reference.window(samples, end, range_ms)]
        if values:
            expected[end] = reference.quantile(values, q)
    assert_same(answers(f"quantile_over_time({q}, x[{range_ms}ms])", samples, step), expected)


@given(gaps=st.lists(st.tuples(st.integers(1000, 40_000), numbers), min_size=2, max_size=30))
@settings(max_examples=60)
def test_deriv_is_the_slope_of_the_least_squares_line(gaps):
    samples = samples_of(gaps)
    end = samples[-1][0]
    reader = MemoryReader()
    reader.add(Labels({"__name__": "x"}), samples)
    found = Engine(reader).instant("deriv(x[1h])", end).values[0, 0]
    assert math.isclose(found, reference.slope(samples), rel_tol=1e-6, abs_tol=1e-6)


@given(gaps=gauges, step=STEPS, lookback=st.sampled_from([1_000, 300_000]))
@settings(max_examples=60)
def test_an_instant_vector_is_the_latest_sample_within_the_lookback(gaps, step, lookback):
    samples = samples_of(gaps)
    reader = MemoryReader()
    reader.add(Labels({"__name__": "x"}), samples)
    result = Engine(reader, lookback_ms=lookback).range("x", 0, 1_600_000, step)
    found = {} if not len(result) else dict(zip(*(column.tolist() for column in result.points(0)), strict=True))
    expected = {}
    for end in range(0, 1_600_001, step):
        seen = reference.window(samples, end, lookback)
        if seen:
            expected[end] = seen[-1][1]
    assert_same(found, expected)
