"""A day that is over: its clock, and a store whose samples of that day are sealed and merged on demand."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.partitions import BLOCK_HOURS, DAY_HOURS
from fusewatch.storage.store import MetricStore

STEP_MS = 15_000
STEPS = 86_400_000 // STEP_MS
#: A Monday, 00:00 UTC, in hours since the epoch.
DAY = 1_790_553_600_000 // 3_600_000


@dataclass
class NextDay:
    """The morning after."""

    now: int = (DAY + 30) * 3_600_000

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self.now

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()


@contextmanager
def open_store(folder: Path) -> Iterator[MetricStore]:
    """A store that keeps everything, closed when the block ends; it logs nothing but trouble."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings = StorageSettings.model_validate({"retention": {"metrics": 0}})
    store = MetricStore.open(settings, folder, clock=NextDay())
    try:
        yield store
    finally:
        store.close()


def commit(store: MetricStore) -> None:
    """What is in the log becomes rows."""
    store._parts.committer.commit_all()  # noqa: SLF001


def seal(store: MetricStore) -> None:
    """The day's rows become chunks of two hours."""
    for block in range(DAY, DAY + DAY_HOURS, BLOCK_HOURS):
        store._sealer.seal_block(block)  # noqa: SLF001


def merge(store: MetricStore) -> None:
    """The chunks become those of a day."""
    store._sealer.merge_day(DAY)  # noqa: SLF001


def sizes(store: MetricStore, table: str) -> tuple[int, int, int]:
    """Bytes on disk in all, of values and of shared timestamps as pcodec leaves them."""
    with store._parts.pool.handle() as handle:  # noqa: SLF001
        (disk,) = handle.rows(f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '{table}'")[0]
        if table != "chunks":
            return int(disk), 0, 0
        values, times = handle.rows(f"SELECT sumIf(length(data), metric != 0), sumIf(length(data), metric = 0) FROM {table}")[0]
    return int(disk), int(values), int(times)
