from __future__ import annotations

import asyncio
import resource
import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import FOREVER, matcher, read
from tests.storage.test_store import DOWN, UP

from fusewatch.storage import chunk_kernels, commit_kernels, native, read_kernels, seal_kernels, series_kernels
from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.chunk_reader import ChunkReader
from fusewatch.storage.partitions import BLOCK_HOURS
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget, LimitExceededError
from fusewatch.telemetry.samples import STALE_BITS, SampleBatch

MONDAY = NOW // HOUR
SERIES = [Labels({"__name__": f"m{k % 7}", "k": str(k)}) for k in range(60)]


def stored(store: MetricStore, table: str, condition: str = "1") -> int:
    """Rows of a table; of chunks only those that hold values."""
    with store._parts.pool.handle() as handle:
        return int(handle.rows(f"SELECT count() FROM {table} WHERE {condition}")[0][0])


def write_bits(store: MetricStore, labels: Labels, times: np.ndarray, bits: np.ndarray) -> None:
    values = bits.astype(np.uint64).view(np.float64)
    asyncio.run(store.write(SampleBatch(np.full(len(times), labels.id, np.uint64), times.astype(np.int64), values, {labels.id: labels})))


def fill_day(store: MetricStore, day: int = MONDAY, seed: int = 1) -> None:
    """A day of many series: constants, counters, noise, staleness markers, regular and shared jittered timestamps; half of it committed."""
    random = np.random.default_rng(seed)
    jittered = day * HOUR + 60_000 * np.arange(24 * 60) + random.integers(0, 5000, 24 * 60)
    for k, labels in enumerate(SERIES):
        times = jittered if k % 2 else day * HOUR + 60_000 * np.arange(24 * 60) + k
        values = [np.full(len(times), 7.0), np.cumsum(random.poisson(9, len(times))), random.normal(0, 1, len(times))][k % 3]
        bits = values.astype(np.float64).view(np.uint64).copy()
        bits[:: 100 + k] = STALE_BITS
        write_bits(store, labels, times, bits)
    commit(store)


def everything(store: MetricStore, start: int = FOREVER[0], end: int = FOREVER[1]) -> tuple[list[Labels], list[int], bytes, bytes]:
    """A read, comparable bit for bit."""
    found = store.fetch([], start, end, Budget())
    return list(found.labels), found.offsets.tolist(), found.timestamps.tobytes(), found.values.tobytes()


RANGES = [
    FOREVER,
    (NOW + HOUR, NOW + 5 * HOUR - 1),
    (NOW + 12 * HOUR + 1, NOW + 12 * HOUR + 1000),
    (NOW - DAY, NOW),
    (NOW + DAY, NOW + 2 * DAY),
]


def test_sealing_and_merging_change_no_answer_and_drop_the_rows(store: MetricStore, clock: ManualClock) -> None:
    clock.now += 2 * DAY
    fill_day(store)
    before = [everything(store, *limits) for limits in RANGES]
    for block in range(MONDAY, MONDAY + 24, BLOCK_HOURS):
        assert store._sealer.seal_block(block) == 60 * 120
        assert [everything(store, *limits) for limits in RANGES] == before
    assert stored(store, "samples") == 0
    assert stored(store, "chunks", "level = 0 AND metric != 0") == 60 * 12
    assert stored(store, "chunks", "level = 0 AND metric = 0") == 12  # jittered timestamps are kept once
    assert store.statistics().chunks == 60 * 12
    assert store._sealer.merge_day(MONDAY) == 60 * 24 * 60
    assert [everything(store, *limits) for limits in RANGES] == before
    assert stored(store, "chunks") == 60 + 1
    assert store.statistics().chunks == 60
    assert stored(store, "chunks_staging") == 0


def test_small_slices_and_several_threads_make_and_read_the_same(open_store: OpenStore, clock: ManualClock) -> None:
    clock.now += 2 * DAY
    store = open_store()
    fill_day(store)
    store._sealer._days._slice_samples = 3000
    store._sealer._blocks._slice_rows = 1000
    write(store, {SERIES[0]: {NOW + 5: 1.0}, UP: {NOW: 1.0}})
    before = everything(store)
    store._sealer.merge_day(MONDAY)
    assert everything(store) == before
    assert stored(store, "chunks", "metric != 0") == 60  # the last write waits in the head
    write(store, {SERIES[0]: {NOW + 5: 1.0}, UP: {NOW: 1.0}})
    for chunks in (ChunkReader(slice_bytes=1), ChunkReader(slice_bytes=20_000), ChunkReader.with_threads(ChunkCache(1 << 20))):
        store._reader._sealed = replace(store._reader._sealed, chunks=chunks)
        assert everything(store) == before


