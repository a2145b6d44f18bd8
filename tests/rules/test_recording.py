"""Recording rules write what their expressions find, and mark what is over."""

from __future__ import annotations

import pytest
from tests.rules.evaluating import MINUTE, World

from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import Labels


def rules(*lines: str, group: str = "") -> str:
    return f"groups:\n  - name: g\n{group}    rules:\n" + "".join(f"      - {line}\n" for line in lines)


def test_a_result_becomes_a_series_of_the_rules_name_and_labels() -> None:
    world = World(rules('{record: "job:up:sum", expr: "sum by (job, dc) (up)", labels: {team: ops, dc: ""}}'))
    world.load(MINUTE, 'up{job="a", dc="x"} 1 1', 'up{job="b", dc="x"} 1 0')
    world.evaluate(1)
    assert world.query("job:up:sum", 1) == {'job:up:sum{job="a", team="ops"}': 1.0, 'job:up:sum{job="b", team="ops"}': 0.0}


def test_labels_of_the_group_are_added() -> None:
    world = World(rules("{record: x, expr: vector(1), labels: {a: rule}}", group="    labels: {a: group, b: group}\n"))
    world.evaluate(0)
    assert world.query("x", 0) == {'x{a="rule", b="group"}': 1.0}


def test_a_scalar_is_a_series_without_labels() -> None:
    world = World(rules("{record: answer, expr: 6 * 7}"))
    world.evaluate(0)
    assert world.query("answer", 0) == {"answer": 42.0}


def test_a_series_that_has_no_result_any_more_is_over_at_once() -> None:
    world = World(rules("{record: busy, expr: cpu > 0.5}"))
    world.load(MINUTE, 'cpu{core="0"} 1 0', 'cpu{core="1"} 1 1')
    world.evaluate(0, 1)
    assert world.query("busy", 1) == {'busy{core="1"}': 1.0}


def test_a_later_rule_sees_what_an_earlier_one_wrote() -> None:
    world = World(rules("{record: a, expr: x + 1}", "{record: b, expr: a * 10}", "{record: c, expr: b + 0}"))
    world.load(MINUTE, "x 1 2")
    world.evaluate(0, 1)
    assert world.query("c", 1) == {"c": 30.0}


def test_an_earlier_rule_sees_what_a_later_one_wrote_the_time_before() -> None:
    world = World(rules("{record: copy, expr: total}", "{record: total, expr: x}"))
    world.load(MINUTE, "x 1 2 3")
    world.evaluate(0, 1, 2)
    assert world.query("copy", 2) == {"copy": 2.0}


def test_a_group_may_look_behind_the_present() -> None:
    world = World(rules("{record: y, expr: x}", group="    query_offset: 1m\n"))
    world.load(MINUTE, "x 1 2 3")
    world.evaluate(2)
    assert world.query("y", 1) == {"y": 2.0}


def test_native_histograms_are_kept_whole() -> None:
    world = World(rules("{record: y, expr: x}"))
    histogram = Histogram(
        schema=1,
        count=10.0,
        sum=5.0,
        zero_threshold=0.001,
        zero_count=1.0,
        positive_spans=(Span(-1, 2), Span(2, 1)),
        positive_buckets=(1.0, 2.0, 3.0),
        negative_spans=(Span(0, 1), Span(1, 1)),
        negative_buckets=(2.0, 1.0),
        is_float=True,
    )
    world.reader.add(Labels({"__name__": "x"}), [(0, histogram)])
    world.evaluate(0)
    assert world.query("histogram_sum(y)", 0) == {"": 5.0} or world.query("histogram_sum(y)", 0) == {"{}": 5.0}
    for share in (0.1, 0.3, 0.5, 0.9):
        asked = [world.query(f"histogram_quantile({share}, {name})", 0) for name in ("x", "y")]
        assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ('{record: x, expr: "up", labels: {instance: one}}', "vector contains metrics with the same labelset after applying rule labels"),
        ('{record: x, expr: "up * on () up"}', "found duplicate series"),
    ],
)
def test_what_fails_is_said_and_stops_no_other_rule(rule: str, error: str) -> None:
    world = World(rules(rule, "{record: y, expr: vector(1)}"))
    world.load(MINUTE, 'up{instance="a"} 1', 'up{instance="b"} 1')
    world.evaluate(0)
    assert (world.run.rules[0].health, world.run.rules[1].health) == ("err", "ok")
    assert error in world.run.rules[0].error
    assert world.query("y", 0) == {"y": 1.0}
    assert world.run.figures.failures == 1


def test_too_many_results_are_none() -> None:
    world = World(rules("{record: x, expr: up}", group="    limit: 1\n"))
    world.load(MINUTE, 'up{instance="a"} 1', 'up{instance="b"} 1')
    world.evaluate(0)
    assert world.run.rules[0].error == "exceeded limit of 1 with 2 series"
    assert world.query("x", 0) == {}
