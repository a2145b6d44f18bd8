from __future__ import annotations

import pytest

from fusewatch.ingest.warming import warm_otlp as warm


@pytest.fixture(scope="session", autouse=True)
def _warm_kernels() -> None:
    """A first compilation takes longer than an exporter waits for its answer."""
    warm()