def test_a_later_write_wins_over_a_chunk_and_an_earlier_one_does_not(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0, NOW + 1: 1.0}})
    commit(store)
    write(store, {UP: {NOW + 1: 2.0}})
    commit(store)
    store._sealer.seal_block(MONDAY)
    assert read(store) == {UP: {NOW: 1.0, NOW + 1: 2.0}}
    write(store, {UP: {NOW: 3.0, NOW - 1: 4.0}})
    expected = {UP: {NOW - 1: 4.0, NOW: 3.0, NOW + 1: 2.0}}
    for act in (lambda: commit(store), lambda: store._sealer.seal_block(MONDAY), lambda: store._sealer.merge_day(MONDAY)):
        assert read(store) == expected
        act()
    assert read(store) == expected


def test_rows_that_come_between_the_read_and_the_drop_of_a_seal_stay(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0, NOW + 1: 1.0}})
    commit(store)
    blocks = store._sealer._blocks
    cut = blocks.begin([MONDAY])
    assert blocks.write(MONDAY, cut) == 2
    write(store, {UP: {NOW + 1: 2.0, NOW + 2: 3.0}, DOWN: {NOW: 4.0}})
    commit(store)
    expected = {UP: {NOW: 1.0, NOW + 1: 2.0, NOW + 2: 3.0}, DOWN: {NOW: 4.0}}
    assert read(store) == expected
    blocks.drop(MONDAY, cut)
    assert stored(store, "samples") == 3
    assert read(store) == expected
    store._sealer.seal_block(MONDAY)
    assert stored(store, "samples") == 0
    assert read(store) == expected


def test_a_merge_takes_the_late_rows_of_every_block_of_its_day_with_it(store: MetricStore, clock: ManualClock) -> None:
    clock.now += 2 * DAY
    write(store, {UP: {NOW: 1.0, NOW + 3 * HOUR: 1.0}})
    commit(store)
    store._sealer.merge_day(MONDAY)
    write(store, {UP: {NOW + 3 * HOUR: 2.0}})
    write(store, {DOWN: {NOW + 20 * HOUR: 5.0}})
    commit(store)
    store._sealer.merge_day(MONDAY)
    assert stored(store, "samples") == 0
    assert read(store) == {UP: {NOW: 1.0, NOW + 3 * HOUR: 2.0}, DOWN: {NOW + 20 * HOUR: 5.0}}


@pytest.mark.parametrize("stage", ["written", "half dropped", "merged, not dropped"])
def test_a_crash_during_a_seal_or_merge_changes_no_answer(open_store: OpenStore, clock: ManualClock, stage: str) -> None:
    clock.now += DAY
    store = open_store()
    write(store, {UP: {NOW: 1.0, NOW + 1: 1.0}, DOWN: {NOW + 3 * HOUR: 1.0}})
    commit(store)
    write(store, {UP: {NOW: 2.0}})
    commit(store)
    cut = store._sealer._blocks.begin([MONDAY, MONDAY + 2])
    for block in (MONDAY, MONDAY + 2):
        store._sealer._blocks.write(block, cut)
    if stage != "written":
        store._sealer._blocks.drop(MONDAY, cut)
    if stage == "merged, not dropped":
        with store._parts.pool.handle() as handle:
            columns = "day, 1 AS level, metric, id, first, last, count, step, times, coding, bits, data, seq"
            handle.command(f"INSERT INTO chunks SELECT {columns} FROM chunks")
            handle.command(f"INSERT INTO chunks_staging SELECT {columns} FROM chunks")
    expected = {UP: {NOW: 2.0, NOW + 1: 1.0}, DOWN: {NOW + 3 * HOUR: 1.0}}
    assert read(store) == expected
    store.abandon()
    store = open_store()
    assert read(store) == expected
    write(store, {UP: {NOW + 1: 7.0}})
    store._sealer.merge_day(MONDAY)
    expected[UP][NOW + 1] = 7.0
    assert read(store) == expected
    commit(store)
    store._sealer.merge_day(MONDAY)
    assert read(store) == expected
    assert stored(store, "chunks") == 2


def test_after_everything_is_sealed_and_the_log_is_lost_new_writes_still_win(open_store: OpenStore, tmp_path) -> None:
    store = open_store()
    for value in (1.0, 2.0, 3.0):
        write(store, {UP: {NOW: value}})
        commit(store)
    store._sealer.seal_block(MONDAY)
    store.abandon()
    for log in (tmp_path / "data" / "wal").glob("*.log"):
        log.unlink()
    store = open_store()
    write(store, {UP: {NOW: 4.0}})
    assert read(store) == {UP: {NOW: 4.0}}
    assert store.statistics().newest_sample == NOW


