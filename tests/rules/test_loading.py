"""Rule files are read as Prometheus reads them, and every mistake is named by file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusewatch.rules.loading import find_rule_files, parse_rules, read_rule_file
from fusewatch.rules.model import AlertingRule, Defaults, Flapping, RecordingRule
from fusewatch.rules.settings import NoData
from fusewatch.rules.shipped import shipped_rules

WHOLE = """
groups:
  - name: g
    interval: 30s
    query_offset: 1m
    limit: 7
    labels: {team: ops, tier: "1"}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {tier: "2"}
      - alert: Busy
        expr: cpu > 0.9
        for: 5m
        keep_firing_for: 10m
        labels: {severity: page, port: 80}
        annotations: {summary: "{{ $value }}", empty: }
        clear: cpu < 0.8
        no_data: alert
        flapping: {changes: 3}
        at_times:
          - {time_intervals: [night], expr: cpu > 0.97, for: 15m}
"""


def test_everything_a_rule_may_say() -> None:
    file, problems = parse_rules(WHOLE, "rules.yml")
    assert file is not None, problems
    (group,) = file.groups(Defaults())
    assert (group.name, group.file, group.interval_ms, group.offset_ms, group.limit) == ("g", "rules.yml", 30_000, 60_000, 7)
    record, alert = group.rules
    assert record == RecordingRule(name="job:up:sum", expr="sum by (job) (up)", labels={"team": "ops", "tier": "2"})
    assert isinstance(alert, AlertingRule)
    assert (alert.hold_ms, alert.keep_firing_ms, alert.clear, alert.no_data) == (300_000, 600_000, "cpu < 0.8", NoData.ALERT)
    assert alert.labels == {"team": "ops", "tier": "1", "severity": "page", "port": "80"}
    assert alert.flapping == Flapping(3, 1_800_000)
    assert (alert.at_times[0].expr, alert.at_times[0].hold_ms) == ("cpu > 0.97", 900_000)


def test_what_is_left_out_is_the_groups_then_the_servers() -> None:
    file, _ = parse_rules(
        "groups: [{name: g, no_data: alert, rules: [{alert: A, expr: up == 0}]}, {name: h, rules: [{alert: A, expr: up}]}]", "f"
    )
    assert file is not None
    one, other = file.groups(Defaults(interval_ms=5_000, offset_ms=2_000, no_data=NoData.KEEP))
    assert [one.rules[0].no_data, other.rules[0].no_data] == [NoData.ALERT, NoData.KEEP]
    assert (one.interval_ms, one.offset_ms) == (5_000, 2_000)


def rule(text: str) -> str:
    return f"groups:\n  - name: g\n    rules:\n      - {text}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("groups: 5", "f.yml:1: groups: expected a list (lines that begin with -)"),
        ("grups: []", 'f.yml:1: grups: unknown key (did you mean "groups"?)'),
        ("groups: [{rules: []}]", "f.yml:1: groups[0].name: is required"),
        ("groups: [{name: a}, {name: a}]", 'f.yml:1: groups[1].name: groupname: "a" is repeated in the same file'),
        ("groups: [{name: a, interval: 0s}]", "f.yml:1: groups[0]: interval must be more than 0"),
        (rule("{record: a, expr: up, severity: x}"), "f.yml:4: groups[0].rules[0].severity: unknown key"),
        (rule("{expr: up}"), "f.yml:4: groups[0].rules[0]: one of 'record' or 'alert' must be set"),
        (rule("{record: a, alert: b, expr: up}"), "f.yml:4: groups[0].rules[0]: only one of 'record' and 'alert' must be set"),
        (rule("{record: a}"), "f.yml:4: groups[0].rules[0].expr: is required"),
        (rule('{record: a, expr: "sum(up"}'), "f.yml:4: groups[0].rules[0].expr: could not parse expression: 1:7: parse error"),
        (
            rule('{record: a, expr: "up[5m]"}'),
            "a rule needs an instant vector or a scalar, and this is a range vector",
        ),
        (rule("{record: a, expr: up, for: 5m}"), "groups[0].rules[0]: invalid field 'for' in recording rule"),
        (rule("{record: a, expr: up, annotations: {x: y}}"), "groups[0].rules[0]: invalid field 'annotations' in recording rule"),
        (rule('{record: "a{b}", expr: up}'), "braces present in the recording rule name; should it be in expr?: a{b}"),
        (rule("{alert: a, expr: up, labels: {__name__: x}}"), "groups[0].rules[0].labels.__name__: invalid label name: __name__"),
        (rule('{alert: a, expr: up, annotations: {x: "{{ $label.job }}"}}'), "annotation 'x': undefined variable \"$label\""),
        (rule('{alert: a, expr: up, labels: {x: "{{ foo }}"}}'), "label 'x': function \"foo\" not defined"),
        (rule("{alert: a, expr: up, for: soon}"), "groups[0].rules[0].for: not a valid duration: 'soon'"),
        (rule("{alert: a, expr: up, no_data: maybe}"), "groups[0].rules[0].no_data: expected 'keep', 'alert' or 'resolve'"),
        (
            rule("{alert: a, expr: up}") + "      - {alert: a, expr: up}\n",
            "f.yml:5: groups[0].rules[1]: the same rule stands in line 4",
        ),
        ("groups:\n  - name: [\n", "not valid YAML"),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    file, problems = parse_rules(text, "f.yml")
    assert file is None
    assert problem in "\n".join(map(str, problems))


def test_all_mistakes_are_told_at_once() -> None:
    _, problems = parse_rules(rule("{record: a, expr: up(}") + "      - {alert: b, expr: up, for: x}\n", "f.yml")
    assert [problem.line for problem in problems] == [4, 5]


def test_files_are_found_by_patterns(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yml", "c.txt"):
        (tmp_path / name).write_text("groups: []")
    found, missing = find_rule_files(["*.yml", "a.yml", "none.yml", "x*.yml", str(tmp_path / "c.txt")], tmp_path)
    assert [path.name for path in found] == ["a.yml", "b.yml", "c.txt"]
    assert missing == ["none.yml"]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_bytes(b"\xff\xfe")
    assert "not a text file" in str(read_rule_file(path)[1][0])
    assert "can't be read" in str(read_rule_file(tmp_path / "none")[1][0])


def test_what_comes_with_us_is_valid_and_says_all_that_an_alert_needs() -> None:
    rules = [rule for file in shipped_rules() for group in file.groups(Defaults()) for rule in group.rules]
    assert len({rule.name for rule in rules}) == len(rules) == 14
    for found in rules:
        assert isinstance(found, AlertingRule)
        assert found.hold_ms >= 60_000
        assert found.labels.keys() >= {"severity", "layer", "subject"}
        assert found.annotations.keys() >= {"summary", "impact", "action", "runbook", "dashboard_url"}
