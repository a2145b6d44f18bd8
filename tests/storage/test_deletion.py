from __future__ import annotations

import asyncio
import threading

import pytest
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import FOREVER, matcher, read
from tests.storage.test_sealing import MONDAY, stored
from tests.storage.test_store import DOWN, UP

from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels

A = [matcher("instance=a:1")]
B = [matcher("instance=b:1")]


def series(store: MetricStore) -> list[Labels]:
    return store.series([], *FOREVER, 0)


@pytest.mark.parametrize("where", ["head", "rows", "chunks", "merged"])
def test_deleted_samples_are_hidden_at_once_wherever_they_lie_and_stay_so(open_store: OpenStore, clock: ManualClock, where: str) -> None:
    clock.now += 2 * DAY
    store = open_store()
    write(store, {UP: {NOW: 1.0, NOW + 1: 2.0, NOW + 2: 3.0}, DOWN: {NOW + 1: 4.0}})
    if where != "head":
        commit(store)
    if where == "chunks":
        store._sealer.seal_block(MONDAY)
    if where == "merged":
        store._sealer.merge_day(MONDAY)
    store.delete_series([A], NOW + 1, NOW + 1)
    expected = {UP: {NOW: 1.0, NOW + 2: 3.0}, DOWN: {NOW + 1: 4.0}}
    assert read(store) == expected
    store._sealer.seal_block(MONDAY)
    assert read(store) == expected
    store.abandon()
    store = open_store()
    assert read(store) == expected
    store._sealer.merge_day(MONDAY)
    assert read(store) == expected
    store.clean_tombstones()
    assert read(store) == expected
    assert stored(store, "tombstones") == 0
    assert series(store) == [UP, DOWN]


def test_what_is_written_after_a_deletion_is_seen(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0, NOW + 1: 1.0}})
    store.delete_series([A], *FOREVER)
    assert read(store) == {}
    write(store, {UP: {NOW: 2.0}})
    steps = (
        lambda: commit(store),
        lambda: store._sealer.seal_block(MONDAY),
        lambda: store._sealer.merge_day(MONDAY),
        store.clean_tombstones,
    )
    for step in steps:
        assert read(store) == {UP: {NOW: 2.0}}
        step()
    assert read(store) == {UP: {NOW: 2.0}}


def test_a_series_without_samples_is_in_no_answer_until_it_gets_one(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store()
    write(store, {UP: {NOW: 1.0, NOW - DAY: 1.0}, DOWN: {NOW: 1.0}})
    store.delete_series([A], *FOREVER)
    for _ in range(2):
        assert series(store) == [DOWN]
        assert store.label_values("instance", [], *FOREVER, 0) == ["b:1"]
        store.abandon()
        store = open_store()
    write(store, {UP: {NOW + 1: 2.0}})
    for _ in range(2):
        assert series(store) == [UP, DOWN]
        assert read(store) == {UP: {NOW + 1: 2.0}, DOWN: {NOW: 1.0}}
        commit(store)
        store.abandon()
        store = open_store()


@pytest.mark.parametrize("cleaned", [False, True])
def test_what_a_deleted_series_gets_before_a_crash_is_not_lost(open_store: OpenStore, cleaned: bool) -> None:
    store = open_store()
    write(store, {UP: {NOW: 1.0}})
    store.delete_series([A], *FOREVER)
    if cleaned:
        store.clean_tombstones()
    write(store, {UP: {NOW + 1: 2.0}})  # the log knows the series, and does not name it again
    for _ in range(2):
        store.abandon()
        store = open_store()
        assert read(store) == {UP: {NOW + 1: 2.0}}
        assert series(store) == [UP]


def test_a_series_that_is_deleted_piece_by_piece_goes_with_the_tombstones(store: MetricStore, clock: ManualClock) -> None:
    clock.now += DAY
    write(store, {UP: {NOW: 1.0, NOW + 5 * HOUR: 1.0}, DOWN: {NOW: 1.0}})
    store.delete_series([A], NOW, NOW)
    store.delete_series([A, B], NOW + 5 * HOUR, NOW + 6 * HOUR)
    assert read(store) == {DOWN: {NOW: 1.0}}
    store.clean_tombstones()
    assert series(store) == [DOWN]
    assert read(store) == {DOWN: {NOW: 1.0}}
    assert (stored(store, "samples"), stored(store, "chunks")) == (0, 1)


def test_cleaning_leaves_days_alone_that_hold_nothing_deleted(store: MetricStore, clock: ManualClock) -> None:
    clock.now += 3 * DAY
    write(store, {UP: {NOW: 1.0}, DOWN: {NOW + DAY: 1.0, NOW + 2 * DAY: 1.0}})
    store.delete_series([A], *FOREVER)
    store.clean_tombstones()
    assert stored(store, "samples") == 2
    assert read(store) == {DOWN: {NOW + DAY: 1.0, NOW + 2 * DAY: 1.0}}
    store.clean_tombstones()  # with nothing to do


def test_a_deletion_between_a_seals_read_and_its_end_holds(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0}})
    commit(store)
    blocks = store._sealer._blocks
    cut = blocks.begin([MONDAY])
    store.delete_series([A], *FOREVER)
    blocks.write(MONDAY, cut)
    blocks.drop(MONDAY, cut)
    assert read(store) == {}
    store.clean_tombstones()
    assert read(store) == {}
    assert stored(store, "chunks") == 0


def test_deletions_are_applied_without_being_asked_after_a_day(store: MetricStore, clock: ManualClock) -> None:
    write(store, {UP: {NOW: 1.0}})
    store.delete_series([A], *FOREVER)
    store._deletion.clean_due()
    assert stored(store, "tombstones") == 1
    clock.now += DAY + 1
    store._deletion.clean_due()
    assert stored(store, "tombstones") == stored(store, "samples") == 0


def test_selectors_that_match_nothing_delete_nothing(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0}})
    store.delete_series([[matcher("instance=c:1")]], *FOREVER)
    store.delete_series([A], NOW + 1, NOW)
    assert stored(store, "tombstones") == 0
    assert read(store) == {UP: {NOW: 1.0}}


def test_samples_that_are_written_beside_deletions_and_rewrites_are_there(store: MetricStore, clock: ManualClock) -> None:
    clock.now += DAY
    over = threading.Event()

    def rewrite() -> None:
        while not over.is_set():
            store.delete_series([A], *FOREVER)
            store._sealer.seal_block(MONDAY)
            store.clean_tombstones()

    rewriter = threading.Thread(target=rewrite)
    rewriter.start()
    for number in range(300):
        write(store, {UP: {NOW + number: 1.0}, DOWN: {NOW + number: float(number)}})
        if number % 50 == 0:
            commit(store)
    over.set()
    rewriter.join()
    assert read(store, "instance=b:1") == {DOWN: {NOW + number: float(number) for number in range(300)}}


def test_deleting_beside_an_event_loop_that_writes_needs_no_lock_of_it(store: MetricStore) -> None:
    write(store, {UP: {NOW: 1.0}})

    async def both() -> None:
        await asyncio.to_thread(store.delete_series, [A], *FOREVER)

    asyncio.run(both())
    assert read(store) == {}
