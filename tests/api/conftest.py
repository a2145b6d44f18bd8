from __future__ import annotations

import pytest
from tests.api.serving import Served, memory_services


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def served():
    """Prometheus' API over a store in memory, at a time that stands still."""
    services = memory_services()
    try:
        yield Served(services)
    finally:
        services.pool.close()
