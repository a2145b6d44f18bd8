"""Random operations against a dict: whatever happens to the store, a read equals what was acknowledged."""

from __future__ import annotations

import asyncio
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.storage.conftest import DAY, ManualClock
from tests.storage.reading import FOREVER

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.partitions import BLOCK_HOURS, day_of
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import Budget, SamplesRejectedError
from fusewatch.telemetry.samples import STALE_BITS, SampleBatch

SERIES = [Labels({"__name__": name, "k": k}) for name in ("a", "b") for k in ("1", "2")]
RETENTION = 3 * DAY
patterns = st.sampled_from([0, 1, STALE_BITS, 0x7FF8000000000001]) | st.integers(0, (1 << 64) - 1)
#: Times around now and around the edge of the retention, few enough to meet each other.
ages = st.integers(0, 10) | st.integers(0, 3).map(lambda days: days * DAY) | st.integers(RETENTION - 5, RETENTION + 5)
batches = st.lists(st.tuples(st.sampled_from(SERIES), ages, patterns), min_size=1, max_size=12)


class StoreMachine(RuleBasedStateMachine):
    @initialize(fsync=st.booleans(), commit_rows=st.sampled_from([5, 500]))
    def start(self, fsync: bool, commit_rows: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.settings = StorageSettings.model_validate(
            {"retention": {"metrics": "3d"}, "fsync": fsync, "commit_rows": commit_rows, "queue": "1MB"}
        )
        self.model: dict[tuple[Labels, int], int] = {}
        self.open()

    def open(self) -> None:
        self.store = MetricStore.open(self.settings, Path(self.folder.name), clock=self.clock)

    @rule(rows=batches)
    def write(self, rows: list[tuple[Labels, int, int]]) -> None:
        times = [self.clock.now - age for _, age, _ in rows]
        batch = SampleBatch(
            np.array([labels.id for labels, _, _ in rows], np.uint64),
            np.array(times, np.int64),
            np.array([bits for _, _, bits in rows], np.uint64).view(np.float64),
            {labels.id: labels for labels, _, _ in rows},
        )
        if old := sum(age > RETENTION for _, age, _ in rows):
            with pytest.raises(SamplesRejectedError) as caught:
                asyncio.run(self.store.write(batch))
            assert caught.value.rejected == old
        else:
            asyncio.run(self.store.write(batch))
        for (labels, age, bits), time in zip(rows, times, strict=True):
            if age <= RETENTION:
                self.model[labels, time] = bits

    @rule()
    def commit(self) -> None:
        self.store._parts.committer.commit_all()

    @rule()
    def commit_one_segment(self) -> None:
        self.store._parts.committer.commit_oldest()

    @rule(age=ages)
    def seal(self, age: int) -> None:
        hour = (self.clock.now - age) // 3_600_000
        self.store._sealer.seal_block(hour - hour % BLOCK_HOURS)

    @rule(age=ages)
    def merge(self, age: int) -> None:
        self.store._sealer.merge_day(day_of((self.clock.now - age) // 3_600_000))

    @rule()
    def seal_and_merge_what_is_due(self) -> None:
        self.store._sealer.seal_due()
        self.store._sealer.merge_due()

    @rule(labels=st.sampled_from(SERIES), old=ages, young=ages)
    def delete(self, labels: Labels, old: int, young: int) -> None:
        start, end = self.clock.now - old, self.clock.now - young
        self.store.delete_series([[Matcher(name, MatchOp.EQUAL, value) for name, value in labels.items()]], start, end)
        self.forget(labels, start, end)

    @rule(labels=st.sampled_from(SERIES))
    def delete_all_of_it(self, labels: Labels) -> None:
        self.store.delete_series([[Matcher("k", MatchOp.EQUAL, labels["k"])]], *FOREVER)
        for other in SERIES:
            if other["k"] == labels["k"]:
                self.forget(other, *FOREVER)

    def forget(self, labels: Labels, start: int, end: int) -> None:
        self.model = {key: bits for key, bits in self.model.items() if key[0] != labels or not start <= key[1] <= end}

    @rule()
    def clean_tombstones(self) -> None:
        self.store.clean_tombstones()
        assert not len(self.store._parts.graveyard.current)

    @rule(age=ages)
    def crash_in_a_seal(self, age: int) -> None:
        hour = (self.clock.now - age) // 3_600_000
        blocks = self.store._sealer._blocks
        cut = blocks.begin([hour - hour % BLOCK_HOURS])
        blocks.write(hour - hour % BLOCK_HOURS, cut)
        self.crash_and_start_again()

    @rule()
    def crash_and_start_again(self) -> None:
        self.store.abandon()
        self.open()

    @rule()
    def close_and_start_again(self) -> None:
        self.store.close()
        self.open()

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.clock.now += hours * 3_600_000
        self.store._retention.apply()
        oldest = self.clock.now - RETENTION
        self.model = {key: bits for key, bits in self.model.items() if key[1] >= oldest}

    @invariant()
    def every_read_equals_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        self.check(*FOREVER)
        self.check(self.clock.now - DAY, self.clock.now - 3)

        assert {labels for labels, _ in self.model} <= set(self.store.series([], *FOREVER, 0))

    def check(self, start: int, end: int) -> None:
        found = self.store.fetch([], start, end, Budget())
        rows = {
            (labels, int(found.timestamps[row])): found.values[row : row + 1].tobytes()
            for k, labels in enumerate(found.labels)
            for row in range(found.offsets[k], found.offsets[k + 1])
        }
        assert len(rows) == len(found.timestamps)
        assert rows == {key: struct.pack("<Q", bits) for key, bits in self.model.items() if start <= key[1] <= end}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.abandon()
            self.folder.cleanup()


StoreMachine.TestCase.settings = settings(max_examples=5, stateful_step_count=20, deadline=None, derandomize=True)
TestWhateverHappensAReadEqualsWhatWasAcknowledged = StoreMachine.TestCase
