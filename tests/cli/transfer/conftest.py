from __future__ import annotations

import pytest
from click.testing import CliRunner
from tests.running import RunningServer

from fusewatch.cli.main import fusewatch


@pytest.fixture(autouse=True)
def state_home(tmp_path, monkeypatch):
    """Where imports keep their state in this test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def run():
    """Runs the command line in this process: ``run("import", …)``; what it reads from standard input comes as ``input``."""

    def call(*arguments, **options):
        return CliRunner().invoke(fusewatch, [str(argument) for argument in arguments], **options)

    return call


@pytest.fixture(scope="session")
def quiet_server(tmp_path_factory):
    """A running server that collects nothing and keeps everything for 30 days."""
    with RunningServer(tmp_path_factory.mktemp("quiet") / "data", config="host: {enabled: false}\n") as running:
        yield running
