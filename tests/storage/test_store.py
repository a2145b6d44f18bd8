from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.storage.conftest import DAY, NOW, OpenStore, commit, write
from tests.storage.reading import FOREVER, matcher, read

from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import (
    Budget,
    CancelledReadError,
    LimitExceededError,
    OverloadedError,
    SamplesRejectedError,
    SeriesLimitError,
)
from fusewatch.telemetry.samples import STALE_BITS, STALE_NAN, SampleBatch

UP = Labels({"__name__": "up", "job": "api", "instance": "a:1"})
DOWN = Labels({"__name__": "up", "job": "api", "instance": "b:1"})


def test_a_sample_is_visible_at_once_and_stays_so_after_the_commit(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0}, DOWN: {NOW: 0.0}})
    assert read(store, "__name__=up") == {UP: {NOW: 1.0}, DOWN: {NOW: 0.0}}
    commit(store)
    assert store.statistics().waiting_samples == 0
    assert read(store, "__name__=up") == {UP: {NOW: 1.0}, DOWN: {NOW: 0.0}}


def test_the_last_write_of_a_timestamp_wins_wherever_it_lies(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0, NOW + 1: 1.0}})
    write(store, {UP: {NOW: 2.0}})
    assert read(store) == {UP: {NOW: 2.0, NOW + 1: 1.0}}
    commit(store)
    write(store, {UP: {NOW + 1: 3.0}})
    assert read(store) == {UP: {NOW: 2.0, NOW + 1: 3.0}}
    commit(store)
    assert read(store) == {UP: {NOW: 2.0, NOW + 1: 3.0}}


def test_of_two_rows_in_one_batch_the_later_wins(store: MetricStore) -> None:
    ids = np.array([UP.id, UP.id], np.uint64)
    asyncio.run(store.write(SampleBatch(ids, np.array([NOW, NOW]), np.array([1.0, 2.0]), {UP.id: UP})))
    assert read(store) == {UP: {NOW: 2.0}}
    commit(store)
    assert read(store) == {UP: {NOW: 2.0}}


@pytest.mark.parametrize("committed", [False, True])
def test_a_staleness_marker_and_any_other_nan_survive_bit_for_bit(store: MetricStore, committed: bool) -> None:
    payloads = np.array([STALE_BITS, 0x7FF8000000000001, 0xFFF8000000000000, 0x7FF0000000000001], np.uint64)
    times = NOW + np.arange(len(payloads))
    asyncio.run(store.write(SampleBatch(np.full(len(payloads), UP.id, np.uint64), times, payloads.view(np.float64), {UP.id: UP})))
    if committed:
        commit(store)
    found = store.fetch([], *FOREVER, Budget())
    assert found.values.view(np.uint64).tolist() == payloads.tolist()
    assert np.isnan(STALE_NAN)


def test_late_samples_in_any_order_are_read_in_order(store: MetricStore) -> None:
    times = [NOW - 3 * DAY, NOW, NOW - DAY, NOW - 5, NOW - 10 * DAY]
    for k, time in enumerate(times):
        write(store, {UP: {time: float(k)}})
        if k % 2:
            commit(store)
    assert list(read(store)[UP].items()) == sorted((time, float(k)) for k, time in enumerate(times))


def test_a_read_takes_both_ends_of_its_range_and_leaves_out_series_without_samples(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0, NOW + 5: 2.0, NOW + 10: 3.0}, DOWN: {NOW + 20: 1.0}})
    for _ in range(2):
        assert read(store, start=NOW + 5, end=NOW + 10) == {UP: {NOW + 5: 2.0, NOW + 10: 3.0}}
        assert read(store, start=NOW + 11, end=NOW + 19) == {}
        commit(store)


def test_data_older_than_the_retention_is_refused_with_the_setting_named_and_the_rest_is_stored(store: MetricStore) -> None:
    with pytest.raises(SamplesRejectedError, match=r"older than the retention of 30d \(storage.retention.metrics\)") as caught:
        write(store, {UP: {NOW - 31 * DAY: 1.0, NOW: 2.0}})
    assert caught.value.rejected == 1
    assert read(store) == {UP: {NOW: 2.0}}


def test_retention_0_keeps_for_ever(open_store: OpenStore) -> None:
    store = open_store(retention={"metrics": 0})
    write(store, {UP: {0: 1.0, NOW: 2.0}})
    commit(store)
    store._retention.apply()
    assert read(store) == {UP: {0: 1.0, NOW: 2.0}}