def test_blocks_are_sealed_when_they_are_over_and_days_merged(store: MetricStore, clock: ManualClock) -> None:
    sealer = store._sealer
    write(store, {UP: {NOW: 1.0}})
    commit(store)
    assert sealer.seal_due() == 0  # the block goes on
    for half in (NOW + HOUR, NOW + 2 * HOUR):
        clock.now = half + 179_000
        assert sealer.seal_due() == 0
        clock.now += 1_000
        assert sealer.statistics().seal_lag_s == (0 if half == NOW + HOUR else 180)
        assert sealer.seal_due() == 1
        assert sealer.statistics().seal_lag_s == 0
        write(store, {UP: {NOW: 1.0}})
        commit(store)
        sealer.seal_due()
    write(store, {UP: {NOW + 1: 2.0}})
    commit(store)
    assert sealer.seal_due() == 0  # more may come
    write(store, {UP: {NOW + 2: 2.0}})
    commit(store)
    clock.now += 59_000
    assert sealer.seal_due() == 0
    clock.now += 60_000
    assert sealer.seal_due() == 1
    assert (sealer.statistics().sealed_samples, sealer.merge_due()) == (5, 0)
    clock.now = NOW + 26 * HOUR
    assert sealer.statistics().merge_lag_s == 5400
    assert sealer.merge_due() == 1
    write(store, {UP: {NOW + 3: 2.0}})
    commit(store)
    store._sealer.seal_block(MONDAY)
    clock.now += HOUR
    assert sealer.merge_due() == 0  # not so soon again
    clock.now += 6 * HOUR
    assert sealer.merge_due() == 1
    assert sealer.statistics().merge_lag_s == 0
    assert read(store) == {UP: {NOW: 1.0, NOW + 1: 2.0, NOW + 2: 2.0, NOW + 3: 2.0}}


def test_a_block_with_very_many_rows_is_sealed_before_it_is_over(store: MetricStore) -> None:
    store._sealer._most_rows = 2
    for value, due in ((1.0, 0), (2.0, 1), (3.0, 0)):
        write(store, {UP: {NOW: value}})
        commit(store)
        assert store._sealer.seal_due() == due
    assert read(store) == {UP: {NOW: 3.0}}


def test_after_warming_nothing_has_to_be_compiled(store: MetricStore, clock: ManualClock) -> None:
    def compiled() -> dict[str, int]:
        modules = (chunk_kernels, commit_kernels, native, read_kernels, seal_kernels, series_kernels)
        kernels = {f"{module.__name__}.{name}": one for module in modules for name, one in vars(module).items()}
        return {name: len(one.signatures) for name, one in kernels.items() if getattr(one, "signatures", ())}

    store.warm()
    before = compiled()
    clock.now += 2 * DAY
    fill_day(store)
    store._sealer.seal_block(MONDAY)
    store._sealer.merge_day(MONDAY)
    store.delete_series([[matcher("k=3")]], NOW, NOW + HOUR)
    write(store, {SERIES[0]: {NOW + 5: 1.0}, UP: {NOW: 1.0}})
    store._chunks._slice_bytes = 10_000
    everything(store)
    store.clean_tombstones()
    everything(store)
    assert compiled() == before


def test_today_is_merged_whenever_it_has_many_chunks(store: MetricStore) -> None:
    for number in range(6):
        assert store._sealer.merge_due() == 0
        write(store, {UP: {NOW + number: 1.0}})
        commit(store)
        store._sealer.seal_block(MONDAY)
    assert stored(store, "chunks") == 6
    assert store._sealer.merge_due() == 1
    assert stored(store, "chunks") == 1
    assert store._sealer.merge_due() == 0
    assert len(read(store)[UP]) == 6


def test_the_sealer_works_by_itself(store: MetricStore, clock: ManualClock) -> None:
    write(store, {UP: {NOW - DAY: 1.0}})
    commit(store)
    store._sealer.seal_due()
    clock.now += HOUR

    async def run() -> None:
        sealer = asyncio.create_task(store._sealer.run())
        async with asyncio.timeout(20):
            while await asyncio.to_thread(stored, store, "samples"):
                pass
        sealer.cancel()
        await asyncio.gather(sealer, return_exceptions=True)

    asyncio.run(run())
    assert read(store) == {UP: {NOW - DAY: 1.0}}


