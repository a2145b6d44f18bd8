"""A plan names exactly the samples that an expression looks at, and what is the same at every step."""

from __future__ import annotations

import pytest

from fusewatch.promql import ast
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import plan
from fusewatch.promql.rollups import RollupUse
from fusewatch.telemetry.rollups import Windows

GRID = Grid.between(600_000, 900_000, 60_000)
LOOKBACK = 300_000


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("x", [(300_001, 900_000)]),
        ("x offset 1m", [(240_001, 840_000)]),
        ("x offset -1m", [(360_001, 960_000)]),
        ("x[10m]", [(1, 900_000)]),
        ("x @ 100", [(-199_999, 100_000)]),
        ("x @ end() offset 1m", [(540_001, 840_000)]),
        ("sum_over_time(x[5m:1m])", [(1, 900_000)]),
        ("sum_over_time(x[5m:1m] @ 1000 offset 1m)", [(340_001, 940_000)]),
        ("sum_over_time(x[5m:1m] @ 1000) + x @ 10", [(-289_999, 10_000), (400_001, 1_000_000)]),
        ("x + x offset 5m", [(1, 900_000)]),
        ('x + x{a="b"}', [(300_001, 900_000), (300_001, 900_000)]),
        ("1 + time()", []),
    ],
)
def test_reads_cover_what_the_expression_looks_at(query, reads):
    found = plan(parse(query), GRID, LOOKBACK).fetches
    assert [(fetch.start, fetch.end) for fetch in found] == reads


@pytest.mark.parametrize(
    ("query", "wrapped"),
    [
        ("x @ 10", True),
        ("rate(x[5m] @ 10)", True),
        ("sum(x @ 10) + 1", True),
        ("timestamp(x @ 10)", True),
        ("x", False),
        ("predict_linear(x[5m] @ 10, 60)", False),
        ("time()", False),
        ("x @ 10 + x", False),
        ("x[5m] @ 10", False),
    ],
)
def test_what_is_the_same_at_every_step_is_evaluated_once(query, wrapped):
    assert isinstance(plan(parse(query), GRID, LOOKBACK).expr, ast.Invariant) is wrapped


@pytest.mark.parametrize(
    ("query", "windows"),
    [
        ("x", [Windows("", 600_000, 60_000, 6, 300_000)]),
        ("rate(x[5m])", [Windows("rate", 600_000, 60_000, 6, 300_000)]),
        ("sum(rate(x[5m] offset 1m))", [Windows("rate", 540_000, 60_000, 6, 300_000)]),
        ("x[5m]", [Windows("[]", 600_000, 60_000, 6, 300_000)]),
        ("rate(x[5m] @ 100)", [Windows("rate", 100_000, 0, 1, 300_000)]),
        ("abs(x)", [Windows("", 600_000, 60_000, 6, 300_000)]),
        # A subquery's own moments are the multiples of its step.
        ("max_over_time(rate(x[1m])[10m:45s])", [Windows("rate", 45_000, 45_000, 20, 60_000)]),
        ("max_over_time(x[10m:] offset 1m)", [Windows("", 0, 60_000, 15, 300_000)]),
        # One read for both says what both are for.
        ("x - rate(x[5m])", [Windows("", 600_000, 60_000, 6, 300_000), Windows("rate", 600_000, 60_000, 6, 300_000)]),
    ],
)
def test_a_read_says_what_its_samples_are_for(query, windows):
    (fetch,) = plan(parse(query), GRID, LOOKBACK).fetches
    assert list(fetch.windows) == windows


def test_a_read_for_a_query_without_roll_ups_does_not_say_it():
    (fetch,) = plan(parse("rate(x[5m])"), GRID, LOOKBACK, rollups=RollupUse.NEVER).fetches
    assert fetch.windows == ()
