"""A plan names exactly the samples that an expression looks at, and what is the same at every step."""

from __future__ import annotations

import pytest

from fusewatch.promql import ast
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import plan

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