def test_retention_drops_chunks_by_day_and_rows_by_block(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(retention={"metrics": "2d"})
    write(store, {UP: {NOW - DAY: 1.0, NOW - DAY + 3 * HOUR: 1.0, NOW: 2.0}})
    commit(store)
    store._sealer.seal_block(MONDAY - 24)
    clock.now += DAY + 2 * HOUR
    store._retention.apply()
    assert (stored(store, "chunks"), stored(store, "samples")) == (1, 2)
    assert read(store) == {UP: {NOW - DAY + 3 * HOUR: 1.0, NOW: 2.0}}  # the chunk's day is not over yet, and not shown
    clock.now += 10 * HOUR
    store._retention.apply()
    assert (stored(store, "chunks"), stored(store, "samples")) == (1, 1)
    clock.now = NOW + 2 * DAY
    store._sealer.merge_day(MONDAY)
    store._retention.apply()
    assert (stored(store, "chunks"), stored(store, "samples")) == (1, 0)
    assert read(store) == {UP: {NOW: 2.0}}


def test_over_its_size_the_oldest_day_goes_with_its_rows_and_chunks(open_store: OpenStore) -> None:
    store = open_store(retention={"metrics": "30d", "size": 1})
    write(store, {UP: {NOW - 2 * DAY: 1.0, NOW - 2 * DAY + 5 * HOUR: 1.0, NOW - DAY: 2.0, NOW: 3.0}})
    commit(store)
    for block in (MONDAY - 48, MONDAY - 24, MONDAY):
        store._sealer.seal_block(block)
    store._retention.apply()
    assert (stored(store, "chunks"), stored(store, "samples")) == (1, 0)
    assert read(store) == {UP: {NOW: 3.0}}


def test_samples_of_a_chunk_count_only_as_far_as_they_are_wanted(store: MetricStore) -> None:
    write_bits(store, UP, NOW + 1000 * np.arange(-3600, 0), np.arange(3600))
    commit(store)
    store._sealer.merge_day(MONDAY - 24)
    assert len(read(store, start=NOW - 10_000)[UP]) == 10
    store.fetch([], NOW - 10_000, NOW, Budget(max_samples=10))
    with pytest.raises(LimitExceededError):
        store.fetch([], NOW - 10_000, NOW, Budget(max_samples=9))


def test_a_day_of_seconds_becomes_several_chunks_and_samples_before_the_epoch_one(open_store: OpenStore) -> None:
    store = open_store(retention={"metrics": 0})
    times = np.concatenate([np.array([-(1 << 59), -5, 0]), NOW - DAY + 1000 * np.arange(86_400)])
    write_bits(store, UP, times, np.arange(len(times)))
    commit(store)
    before = everything(store)
    for day in (0, MONDAY - 24):
        store._sealer.merge_day(day)
    assert stored(store, "samples") == 0
    assert stored(store, "chunks", f"day = {MONDAY - 24}") == 11
    assert everything(store) == before
    assert set(read(store, end=0)[UP]) == {-(1 << 59), -5, 0}


def test_reads_beside_seals_and_merges_never_miss_a_sample(store: MetricStore, clock: ManualClock) -> None:
    clock.now += 2 * DAY
    fill_day(store)
    before, wrong, over = everything(store), list[int](), threading.Event()

    def look() -> None:
        while not over.is_set():
            if everything(store) != before:
                wrong.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    for block in range(MONDAY, MONDAY + 24, BLOCK_HOURS):
        store._sealer.seal_block(block)
    for _ in range(5):
        store._sealer.merge_day(MONDAY)
    over.set()
    reader.join()
    assert not wrong


def test_sealing_a_large_block_needs_memory_for_a_slice_only(store: MetricStore, clock: ManualClock) -> None:
    clock.now += DAY
    store._sealer._blocks._slice_rows = 100_000
    rows, series = 250_000, [Labels({"__name__": "big", "n": str(k)}) for k in range(500)]
    for part in range(8):
        ids = np.repeat(np.array([labels.id for labels in series], np.uint64), rows // len(series))
        times = np.tile(NOW + np.arange(rows // len(series)) * 2 + part * 900_000, len(series))
        values = np.random.default_rng(part).normal(0, 1, rows)
        asyncio.run(store.write(SampleBatch(ids, times, values, {labels.id: labels for labels in series})))
        commit(store)
    store._sealer.seal_block(MONDAY + 22)  # nothing; what it needs is there then
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert store._sealer.seal_block(MONDAY) == 8 * rows
    # All rows at once would be two million times 40 bytes, twice.
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) < 120_000
    assert stored(store, "chunks", "metric != 0") == 500
