from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.running import RunningServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that watches this machine, shared by all tests of a run: ``server.url``, ``server.data``; see tests/running.py."""
    with RunningServer(tmp_path_factory.mktemp("server") / "data") as running:
        yield running
