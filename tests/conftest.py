from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.running import RunningServer

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that watches this machine, shared by all tests of a run: ``server.url``, ``server.data``; see tests/running.py."""
    with RunningServer(tmp_path_factory.mktemp("server") / "data") as running:
        yield running
