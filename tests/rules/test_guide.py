"""The alerts that come with us do what the operators' guide means: each fires, is over, and keeps quiet about blips and want of traffic.

The files are unit tests in the form of ``promtool test rules``, which runs them too.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.rules.evaluating import MINUTE, World

from fusewatch.cli.check import check
from fusewatch.rules.alert_state import Held
from fusewatch.rules.shipped import shipped_rules
from fusewatch.rules.unit_tests.run import read_test_file

FILES = sorted((Path(__file__).parent / "guide").glob("*.yml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_guides_alerts(file: Path) -> None:
    result = CliRunner().invoke(check, ["--test", str(file)])
    assert result.exit_code == 0, result.output


def test_promtool_agrees() -> None:
    files = [str(file) for file in FILES]
    done = subprocess.run(["promtool", "test", "rules", *files], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_shown_firing_and_quiet() -> None:
    fired: set[str] = set()
    quiet: set[str] = set()
    for file in FILES:
        config, _, problems = read_test_file(file)
        assert config is not None, problems
        for test in config.tests:
            fired |= {expected.alertname for expected in test.alert_rule_test if expected.exp_alerts}
            quiet |= {expected.alertname for expected in test.alert_rule_test if not expected.exp_alerts}
    names = {rule.alert for file in shipped_rules()[:1] for group in file.config.groups for rule in group.rules}
    assert len(names) == 13
    assert fired == quiet == names


def test_a_job_whose_targets_are_all_gone_is_noticed() -> None:
    presence = shipped_rules()[1]
    text = (Path(__file__).parents[2] / "src/fusewatch/rules/shipped" / Path(presence.path).name).read_text()
    world = World(text)
    world.load(MINUTE, 'up{job="a", instance="1"} 1 1 1 stale', 'up{job="b", instance="1"} 1x20', start=0)
    world.evaluate(*range(9))
    (alert,) = world.run.rules[0].alerting.active()
    assert (alert.labels["job"], alert.state, alert.held) == ("a", "firing", Held.NO_DATA)
    assert alert.no_data_since == 2 * MINUTE
    assert alert.annotations["summary"] == "a is gone: none of its targets is known any more"
