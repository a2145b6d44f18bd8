from __future__ import annotations

import pytest
from tests.api.fusewatch.own import running


@pytest.fixture
def own():
    with running() as served:
        yield served
