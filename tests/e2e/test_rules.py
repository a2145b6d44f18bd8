"""Rules of a running server: on real samples, over a reload, over a crash."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from click.testing import CliRunner
from tests.running import RunningServer

from fusewatch.cli.main import fusewatch

CONFIG = """
global: {evaluation_interval: 1s, external_labels: {cluster: test}}
host: {interval: 1s}
rule_files: [rules.yml]
rules: {shipped: false}
"""
RULES = """
groups:
  - name: own
    rules:
      - record: instance:cpu:avg
        expr: avg by (instance) (node_cpu_usage)
      - alert: There
        expr: instance:cpu:avg >= 0
        for: FOR
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} in {{ $externalLabels.cluster }}"}
"""


def state_of(server: RunningServer, name: str) -> str:
    """A rule's state, "" where there is none of that name."""
    rules = [rule for group in server.json("/api/v1/rules")["data"]["groups"] for rule in group["rules"] if rule["name"] == name]
    return rules[0]["state"] if rules else ""


def alert_of(server: RunningServer) -> dict[str, Any]:
    (alert,) = server.json("/api/v1/alerts")["data"]["alerts"]
    return alert


def reload(server: RunningServer) -> tuple[int, str]:
    """The code and the words of a reload."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{server.url}/-/reload", method="POST"), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_rules_are_evaluated_reloaded_and_survive_a_crash(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES.replace("FOR", "2s"))
    with RunningServer(tmp_path / "data", config=CONFIG) as server:
        server.wait_for(lambda: state_of(server, "There") == "firing")
        alert = alert_of(server)
        assert alert["annotations"]["summary"].endswith(" in test")
        recorded = server.json("/api/v1/query?query=instance:cpu:avg")["data"]["result"]
        assert [one["metric"]["instance"] for one in recorded] == [alert["labels"]["instance"]]

        rules.write_text(RULES.replace("expr: avg", "expr: avgg").replace("FOR", "2s"))
        code, words = reload(server)
        assert code != 200
        assert "rules.yml:" in words
        assert "could not parse expression" in words
        assert state_of(server, "There") == "firing"

        rules.write_text(RULES.replace("There", "Other").replace("FOR", "2s"))
        assert reload(server)[0] == 200
        server.wait_for(lambda: state_of(server, "Other") == "firing" and not state_of(server, "There"))
        # Its series is over, not five minutes later.
        assert [one["metric"]["alertname"] for one in server.json("/api/v1/query?query=ALERTS")["data"]["result"]] == ["Other"]

        before = alert_of(server)
        for process in psutil.Process(server.process.pid).children(recursive=True):
            os.kill(process.pid, signal.SIGKILL)
        server.wait_for(lambda: server.status("/-/ready") == 200 and state_of(server, "Other") == "firing")
        assert alert_of(server)["activeAt"][:19] == before["activeAt"][:19]


def test_a_rule_file_that_is_wrong_stops_the_start_and_says_where(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES.replace("avg by", "avgg by"))
    server = RunningServer(tmp_path / "data", config=CONFIG)
    assert server.wait() != 0
    output = server.output
    assert "rules.yml:6: groups[0].rules[0].expr: could not parse expression" in output


def test_recording_rules_are_evaluated_over_the_past(server: RunningServer, tmp_path: Path) -> None:
    now = int(time.time())
    start = now - 3 * 3600
    lines = [f'past_total{{shop="{shop}"}} {(t - start) * rate} {t}' for shop, rate in (("a", 1), ("b", 2)) for t in range(start, now, 60)]
    history = tmp_path / "history.txt"
    history.write_text("\n".join([*lines, "# EOF", ""]))
    runner = CliRunner()
    assert runner.invoke(fusewatch, ["import", "openmetrics", str(history), "--server", server.url]).exit_code == 0
    rules = tmp_path / "past.yml"
    rules.write_text(
        "groups:\n  - name: g\n    interval: 1m\n    rules:\n"
        "      - {record: 'past:rate', expr: 'rate(past_total[5m])', labels: {kind: filled}}\n"
        "      - {record: 'past:sum', expr: 'sum(past:rate)'}\n"
        "      - {alert: Past, expr: 'past:sum > 100'}\n"
    )
    result = runner.invoke(fusewatch, ["rules", "backfill", str(rules), "--start", "-2h", "--end", "-10m", "--server", server.url])
    assert result.exit_code == 0, result.output
    asked = {"start": str(now - 5400), "end": str(now - 1800), "step": "300"}
    (total,) = server.json("/api/v1/query_range?" + urllib.parse.urlencode({"query": "past:sum", **asked}))["data"]["result"]
    assert len(total["values"]) == 13
    assert all(abs(float(value) - 3) < 1e-6 for _, value in total["values"])
    parts = server.json("/api/v1/query_range?" + urllib.parse.urlencode({"query": "past:rate", **asked}))["data"]["result"]
    assert sorted((one["metric"]["shop"], one["metric"]["kind"]) for one in parts) == [("a", "filled"), ("b", "filled")]
