from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import FOREVER, matcher, read

from fusewatch.storage.cached_read import CachedRead
from fusewatch.storage.chunk_cache import ChunkCache, Part, days_of
from fusewatch.storage.chunk_query import ChunkQuery
from fusewatch.storage.chunk_rows import ChunkRows, TimePool
from fusewatch.storage.store import MetricStore
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget

MONDAY = NOW // HOUR
SERIES = [Labels({"__name__": "x", "k": str(k)}) for k in range(4)]

#: By metric, id and number: day and position within it of each chunk.
Table = dict[tuple[int, int, int], int]


def rows_of(table: Table) -> ChunkRows:
    keys = sorted(table)
    size = len(keys)
    first = np.array([table[key] for key in keys], np.int64)
    unsigned = {name: np.zeros(size, np.uint64) for name in ("bits", "seq")}
    times = np.array([number % 3 for _, _, number in keys], np.uint64)
    return ChunkRows(
        metric=np.array([metric for metric, _, _ in keys], np.uint64),
        id=np.array([series for _, series, _ in keys], np.uint64),
        first=first,
        last=first + HOUR,
        count=np.full(size, 2, np.int64),
        step=np.where(times == 0, HOUR, 0),
        times=times,
        coding=np.zeros(size, np.uint8),
        data=[str(key).encode() for key in keys],
        **unsigned,
    )


def told(rows: ChunkRows, pool: TimePool) -> list[tuple[int, int, bytes, list[int]]]:
    places = pool.places(rows)
    return sorted(
        (metric, series, data, pool.part(places[k]).tolist() if rows.step[k] == 0 else [])
        for k, (metric, series, data) in enumerate(zip(rows.metric.tolist(), rows.id.tolist(), rows.data, strict=True))
    )


class Disk:
    """Chunks that change day by day, and how often they were asked for."""

    def __init__(self) -> None:
        self.table: Table = {}
        self.asked = 0

    def ask(self, query: ChunkQuery) -> tuple[ChunkRows, TimePool]:
        self.asked += 1
        ids, (low, high) = set(query.ids.tolist()), query.days
        found = {
            key: first
            for key, first in self.table.items()
            if key[1] in ids and first <= query.end and first + HOUR >= query.start and low <= first // DAY * 24 <= high
        }
        rows = rows_of(found)
        keys = np.unique(rows.times[rows.step == 0]).tolist()
        return rows, TimePool.of_parts({key: np.array([key, 10 * key], np.int64) for key in keys})


