from __future__ import annotations

from tests.storage.conftest import clock, open_store, store

__all__ = ["anyio_backend", "clock", "open_store", "store"]

import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"
