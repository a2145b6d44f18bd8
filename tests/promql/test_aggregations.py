"""Aggregations agree with the slow way on any set of series with any gaps."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.promql import reference
from tests.promql.memory import MemoryReader

from fusewatch.promql.engine import Engine
from fusewatch.telemetry.labels import Labels

STEPS = 4
rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=STEPS, max_size=STEPS)), max_size=7
)
SUMMARIES = {
    "sum": math.fsum,
    "avg": statistics.fmean,
    "min": min,
    "max": max,
    "count": len,
    "group": lambda _: 1,
    "stdvar": statistics.pvariance,
    "stddev": statistics.pstdev,
}


def store(found: Sequence[tuple[str, Sequence[int | None]]]) -> Engine:
    reader = MemoryReader()
    for index, (job, values) in enumerate(found):
        points = [(step * 60_000, float(value)) for step, value in enumerate(values) if value is not None]
        if points:
            reader.add(Labels({"__name__": "x", "job": job, "i": str(index)}), points)
    return Engine(reader, lookback_ms=60_000)


def table(engine: Engine, query: str) -> dict[tuple[str, int], list[float]]:
    """Values by (job, step), in the answer's order."""
    result = engine.range(query, 0, (STEPS - 1) * 60_000, 60_000)
    found: dict[tuple[str, int], list[float]] = {}
    for row, labels in enumerate(result.labels):
        for time, value in zip(*(column.tolist() for column in result.points(row)), strict=True):
            found.setdefault((labels["job"], time // 60_000), []).append(value)
    return found


def columns(found: Sequence[tuple[str, Sequence[int | None]]]) -> dict[tuple[str, int], list[int]]:
    by: dict[tuple[str, int], list[int]] = {}
    for job, values in found:
        for step, value in enumerate(values):
            if value is not None:
                by.setdefault((job, step), []).append(value)
    return by


@pytest.mark.parametrize("op", list(SUMMARIES))
@given(found=rows)
@settings(max_examples=50)
def test_a_group_is_summed_up_at_each_step_by_the_series_that_have_a_sample(op, found):
    answer = table(store(found), f"{op} by (job) (x)")
    expected = {key: float(SUMMARIES[op](values)) for key, values in columns(found).items()}
    assert set(answer) == set(expected)
    for key, value in expected.items():
        assert math.isclose(answer[key][0], value, rel_tol=1e-9, abs_tol=1e-9)


@given(found=rows, q=st.sampled_from([0, 0.3, 0.5, 1]))
@settings(max_examples=50)
def test_a_quantile_of_a_group_interpolates(found, q):
    answer = table(store(found), f"quantile by (job) ({q}, x)")
    expected = {key: reference.quantile(values, q) for key, values in columns(found).items()}
    assert set(answer) == set(expected)
    for key, value in expected.items():
        assert math.isclose(answer[key][0], value, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(("op", "largest"), [("topk", True), ("bottomk", False)])
@given(found=rows, k=st.integers(0, 4))
@settings(max_examples=50)
def test_the_best_of_a_group_are_chosen_anew_at_each_step(op, largest, found, k):
    answer = table(store(found), f"{op} by (job) ({k}, x)")
    expected = {key: sorted(values, reverse=largest)[:k] for key, values in columns(found).items() if k}
    assert {key: sorted(values, reverse=largest) for key, values in answer.items()} == expected


@given(found=rows, k=st.integers(0, 4))
@settings(max_examples=30)
def test_limitk_keeps_so_many_of_each_group(found, k):
    answer = table(store(found), f"limitk by (job) ({k}, x)")
    assert {key: len(values) for key, values in answer.items()} == {key: min(k, len(v)) for key, v in columns(found).items() if k}


@given(found=rows)
@settings(max_examples=30)
def test_count_values_counts_every_value_once(found):
    result = store(found).range('count_values by (job) ("v", x)', 0, (STEPS - 1) * 60_000, 60_000)
    counted = {
        (labels["job"], labels["v"], time // 60_000): count
        for row, labels in enumerate(result.labels)
        for time, count in zip(*(column.tolist() for column in result.points(row)), strict=True)
    }
    expected: dict[tuple[str, str, int], int] = {}
    for (job, step), values in columns(found).items():
        for value in values:
            expected[job, str(value), step] = expected.get((job, str(value), step), 0) + 1
    assert counted == expected


def test_topk_of_an_instant_query_comes_best_first_and_nan_last():
    reader = MemoryReader()
    for name, value in (("a", 1.0), ("b", math.nan), ("c", 7.0), ("d", 7.0)):
        reader.add(Labels({"__name__": "x", "i": name}), [(0, value)])
    assert [labels["i"] for labels in Engine(reader).instant("topk(4, x)", 0).labels] == ["c", "d", "a", "b"]
    assert [labels["i"] for labels in Engine(reader).instant("bottomk(4, x)", 0).labels] == ["a", "c", "d", "b"]
