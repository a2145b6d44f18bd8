"""Whatever happens to the samples, roll-ups answer what they would."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, commit
from tests.storage.reading import FOREVER, matcher
from tests.storage.rolled import FUNCTIONS, MINUTE, SERIES, assert_same, both, write_day
from tests.storage.test_sealing import MONDAY, write_bits

from fusewatch.promql.engine import Engine, QueryOptions
from fusewatch.promql.rollups import RollupUse
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.samples import STALE_BITS

DAYS = 2
FIVE = 5 * MINUTE
SETTINGS = StorageSettings.model_validate({"retention": {"metrics": "10d"}})


@dataclass(frozen=True)
class Step:
    """Something that happens: ``kind``, to a day and series, at a time of that day (ms) and for so long, and what chance makes of it."""

    kind: str
    day: int
    series: int
    time: int
    length: int
    seed: int

    def do(self, store: MetricStore) -> None:
        getattr(self, "_" + self.kind)(store)

    def _merge(self, store: MetricStore) -> None:
        store._sealer.merge_day(MONDAY + 24 * self.day)

    def _seal(self, store: MetricStore) -> None:
        commit(store)
        store._sealer.seal_block(MONDAY + 24 * self.day + self.time // HOUR // 2 * 2)

    def _write(self, store: MetricStore) -> None:
        """Late samples, some of them on top of others, a quarter of them the end of the series."""
        random = np.random.default_rng(self.seed)
        times = np.unique(NOW + self.day * DAY + np.minimum(self.time + random.integers(0, self.length, 9) // 1000 * 1000, DAY - 1))
        bits = random.integers(0, 50, len(times)).astype(np.float64).view(np.uint64)
        bits[random.random(len(times)) < 0.25] = STALE_BITS
        write_bits(store, SERIES[self.series], times, bits)

    def _delete(self, store: MetricStore) -> None:
        start = NOW + self.day * DAY + self.time
        store.delete_series([[matcher(f"k={self.series}")]], start, start + self.length)

    def _delete_all(self, store: MetricStore) -> None:
        store.delete_series([[matcher(f"k={self.series}")]], *FOREVER)

    def _clean(self, store: MetricStore) -> None:
        store.clean_tombstones()


@dataclass(frozen=True)
class Query:
    """A function over windows (minutes) at every step (minutes), shifted by some seconds."""

    function: str
    window: int
    step: int
    offset: int
    shift: int

    @property
    def text(self) -> str:
        offset = f" offset {self.offset}m"
        return f"{self.function}(x_total[{self.window}m]{offset})" if self.function else f"x_total{offset}"

    @property
    def grid(self) -> tuple[int, int, int]:
        return NOW + HOUR + self.shift * 1000, NOW + DAYS * DAY, self.step * MINUTE

    @property
    def whole(self) -> tuple[int, int, int]:
        """Steps whose windows begin and end within days that have roll-ups, also when they are a little later."""
        return NOW + HOUR + (self.window + self.offset) // 60 * HOUR, NOW + DAYS * DAY - HOUR, HOUR


kinds = st.sampled_from(["merge", "merge", "merge", "seal", "write", "write", "delete", "delete_all", "clean"])
times, lengths = st.integers(0, DAY // MINUTE - 1).map(lambda minute: minute * MINUTE), st.sampled_from([MINUTE, FIVE, HOUR, 9 * HOUR])
steps = st.builds(Step, kinds, st.integers(0, DAYS - 1), st.integers(0, 3), times, lengths, st.integers(0, 99))
functions = st.sampled_from(["", *FUNCTIONS])
windows = st.sampled_from([4, 5, 7, 10, 60, 90, 120, 1440]) | st.integers(1, 300)
queries = st.builds(
    Query, functions, windows, st.sampled_from([5, 30, 60, 61, 720]), st.sampled_from([0, 0, 5, 60, 7]), st.sampled_from([0, 0, 0, 300, 77])
)


@pytest.mark.timeout(300)
@given(st.lists(steps, min_size=3, max_size=7), st.lists(queries, min_size=9, max_size=9), st.integers(0, 99))
@settings(max_examples=5, derandomize=True)
def test_every_answer_from_roll_ups_is_the_one_from_samples(steps: list[Step], queries: list[Query], seed: int) -> None:
    clock = ManualClock(NOW + DAYS * DAY + HOUR)
    with tempfile.TemporaryDirectory() as folder:
        store = MetricStore.open(SETTINGS, Path(folder), clock=clock)
        try:
            for day in range(DAYS):
                write_day(store, NOW + day * DAY, seed=seed + day, minutes=2)
            commit(store)
            store._sealer.merge_day(MONDAY)
            for number, step in enumerate(steps):
                step.do(store)
                query = queries[number]
                assert_same(*both(store, query.text, *query.grid))
            for query in queries:
                assert_same(*both(store, query.text, *query.grid))
            commit(store)
            for day in range(DAYS):
                store._sealer.merge_day(MONDAY + 24 * day)
            outlive(store, clock, queries)
        finally:
            store.abandon()


def outlive(store: MetricStore, clock: ManualClock, queries: list[Query]) -> None:
    """Without samples, windows are moved back to whole roll-ups."""
    store.clean_tombstones()
    whole = [Query(one.function, max(10, one.window // 5 * 5), one.step, one.offset // 5 * 5, 0) for one in queries]
    engine = Engine(store)
    expected = [engine.range(one.text, *one.whole, options=QueryOptions(rollups=RollupUse.NEVER)) for one in whole]
    clock.now = NOW + (10 + DAYS) * DAY
    store._retention.apply()
    for one, wanted in zip(whole, expected, strict=True):
        start, end, step = one.whole
        assert_same(engine.range(one.text, start, end, step), wanted)
        moved = engine.range(one.text, start + 99_000, end + 99_000, step)
        shown = [(row, moved.values[k][moved.present[k]]) for k, row in enumerate(map(str, moved.labels))]
        assert [row for row, _ in shown] == [str(row) for row in wanted.labels]
        for k, (_, values) in enumerate(shown):
            np.testing.assert_allclose(values, wanted.values[k][wanted.present[k]], rtol=1e-9, atol=1e-9)
