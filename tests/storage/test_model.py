"""Random operations against dicts: whatever happens to the store, a read equals what was acknowledged."""

from __future__ import annotations

import asyncio
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from structlog.testing import capture_logs
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import DAY, HOUR, ManualClock
from tests.storage.model import GENERAL, OWN, ROLLED, Model, Samples, over_time
from tests.storage.reading import FOREVER
from tests.storage.rolled import points
from tests.storage.strategies import RolledQuery, ages, batches, rolled_queries, sample_of, selectors

from fusewatch.promql.engine import Engine
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
from fusewatch.telemetry.matchers import Matcher, MatchOp, match_all
from fusewatch.telemetry.ports import Budget, SamplesRejectedError
from fusewatch.telemetry.rollups import FIVE_MINUTES, ONE_HOUR
from fusewatch.telemetry.samples import HistogramRows, SampleBatch, SeriesSet

EXAMPLES = int(os.environ.get("FUSEWATCH_MODEL_EXAMPLES", "8"))
STEPS = int(os.environ.get("FUSEWATCH_MODEL_STEPS", "25"))
RETENTION = {
    "metrics": f"{GENERAL}ms",
    "per_metric": {name: f"{lifetime}ms" for name, lifetime in OWN.items()},
    "rollups_5m": f"{ROLLED[FIVE_MINUTES]}ms",
    "rollups_1h": f"{ROLLED[ONE_HOUR]}ms",
}
LONGEST = max(GENERAL, *OWN.values())