def test_a_timestamp_far_in_the_future_is_refused(store: MetricStore) -> None:
    with pytest.raises(SamplesRejectedError, match=r"more than 10m ahead of this machine's clock \(storage.future\)"):
        write(store, {UP: {NOW + 600_001: 1.0, NOW + 600_000: 2.0}})
    assert read(store) == {UP: {NOW + 600_000: 2.0}}


def test_a_series_without_labels_is_refused_and_its_neighbours_are_stored(store: MetricStore) -> None:
    ids = np.array([7, UP.id], np.uint64)
    with pytest.raises(SamplesRejectedError, match="no labels were given for series 0000000000000007"):
        asyncio.run(store.write(SampleBatch(ids, np.array([NOW, NOW]), np.array([1.0, 2.0]), {UP.id: UP})))
    assert read(store) == {UP: {NOW: 2.0}}


def test_over_the_limit_only_new_series_are_refused(open_store: OpenStore) -> None:
    store = open_store(max_series=1)
    write(store, {UP: {NOW: 1.0}})
    with pytest.raises(SeriesLimitError, match=r'instance="b:1".*storage.max_series'):
        write(store, {UP: {NOW + 1: 2.0}, DOWN: {NOW + 1: 1.0}})
    assert read(store) == {UP: {NOW: 1.0, NOW + 1: 2.0}}


def test_a_full_queue_refuses_and_takes_again_after_a_commit(open_store: OpenStore) -> None:
    store = open_store(queue="1MB", commit_rows=10_000)
    timestamps = np.arange(60_000) - 60_000 + NOW
    batch = SampleBatch(np.full(60_000, UP.id, np.uint64), timestamps, np.zeros(60_000), {UP.id: UP})
    asyncio.run(store.write(batch))
    with pytest.raises(OverloadedError):
        write(store, {UP: {NOW: 1.0}})
    statistics = store.statistics()
    assert statistics.queue_bytes >= statistics.queue_limit == 1 << 20
    commit(store)
    write(store, {UP: {NOW: 1.0}})
    assert len(read(store)[UP]) == 60_001


def test_a_read_stops_at_its_limits_and_when_it_is_cancelled(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0, NOW + 1: 1.0}, DOWN: {NOW: 1.0}})
    for _ in range(2):
        with pytest.raises(LimitExceededError, match="too many samples"):
            store.fetch([], *FOREVER, Budget(max_samples=2))
        with pytest.raises(LimitExceededError, match="matches 2 series, the limit is 1"):
            store.fetch([], *FOREVER, Budget(max_series=1))
        cancelled = Budget()
        cancelled.cancel()
        with pytest.raises(CancelledReadError):
            store.fetch([], *FOREVER, cancelled)
        commit(store)
    assert read(store, "instance=b:1") == {DOWN: {NOW: 1.0}}


SERIES = [
    Labels({"__name__": "http_requests_total", "path": "/a\nb", "code": "200"}),
    Labels({"__name__": "http_requests_total", "path": "/ä'\\\"", "code": "500"}),
    Labels({"__name__": "http_errors_total", "code": "500"}),
    Labels({"__name__": "weird.name", "a b": "x\ty"}),
]


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        (["__name__=http_requests_total"], [0, 1]),
        (["__name__=~http_.*"], [0, 1, 2]),
        (["__name__!=weird.name", "code=500"], [1, 2]),
        (["path="], [2, 3]),
        (["path!="], [0, 1]),
        (["path=~/a.b"], [0]),  # a dot matches a newline
        (["path=~.*|"], [0, 1, 2, 3]),
        (["code=~5.."], [1, 2]),
        (["code=~5"], []),  # anchored
        (["code!~5..", "code!="], [0]),
        (["path=/ä'\\\""], [1]),
        (["a b=x\ty"], [3]),
        (["code=~2.*|5.*", "__name__!~.*errors.*"], [0, 1]),
    ],
)
def test_matchers_mean_the_same_before_and_after_the_commit(
    store: MetricStore, matchers: list[str], expected: list[int], committed: bool
) -> None:
    write(store, {labels: {NOW: 1.0} for labels in SERIES})
    if committed:
        commit(store)
    want = {SERIES[k] for k in expected}
    assert set(read(store, *matchers)) == want
    assert set(store.series([[matcher(text) for text in matchers]], NOW, NOW, 0)) == want


