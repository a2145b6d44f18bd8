"""Writes, seals, merges, deletes and backs up in an order that only the number of each step decides; killed from outside. Importing it
prepares the kernels."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from tests.storage.backup.conftest import back_up
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock

from fusewatch.storage.backup.target import open_target
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.partitions import BLOCK_HOURS
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.samples import SampleBatch

SERIES = [Labels({"__name__": f"m{k % 3}", "k": str(k)}) for k in range(12)]
SETTINGS = StorageSettings.model_validate({"retention": {"metrics": 0}, "commit_rows": 200})
#: Few enough that steps meet each other.
TIMES = [NOW + k * HOUR // 2 for k in range(2 * 26)]
Model = dict[tuple[str, int], float]
#: Where backups go, beside the data folder.
TARGET = "target"

MetricStore.warm()


@dataclass(frozen=True)
class Step:
    """What the number of a step makes of the store, and of a model of it (value by series and timestamp)."""

    number: int

    @property
    def chance(self) -> random.Random:
        return random.Random(self.number)

    @property
    def kind(self) -> str:
        return self.chance.choices(["write", "commit", "seal", "merge", "delete", "clean", "back up"], [8, 3, 4, 3, 2, 2, 1])[0]

    def keys(self) -> list[tuple[int, int]]:
        """Which series and timestamps a write or a deletion concerns."""
        chance = self.chance
        chance.random()
        if self.kind == "write":
            return [(chance.randrange(len(SERIES)), chance.choice(TIMES)) for _ in range(60)]
        k, start, size = chance.randrange(len(SERIES)), chance.randrange(len(TIMES)), chance.randrange(1, 20)
        times = TIMES if chance.random() < 0.4 else TIMES[start : start + size]
        return [(k, time) for time in times]

    def do(self, store: MetricStore) -> None:
        getattr(self, "_" + self.kind.replace(" ", "_"))(store)

    def model(self, model: Model) -> None:
        if self.kind in {"write", "delete"}:
            for k, time in self.keys():
                if self.kind == "write":
                    model[SERIES[k]["k"], time] = float(self.number)
                else:
                    model.pop((SERIES[k]["k"], time), None)

    def _write(self, store: MetricStore) -> None:
        rows = self.keys()
        ids, times = np.array([SERIES[k].id for k, _ in rows], np.uint64), np.array([time for _, time in rows])
        asyncio.run(store.write(SampleBatch(ids, times, np.full(len(rows), float(self.number)), {one.id: one for one in SERIES})))

    def _commit(self, store: MetricStore) -> None:
        store._parts.committer.commit_all()

    def _seal(self, store: MetricStore) -> None:
        store._sealer.seal_block(NOW // HOUR + BLOCK_HOURS * self.chance.randrange(13))

    def _merge(self, store: MetricStore) -> None:
        store._sealer.merge_day(NOW // HOUR + 24 * self.chance.randrange(2))

    def _delete(self, store: MetricStore) -> None:
        rows = self.keys()
        store.delete_series([[Matcher("k", MatchOp.EQUAL, SERIES[rows[0][0]]["k"])]], rows[0][1], rows[-1][1])

    def _clean(self, store: MetricStore) -> None:
        store.clean_tombstones()

    def _back_up(self, store: MetricStore) -> None:
        """With a seal and a merge beside it."""
        target = open_target(str(store.freezer().data_dir.parent / TARGET), create=True)
        backup = threading.Thread(target=back_up, args=(store, target), kwargs={"notes": str(self.number).encode() * 2000}, daemon=True)
        backup.start()
        self._seal(store)
        self._merge(store)
        backup.join()


def work_until_killed(folder: Path, first: int, told: Connection) -> None:
    """Tells each step's number before and after it."""
    store = MetricStore.open(SETTINGS, folder, clock=ManualClock(NOW + 3 * DAY))
    for number in range(first, first + 1_000_000):
        told.send(number)
        Step(number).do(store)
        told.send(number)