class StoreMachine(RuleBasedStateMachine):
    @initialize(fsync=st.booleans(), commit_rows=st.sampled_from([5, 500]), head=st.sampled_from([0, 1000, 1 << 20]), rows=batches)
    def start(self, fsync: bool, commit_rows: int, head: int, rows: list[tuple[Labels, int, int | bytes]]) -> None:
        self.work = tempfile.TemporaryDirectory()
        self.folder = Path(self.work.name)
        self.target = open_target(str(self.folder / "target"), create=True)
        self.backups: dict[str, Model] = {}
        self.clock = ManualClock()
        self.model = Model(self.clock.now)
        varied = {"fsync": fsync, "commit_rows": commit_rows, "head": head}
        self.settings = StorageSettings.model_validate({"retention": RETENTION, "queue": "1MB", **varied})
        self.data = self.folder / "data"
        self.open()
        self.write(rows)

    def open(self) -> None:
        self.store = MetricStore.open(self.settings, self.data, clock=self.clock)

    # Writing --------------------------------------------------------------------------------------------------------------------

    @rule(rows=batches)
    def write(self, rows: list[tuple[Labels, int, int | bytes]]) -> None:
        self.send([(labels, self.clock.now - age, sample) for labels, age, sample in rows])

    @precondition(lambda self: self.model.keys())
    @rule(which=st.integers(0, 1 << 16), data=st.data())
    def overwrite(self, which: int, data: st.DataObject) -> None:
        labels, time, kind = self.model.keys()[which % len(self.model.keys())]
        self.send([(labels, time, data.draw(sample_of(kind, labels)))])

    def send(self, rows: Sequence[tuple[Labels, int, int | bytes]]) -> None:
        floats = [(labels.id, time, sample) for labels, time, sample in rows if isinstance(sample, int)]
        batch = SampleBatch(
            np.array([series for series, _, _ in floats], np.uint64),
            np.array([time for _, time, _ in floats], np.int64),
            np.array([bits for _, _, bits in floats], np.uint64).view(np.float64),
            {labels.id: labels for labels, _, _ in rows},
            HistogramRows.of([(labels.id, time, sample) for labels, time, sample in rows if isinstance(sample, bytes)]),
        )
        if old := sum(time < self.clock.now - LONGEST for _, time, _ in rows):
            with pytest.raises(SamplesRejectedError) as caught:
                asyncio.run(self.store.write(batch))
            assert caught.value.rejected == old
        else:
            asyncio.run(self.store.write(batch))
        for labels, time, sample in rows:
            self.model.write(labels, time, sample)

    # Working --------------------------------------------------------------------------------------------------------------------

    @rule(everything=st.booleans())
    def commit(self, everything: bool = True) -> None:
        committer = self.store._parts.committer
        committer.commit_all() if everything else committer.commit_oldest()

    @rule(age=ages)
    def seal(self, age: int) -> None:
        self.store._sealer.seal_block(self.block(age))

    @rule(age=ages, committed=st.booleans())
    def merge(self, age: int, committed: bool) -> None:
        if committed:
            self.commit()
        self.merging(lambda: self.store._sealer.merge_day(day_of(self.block(age))))

    @rule()
    def commit_and_merge_every_day(self) -> None:
        self.commit()
        for day in self.store._deletion._days():
            self.merging(lambda day=day: self.store._sealer.merge_day(day))

    @rule()
    def seal_and_merge_what_is_due(self) -> None:
        self.store._sealer.seal_due()
        self.merging(self.store._sealer.merge_due)

    @rule(matchers=selectors, old=ages, young=ages, query=rolled_queries)
    def delete(self, matchers: list[Matcher], old: int, young: int, query: RolledQuery) -> None:
        self.delete_from(matchers, self.clock.now - old, self.clock.now - young)
        self.read_through_rollups(query)

    @rule(k=st.sampled_from(["1", "2"]))
    def delete_all_of_some(self, k: str) -> None:
        self.delete_from([Matcher("k", MatchOp.EQUAL, k)], *FOREVER)

    def delete_from(self, matchers: list[Matcher], start: int, end: int) -> None:
        self.store.delete_series([matchers], start, end)
        self.model.delete(lambda labels: match_all(matchers, labels), start, end)

    @rule(query=rolled_queries)
    def clean_tombstones(self, query: RolledQuery) -> None:
        self.merging(self.store.clean_tombstones)
        assert not len(self.store._parts.graveyard.current)
        self.model.clean()
        self.read_through_rollups(query)

    def merging(self, work: Callable[[], object]) -> None:
        """Does something that may merge days: which, is the store's own business."""
        self.store._follower.catch_up()
        settled = self.store._follower.waiting_rows == 0
        with capture_logs() as logs:
            work()
        for entry in logs:
            if entry["event"] == "merged a day of samples":
                self.model.merge(entry["day"] * HOUR, settled=settled)

    def block(self, age: int) -> int:
        hour = (self.clock.now - age) // HOUR
        return hour - hour % BLOCK_HOURS

    # Time, crashes, backups -----------------------------------------------------------------------------------------------------

    @rule(hours=st.integers(1, 40) | st.integers(2, 4).map(lambda days: days * 24), merged=st.booleans(), query=rolled_queries)
    def time_passes(self, hours: int, merged: bool, query: RolledQuery) -> None:
        """Most days are merged before their samples are over, and then their roll-ups are all that is left."""
        if merged:
            self.commit_and_merge_every_day()
        self.clock.now += hours * HOUR
        self.let_retention_work()
        self.read_through_rollups(query)

    def let_retention_work(self) -> None:
        self.store._retention.apply()
        self.model.now = self.clock.now
        self.model.expire()

    @rule(how=st.sampled_from(["closed", "crashed", "crashed in a seal"]), age=ages)
    def start_again(self, how: str, age: int) -> None:
        if how == "crashed in a seal":
            blocks = self.store._sealer._blocks
            blocks.write(self.block(age), blocks.begin([self.block(age)]))
        self.store.close() if how == "closed" else self.store.abandon()
        self.open()

    @rule()
    def back_up(self) -> None:
        self.backups[back_up(self.store, self.target).id] = self.model.copy()

    @precondition(lambda self: len(self.backups) > 1)
    @rule()
    def forget_old_backups(self) -> None:
        kept = prune(self.target, Keep(last=2), clock=SystemClock()).kept
        self.backups = {backup: self.backups[backup] for backup in kept}
        assert verify(self.target, find_backups(self.target), progress=Progress()) == []

    @precondition(lambda self: self.backups)
    @rule(which=st.integers(0, 9), query=rolled_queries)
    def go_on_with_a_restored_backup(self, which: int, query: RolledQuery) -> None:
        self.store.abandon()
        backup = sorted(self.backups)[which % len(self.backups)]
        self.data = Path(tempfile.mkdtemp(dir=self.folder)) / "data"
        bring_back(self.target, self.data, backup=backup)
        self.open()
        self.model = self.backups[backup].copy()
        self.let_retention_work()
        self.read_through_rollups(query)

    # Reading --------------------------------------------------------------------------------------------------------------------

    @rule(matchers=selectors, old=ages, young=ages)
    def read(self, matchers: list[Matcher], old: int, young: int) -> None:
        self.check(matchers, self.clock.now - old, self.clock.now - young)
        self.check(matchers, *FOREVER)

    @rule(query=rolled_queries)
    def read_rollups(self, query: RolledQuery) -> None:
        self.read_through_rollups(query)

    @invariant()
    def every_read_equals_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        self.check([], *FOREVER)
        self.check([], self.clock.now - DAY, self.clock.now - 3)
        assert self.model.read().keys() <= set(self.store.series([], *FOREVER, 0))

    def check(self, matchers: list[Matcher], start: int, end: int) -> None:
        found = contents(self.store.fetch(matchers, start, end, Budget()))
        assert found == self.model.read(lambda labels: match_all(matchers, labels), start, end)

    def read_through_rollups(self, query: RolledQuery) -> None:
        ends, behind = query.ends(self.clock.now), self.model.through_rollups(query.metric, query.resolution)
        if behind is None:
            return
        found = points(Engine(self.store).range(query.text, ends[0], ends[-1], HOUR))
        for k in ("1", "2"):
            shown = next((one for text, one in found.items() if f'k="{k}"' in text), {})
            assert shown == pytest.approx(self.expected(query, behind, k)), query

    def expected(self, query: RolledQuery, behind: dict[Labels, dict[int, int]], k: str) -> dict[int, float | str]:
        floats = behind.get(Labels({"__name__": query.metric, "k": k}), {})
        out: dict[int, float | str] = {}
        for end in query.ends(self.clock.now):
            value = over_time(query.function, {time: bits for time, bits in floats.items() if end - query.range_ms < time <= end})
            if value is not None:
                out[end] = "NaN" if math.isnan(value) else value
        return out

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.abandon()
            self.work.cleanup()


def contents(found: SeriesSet) -> dict[Labels, Samples]:
    """The floats' bits and the histograms' bodies by series and time; a timestamp that comes twice fails."""
    out: dict[Labels, Samples] = {}
    for k, labels in enumerate(found.labels):
        rows = slice(found.offsets[k], found.offsets[k + 1])
        times, samples = found.timestamps[rows].tolist(), found.values[rows].view(np.uint64).tolist()
        if (there := found.histograms) is not None:
            for row in range(there.offsets[k], there.offsets[k + 1]):
                times.append(int(there.timestamps[row]))
                samples.append(there.bodies[there.ends[row] : there.ends[row + 1]].tobytes())
        out[labels] = dict(zip(times, samples, strict=True))
        assert len(out[labels]) == len(times), labels
    return out


# A long run finds other examples each time.
StoreMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize="FUSEWATCH_MODEL_EXAMPLES" not in os.environ
)
TestWhateverHappensAReadEqualsWhatWasAcknowledged = pytest.mark.timeout(120 + 60 * EXAMPLES)(StoreMachine.TestCase)