def test_names_and_values_of_labels_can_be_asked_with_and_without_selectors(store: MetricStore) -> None:
    write(store, {labels: {NOW: 1.0} for labels in SERIES})
    for _ in range(2):
        assert store.label_names([], NOW, NOW, 0) == ["__name__", "a b", "code", "path"]
        assert store.label_names([], NOW, NOW, 2) == ["__name__", "a b"]
        assert store.label_values("code", [], NOW, NOW, 0) == ["200", "500"]
        assert store.label_values("code", [[matcher("__name__=http_errors_total")], [matcher("a b!=")]], NOW, NOW, 0) == ["500"]
        assert len(store.series([[matcher("code=500")], [matcher("__name__=~http.*")]], NOW, NOW, 0)) == 3
        assert store.series([], NOW + DAY, NOW + 2 * DAY, 0) == []
        commit(store)


def test_metadata_is_kept_per_metric_and_job_the_last_one_wins(open_store: OpenStore) -> None:
    store = open_store()
    first = MetricMetadata("up", "gauge", "old", "", "a")
    entries = [first, MetricMetadata("up", "gauge", "hélp", "", "b"), MetricMetadata("x", "counter", "h", "bytes", "a")]
    asyncio.run(store.write_metadata(entries))
    asyncio.run(store.write_metadata([MetricMetadata("up", "gauge", "new", "", "a")]))
    for _ in range(2):
        assert [entry.help for entry in store.metadata("up", 0)] == ["new", "hélp"]
        assert {entry.metric for entry in store.metadata(None, 1)} == {"up"}
        assert len(store.metadata(None, 0)) == 3
        commit(store)
        store.close()
        store = open_store()


def test_known_metadata_costs_nothing(store: MetricStore) -> None:
    entry = MetricMetadata("up", "gauge", "help")
    asyncio.run(store.write_metadata([entry]))
    size = store.statistics().log_bytes
    asyncio.run(store.write_metadata([entry]))
    assert store.statistics().log_bytes == size


def test_everything_is_there_again_after_a_close_and_after_a_crash(open_store: OpenStore) -> None:
    store = open_store()
    write(store, {UP: {NOW: 1.0}})
    store.close()
    store = open_store()
    write(store, {UP: {NOW: 2.0, NOW + 1: 3.0}})
    store.abandon()
    store = open_store()
    assert read(store) == {UP: {NOW: 2.0, NOW + 1: 3.0}}
    assert store.statistics().series == 1


def test_statistics_tell_what_is_there(store: MetricStore) -> None:
    assert store.statistics().oldest_sample is None
    write(store, {UP: {NOW - 5: 1.0, NOW: 1.0}, DOWN: {NOW: 1.0}})
    for _ in range(2):
        statistics = store.statistics()
        assert (statistics.series, statistics.oldest_sample, statistics.newest_sample) == (2, NOW - 5, NOW)
        commit(store)


def test_with_fsync_writes_are_grouped_and_answered(open_store: OpenStore) -> None:
    store = open_store(fsync=True)

    async def many() -> None:
        one = np.array([UP.id], np.uint64)
        await asyncio.gather(*(store.write(SampleBatch(one, np.array([NOW + k]), np.array([float(k)]), {UP.id: UP})) for k in range(50)))

    asyncio.run(many())
    assert read(store) == {UP: {NOW + k: float(k) for k in range(50)}}
    store.abandon()
    assert len(read(open_store(fsync=True))[UP]) == 50


def test_the_committer_commits_by_itself_when_a_segment_is_full_or_old(open_store: OpenStore) -> None:
    store = open_store(commit_rows=10, commit_interval="100ms")

    async def run() -> None:
        working = asyncio.gather(*(component.run() for component in store.components()))
        ids = np.full(10, UP.id, np.uint64)
        await store.write(SampleBatch(ids, NOW + np.arange(10), np.zeros(10), {UP.id: UP}))
        async with asyncio.timeout(20):
            while (await asyncio.to_thread(store.statistics)).commits < 1:  # each look takes a thread's time
                pass
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    asyncio.run(run())
    assert len(read(store)[UP]) == 10
    assert store.statistics().waiting_samples == 0


def test_whether_inserts_are_synced_follows_the_settings_of_each_start(open_store: OpenStore) -> None:
    """It is kept with the tables, so a start looks whether it has to be changed."""
    for fsync in (False, True, True, False):
        store = open_store(fsync=fsync)
        with store._catalog._pool.handle() as handle:
            ((engine,),) = handle.rows("SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'samples'")
        assert f"fsync_after_insert = {int(fsync)}, fsync_part_directory = {int(fsync)}" in engine
        store.close()
