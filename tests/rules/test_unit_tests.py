"""Unit tests of rules say what differs, as ``promtool test rules`` does."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fusewatch.cli.check import check

RULES = """
groups:
  - name: g
    rules:
      - {record: "job:up:sum", expr: sum by (job) (up)}
      - alert: Down
        expr: up == 0
        for: 1m
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} at {{ $externalURL }}"}
"""
GOOD = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - name: one is down
    interval: 1m
    external_url: http://here
    input_series:
      - {series: 'up{job="a", instance="1"}', values: 0x5}
      - {series: 'up{job="a", instance="2"}', values: 1 1 1 _ stale}
      - {series: h, values: '{{schema:0 count:2 sum:3 buckets:[1 1]}}x5'}
    alert_rule_test:
      - {eval_time: 30s, alertname: Down}
      - eval_time: 90s
        alertname: Down
        exp_alerts: [{exp_labels: {job: a, instance: "1", severity: page}, exp_annotations: {summary: 1 at http://here}}]
    promql_expr_test:
      - {expr: 'job:up:sum', eval_time: 1m, exp_samples: [{labels: 'job:up:sum{job="a"}', value: 1}]}
      - {expr: 'h', eval_time: 1m, exp_samples: [{labels: h, histogram: '{{schema:0 count:2 sum:3 buckets:[1 1]}}'}]}
      - {expr: '1 + 1', eval_time: 0, exp_samples: [{value: 2}]}
"""


def run(tmp_path: Path, text: str, rules: str = RULES, *options: str) -> Result:
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "test.yml").write_text(text)
    return CliRunner().invoke(check, [*options, str(tmp_path / "test.yml")])


def test_a_test_that_holds(tmp_path: Path) -> None:
    result = run(tmp_path, GOOD, RULES, "--test")
    assert result.exit_code == 0, result.output
    assert "1 test passed" in result.output


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "value: 1}",
            "value: 3}",
            'expected:\n        job:up:sum{job="a"} 3.0\n      got:\n        job:up:sum{job="a"} 1.0',
        ),
        (
            'instance: "1", severity',
            'instance: "2", severity',
            'alert Down at 90s:\n      expected:\n        {alertname="Down", instance="2"',
        ),
        ("exp_annotations: {summary: 1 at http://here}", "exp_annotations: {}", 'got:\n        {alertname="Down", instance="1"'),
        ("{eval_time: 30s, alertname: Down}", "{eval_time: 2m, alertname: Down}", "expected:\n        nothing"),
        ("buckets:[1 1]}}'}", "buckets:[1 2]}}'}", "h at 60s"),
        ("expr: '1 + 1'", "expr: '1 +'", "1 + at 0s:\n      1:4: parse error: unexpected end of input"),
        ("values: 0x5", "values: 0xx5", "one is down, input_series:\n      not a value: 0xx5"),
        ("{value: 2}", "{value: 2.1}", "got:\n        {} 2.0"),
    ],
)
def test_what_differs_is_shown_side_by_side(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert GOOD.count(old) == 1
    result = run(tmp_path, GOOD.replace(old, new), RULES, "--test")
    assert result.exit_code == 1
    assert told in result.output
    assert "1 failed" in result.output


def test_a_rule_that_fails_fails_the_test(tmp_path: Path) -> None:
    result = run(tmp_path, GOOD, RULES.replace("sum by (job) (up)", "up * on (job) up"), "--test")
    assert result.exit_code == 1
    assert "rule job:up:sum at 0s" in result.output


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rule_files: [rules.yml]", "rule_files: [none.yml]", "rule_files[0]: there is no file none.yml"),
        ("alertname: Down}", "alert: Down}", "unknown key"),
        ("eval_time: 90s", "eval_time: soon", "not a valid duration"),
    ],
)
def test_a_test_file_that_is_wrong_is_named_by_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    for options in ((), ("--test",)):
        result = run(tmp_path, GOOD.replace(old, new), RULES, *options)
        assert result.exit_code == 1
        assert "test.yml:" in result.output
        assert told in result.output


def test_check_knows_what_a_file_is(tmp_path: Path) -> None:
    assert run(tmp_path, GOOD).exit_code == 0
    result = CliRunner().invoke(check, [str(tmp_path / "rules.yml")])
    assert (result.exit_code, "valid" in result.output) == (0, True)
    assert "parse expression" in run(tmp_path, RULES.replace("up == 0", "up ==")).output
