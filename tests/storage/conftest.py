"""A store in a folder of its own, and the words to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import SampleBatch

#: A Monday, 00:00 UTC.
NOW = 1_790_553_600_000
HOUR = 3_600_000
DAY = 24 * HOUR


class ManualClock:
    """Time that stands still until it is moved."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


OpenStore = Callable[..., MetricStore]


@pytest.fixture
def open_store(tmp_path: Path, clock: ManualClock) -> Iterator[OpenStore]:
    """Opens the store in one folder of this test; what is still open at the end is closed."""
    opened: list[MetricStore] = []

    def open_it(folder: Path = tmp_path / "data", **settings: object) -> MetricStore:
        opened.append(MetricStore.open(StorageSettings.model_validate(settings), folder, clock=clock))
        return opened[-1]

    yield open_it
    for store in opened:
        store.abandon()


@pytest.fixture
def store(open_store: OpenStore) -> MetricStore:
    return open_store()


def write(store: MetricStore, samples: Mapping[Labels, Mapping[int, float]]) -> None:
    """Writes samples given as series -> timestamp -> value, and waits until they are acknowledged."""
    rows = [(labels.id, timestamp, value) for labels, points in samples.items() for timestamp, value in points.items()]
    ids, timestamps, values = zip(*rows, strict=True)
    batch = SampleBatch(
        np.array(ids, np.uint64), np.array(timestamps, np.int64), np.array(values, np.float64), {labels.id: labels for labels in samples}
    )
    asyncio.run(store.write(batch))


def commit(store: MetricStore) -> None:
    """Brings everything that waits into ClickHouse."""
    store._parts.committer.commit_all()