def query_of(series: list[int], start: int, end: int) -> ChunkQuery:
    ids = np.array(series, np.uint64)
    return ChunkQuery(ids, ids // np.uint64(10), start, end, Tombstones.none(), Budget())


ids = st.sampled_from([10, 11, 12, 20, 21, 30])
asks = st.tuples(st.just("ask"), st.lists(ids, min_size=1, max_size=5, unique=True), st.integers(0, 71), st.integers(0, 71))
changes = st.tuples(st.just("change"), st.lists(ids, max_size=3, unique=True), st.integers(0, 71), st.just(0))


@given(st.lists(st.one_of(asks, changes), max_size=30), st.sampled_from([0, 200_000, 1 << 20]))
def test_what_is_read_through_the_cache_is_what_is_on_disk(steps, limit):
    disk, cache, number = Disk(), ChunkCache(limit), 0
    for kind, series, one, two in steps:
        if kind == "change":
            day = one // 24
            disk.table = {key: first for key, first in disk.table.items() if first // DAY != day or key[1] in series}
            for which in series:
                number += 1
                disk.table[which // 10, which, number] = one * HOUR
            cache.changed(day * 24)
            continue
        query = query_of(series, min(one, two) * HOUR, max(one, two) * HOUR)
        through = CachedRead.of(query, cache)
        assert (through is None) == (limit == 0 or len(series) * len(range(query.days[0], query.days[1] + 1, 24)) * 5000 > limit // 4)
        if through is not None:
            assert told(*through.read(disk.ask)) == told(*disk.ask(query))
        assert cache.size <= limit


def test_what_was_read_is_asked_for_no_more_until_it_changes():
    disk, cache = Disk(), ChunkCache(1 << 20)
    disk.table = {(1, 10, 1): HOUR, (1, 11, 2): HOUR, (1, 11, 3): DAY}

    def ask(series: list[int], start: int, end: int) -> int:
        before, through = disk.asked, CachedRead.of(query_of(series, start, end), cache)
        assert through is not None
        through.read(disk.ask)
        return disk.asked - before

    assert ask([10], 0, HOUR) == 1
    assert ask([10], 5 * HOUR, 6 * HOUR) == 0
    assert ask([10, 11, 12], 0, 2 * HOUR) == 1
    assert ask([10, 11, 12], 0, 2 * HOUR) == 0, "that a series has no chunk is known as well"
    assert ask([11], HOUR, DAY) == 1
    cache.changed(24)
    assert ask([11], 0, HOUR) == 0
    assert ask([11], HOUR, DAY) == 1


def test_what_changes_while_it_is_read_is_kept_for_nobody():
    disk, cache = Disk(), ChunkCache(1 << 20)
    disk.table = {(1, 10, 1): HOUR}

    def ask(query: ChunkQuery) -> tuple[ChunkRows, TimePool]:
        found = disk.ask(query)
        disk.table[1, 10, 2] = 2 * HOUR
        cache.changed(0)
        return found

    query = query_of([10], 0, DAY - 1)
    assert len(CachedRead.of(query, cache).read(ask)[0]) == 1
    assert len(CachedRead.of(query, cache).read(disk.ask)[0]) == 2


def test_two_that_read_the_same_series_at_once_keep_them_once():
    disk, cache = Disk(), ChunkCache(1 << 20)
    disk.table = {(1, 10, 1): HOUR, (1, 11, 2): HOUR}
    one, other = CachedRead.of(query_of([10], 0, DAY - 1), cache), CachedRead.of(query_of([10, 11], 0, DAY - 1), cache)

    def ask(query: ChunkQuery) -> tuple[ChunkRows, TimePool]:
        one.read(disk.ask)
        return disk.ask(query)

    other.read(ask)
    kept = cache.find(1, 0)
    assert (kept.ids.tolist(), kept.rows.id.tolist()) == ([10, 11], [10, 11])


def test_what_was_asked_for_the_longest_ago_goes_first():
    rows = rows_of({(1, 10, 1): HOUR})
    part = Part(np.array([10], np.uint64), rows, TimePool.of_parts({}))
    cache = ChunkCache(4 * part.size)
    for day in range(0, 96, 24):
        cache.keep(1, day, 0, part)
    assert cache.find(1, 0) is not None
    cache.keep(1, 96, 0, part)
    assert [day for day in range(0, 120, 24) if cache.find(1, day) is not None] == [0, 48, 72, 96]
    assert cache.size == 4 * part.size
    assert cache.size >= 4 * 1000, "of many small ones what holds them counts"
    large = Part(np.arange(1000, dtype=np.uint64), rows, TimePool.of_parts({}))
    cache.keep(1, 120, 0, large)
    assert cache.find(1, 120) is None


def test_the_first_day_has_all_before_the_epoch():
    rows = rows_of({(1, 1, 1): -DAY, (1, 1, 2): 5, (1, 1, 3): DAY})
    assert days_of(rows).tolist() == [0, 0, 24]


def test_a_read_after_a_seal_a_merge_or_a_deletion_sees_what_they_did(store: MetricStore, clock: ManualClock) -> None:
    clock.now += 2 * DAY
    expected: dict[Labels, dict[int, float]] = {labels: {} for labels in SERIES}

    def add(time: int) -> None:
        fresh = {labels: {time + k: float(time % 1000 + k)} for k, labels in enumerate(SERIES)}
        write(store, fresh)
        commit(store)
        for labels, points in fresh.items():
            expected[labels] |= points

    def check() -> None:
        for _ in range(2):
            assert read(store, "__name__=x") == expected
            assert read(store, "__name__=x", "k=2", start=NOW, end=NOW + DAY - 1) == {SERIES[2]: expected[SERIES[2]]}

    for hour in (0, 1, 5, 9):
        add(NOW + hour * HOUR)
    for act in (
        lambda: store._sealer.seal_block(MONDAY),
        lambda: store._sealer.seal_block(MONDAY + 4),
        lambda: add(NOW + 30 * 60_000),
        lambda: store._sealer.seal_block(MONDAY),
        lambda: store._sealer.merge_day(MONDAY),
        lambda: add(NOW + HOUR),
        lambda: store._sealer.merge_day(MONDAY),
    ):
        act()
        check()
    assert store._parts.chunks.size > 0
    store.delete_series([[matcher("k=2")]], *FOREVER)
    gone = expected.pop(SERIES[2])
    assert read(store, "__name__=x") == expected
    store.clean_tombstones()
    assert read(store, "__name__=x") == expected
    write(store, {SERIES[2]: {min(gone): 7.0}})
    assert read(store, "k=2") == {SERIES[2]: {min(gone): 7.0}}


@pytest.mark.parametrize("size", [0, "1GB"])
def test_days_that_are_dropped_are_not_seen(open_store: OpenStore, clock: ManualClock, size: int | str) -> None:
    store = open_store(retention={"metrics": "3d"}, chunk_cache=size)
    write(store, {SERIES[0]: {NOW: 1.0}})
    commit(store)
    store._sealer.seal_block(MONDAY)
    assert read(store, "__name__=x") == {SERIES[0]: {NOW: 1.0}}
    clock.now += 5 * DAY
    store._retention.apply()
    assert read(store, "__name__=x") == {}
    assert store._parts.chunks.size == 0
