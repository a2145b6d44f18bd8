"""Rules of a running server: on real samples, over a reload, over a crash."""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from tests.running import RunningServer

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
