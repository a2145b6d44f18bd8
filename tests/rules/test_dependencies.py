"""Rules that build on each other are evaluated one after the other, all others at once."""

from __future__ import annotations

import pytest

from fusewatch.rules.dependencies import stages
from fusewatch.rules.model import AlertingRule, RecordingRule, Rule


def record(name: str, expr: str) -> Rule:
    return RecordingRule(name=name, expr=expr)


def alert(expr: str, name: str = "A") -> Rule:
    return AlertingRule(name=name, expr=expr)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], []),
        ([record("a", "x"), record("b", "y"), alert("z > 1")], [[0, 1, 2]]),
        ([record("a", "x"), record("b", "a"), record("c", "b")], [[0], [1], [2]]),
        # The first reads what the second wrote last time.
        ([record("a", "b"), record("b", "x")], [[0], [1]]),
        ([record("a", "x"), alert("a > 1"), alert("y > 1", "B")], [[0, 2], [1]]),
        # Nobody knows what these read.
        ([record("a", "x"), record("b", '{job="x"}'), record("c", "x")], [[0], [1], [2]]),
        ([record("a", "x"), record("b", '{__name__=~"a.*"}')], [[0], [1]]),
        ([alert("x > 1"), record("n", 'count(ALERTS{alertname="A"})'), record("y", "x")], [[0], [1], [2]]),
        # Two rules may write one metric: in their order.
        ([record("a", "x"), record("a", "y")], [[0], [1]]),
        ([record("a", "x"), record("b", "max_over_time(a[5m:1m])")], [[0], [1]]),
    ],
)
def test_stages(rules: list[Rule], expected: list[list[int]]) -> None:
    assert stages(rules) == expected


def test_ten_thousand_rules_are_staged_soon() -> None:
    assert len(stages([record(f"r{place}", f"r{place - 1} + x{place}") for place in range(200)])) == 200
    assert len(stages([record(f"r{place}", f"x{place}") for place in range(10_000)])) == 1
