"""Writes to a store as fast as it answers, and tells each acknowledged number; killed from outside. Importing it prepares the kernels."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from tests.storage.conftest import NOW

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import SampleBatch

SERIES = [Labels({"__name__": "numbers", "n": str(k)}) for k in range(10)]
SETTINGS = StorageSettings.model_validate({"commit_rows": 300, "commit_interval": "100ms", "retention": {"metrics": 0}, "future": "100y"})

MetricStore.warm()


def batch(number: int) -> SampleBatch:
    """Sample ``number`` of each series; every hundredth batch brings a new series."""
    series = [*SERIES, Labels({"__name__": "numbers", "n": f"late {number // 100}"})]
    ids = np.array([labels.id for labels in series], np.uint64)
    return SampleBatch(ids, np.full(len(ids), NOW + number), np.full(len(ids), float(number)), {labels.id: labels for labels in series})


async def _write(store: MetricStore, first: int, acknowledged: Connection) -> None:
    working = asyncio.gather(*(component.run() for component in store.components()))
    for number in range(first, first + 1_000_000):
        await store.write(batch(number))
        acknowledged.send(number)
        await asyncio.sleep(0)
    await working


def write_until_killed(folder: Path, first: int, acknowledged: Connection) -> None:
    """Writes numbers from ``first`` on."""
    store = MetricStore.open(SETTINGS, folder)
    asyncio.run(_write(store, first, acknowledged))
