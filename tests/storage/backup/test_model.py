"""Random operations between backups against a dict: each backup, restored, is what was acknowledged when it was made."""

from __future__ import annotations

import asyncio
import shutil
import struct
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import DAY, ManualClock
from tests.storage.reading import FOREVER

from fusewatch.storage.backup.catalog import find_backups
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.pruning import Keep, prune
from fusewatch.storage.backup.target import open_target
from fusewatch.storage.backup.verifying import verify
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.partitions import BLOCK_HOURS, day_of
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import STALE_BITS, SampleBatch

SERIES = [Labels({"__name__": name, "k": k}) for name in ("a", "b") for k in ("1", "2")]
SETTINGS = StorageSettings.model_validate({"retention": {"metrics": "3d"}, "commit_rows": 5})
patterns = st.sampled_from([0, STALE_BITS, 0x7FF8000000000001]) | st.integers(0, (1 << 64) - 1)
ages = st.integers(0, 10) | st.integers(0, 2).map(lambda days: days * DAY)
batches = st.lists(st.tuples(st.sampled_from(SERIES), ages, patterns), min_size=1, max_size=12)
Model = dict[tuple[Labels, int], int]


def contents(store: MetricStore) -> Model:
    found = store.fetch([], *FOREVER, Budget())
    return {
        (labels, int(found.timestamps[row])): struct.unpack("<Q", found.values[row : row + 1].tobytes())[0]
        for k, labels in enumerate(found.labels)
        for row in range(found.offsets[k], found.offsets[k + 1])
    }


class BackupMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.target = open_target(str(self.folder / "target"), create=True)
        self.model: Model = {}
        self.backups: dict[str, tuple[int, Model]] = {}
        self.data = self.folder / "data"
        self.open()

    def open(self) -> None:
        self.store = MetricStore.open(SETTINGS, self.data, clock=self.clock)

    @rule(rows=batches)
    def write(self, rows: list[tuple[Labels, int, int]]) -> None:
        batch = SampleBatch(
            np.array([labels.id for labels, _, _ in rows], np.uint64),
            np.array([self.clock.now - age for _, age, _ in rows], np.int64),
            np.array([bits for _, _, bits in rows], np.uint64).view(np.float64),
            {labels.id: labels for labels, _, _ in rows},
        )
        asyncio.run(self.store.write(batch))
        self.model |= {(labels, self.clock.now - age): bits for labels, age, bits in rows}

    @rule(age=ages)
    def seal(self, age: int) -> None:
        hour = (self.clock.now - age) // 3_600_000
        self.store._sealer.seal_block(hour - hour % BLOCK_HOURS)

    @rule(age=ages)
    def merge(self, age: int) -> None:
        self.store._sealer.merge_day(day_of((self.clock.now - age) // 3_600_000))

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.clock.now += hours * 3_600_000
        self.store._retention.apply()
        self.model = {key: bits for key, bits in self.model.items() if key[1] >= self.clock.now - 3 * DAY}

    @rule()
    def crash(self) -> None:
        self.store.abandon()
        self.open()

    @rule()
    def back_up(self) -> None:
        manifest = back_up(self.store, self.target)
        self.backups[manifest.id] = self.clock.now, dict(self.model)

    @precondition(lambda self: len(self.backups) > 1)
    @rule()
    def forget_old_backups(self) -> None:
        pruned = prune(self.target, Keep(last=2), clock=SystemClock())
        self.backups = {backup: self.backups[backup] for backup in pruned.kept}
        assert verify(self.target, find_backups(self.target), progress=Progress()) == []

    @precondition(lambda self: self.backups)
    @rule(chance=st.randoms(use_true_random=False))
    def go_on_with_a_restored_backup(self, chance) -> None:
        self.store.abandon()
        backup = chance.choice(sorted(self.backups))
        self.clock.now, model = self.backups[backup]
        self.model = dict(model)
        self.data = self.folder / f"restored-{chance.random()}"
        bring_back(self.target, self.data, backup=backup)
        self.open()
        assert contents(self.store) == self.model

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.abandon()
            shutil.rmtree(self.folder)


BackupMachine.TestCase.settings = settings(max_examples=5, stateful_step_count=20, deadline=None, derandomize=True)
TestARestoredBackupIsWhatWasAcknowledgedWhenItWasMade = BackupMachine.TestCase
