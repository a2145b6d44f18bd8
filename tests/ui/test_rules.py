"""The page Rules: what fires, what fails, what has nothing to judge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.running import RunningServer
from tests.ui.conftest import OpenPage

CONFIG = "global: {evaluation_interval: 1s}\nhost: {interval: 1s}\nrule_files: [rules.yml]\nrules: {shipped: false}\n"
RULES = """
groups:
  - name: own
    rules:
      - alert: There
        expr: avg by (instance) (node_cpu_usage) >= 0
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} is there", action: Look at it}
      - {alert: Nobody, expr: nothing_at_all > 1}
      - {alert: Wrong, expr: node_cpu_usage * on () group_left () node_cpu_usage > 1}
      - {record: copied, expr: node_cpu_usage}
"""


def states(server: RunningServer) -> set[str]:
    return {rule["state"] for rule in server.json("/api/fusewatch/v1/rules")["rules"]}


@pytest.mark.timeout(240)
def test_rules_say_what_fires_and_what_to_do(open_page: OpenPage, tmp_path: Path):
    (tmp_path / "rules.yml").write_text(RULES)
    with RunningServer(tmp_path / "data", config=CONFIG) as server:
        server.wait_for(lambda: states(server) >= {"firing", "failing", "no data"})
        page = open_page("/rules", url=server.url)
        table = page.get_by_role("table", name="Rules")
        for place, name in enumerate(["There", "Wrong", "Nobody", "copied"], 1):
            expect(table.get_by_role("row").nth(place)).to_contain_text(name)

        table.get_by_role("row", name="1 firing There").click()
        drawer = page.get_by_role("dialog")
        alerts = drawer.get_by_role("list", name="Alerts")
        expect(alerts.get_by_text("is there")).to_be_visible()
        expect(alerts.get_by_text("Look at it")).to_be_visible()
        expect(alerts.get_by_text(re.compile("Fires since"))).to_be_visible()
        expect(page).to_have_url(re.compile("open="))
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)

        page.get_by_role("radio", name="failing 1").click()
        expect(table.get_by_role("row", name="failing Wrong")).to_be_visible()
        expect(table.get_by_role("row", name="1 firing There")).to_have_count(0)
        page.goto(server.url + "/rules?find=severity%3Dpage")
        expect(table.get_by_role("row", name="1 firing There")).to_be_visible()
        expect(table.get_by_role("row", name="Nobody")).to_have_count(0)

        page.goto(server.url + "/")
        wrong = page.get_by_role("region", name="What is wrong right now")
        expect(wrong.get_by_text("is there")).to_be_visible()
        wrong.get_by_role("link", name="Look into it").first.click()
        expect(page).to_have_url(re.compile("/rules.*find=There"))
        page.close()  # before its server, which it would miss
