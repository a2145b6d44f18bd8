from __future__ import annotations

import asyncio

from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import read
from tests.storage.test_store import DOWN, UP

from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.events import Event

DEPLOYED = Event("d1", NOW, "deployment", "api 1.2", "done by CI", "ci", NOW + HOUR, {"service": "api", "größe": "ü\n"})
RESTARTED = Event("r1", NOW + 2 * HOUR, "restart", "db")


def test_events_are_visible_at_once_and_stay_so_the_newest_first(open_store: OpenStore) -> None:
    store = open_store()
    for event in (DEPLOYED, RESTARTED):
        asyncio.run(store.write_event(event))
    for _ in range(2):
        assert store.events(NOW, NOW + 3 * HOUR) == [RESTARTED, DEPLOYED]
        assert store.events(NOW + 1, NOW + HOUR) == [DEPLOYED]  # it lasted for an hour
        assert store.events(NOW + HOUR + 1, NOW + 2 * HOUR - 1) == []
        assert store.events(NOW, NOW + DAY, ["restart"]) == [RESTARTED]
        assert store.events(NOW, NOW + DAY, limit=1) == [RESTARTED]
        commit(store)
        store.close()
        store = open_store()


def test_writing_an_event_again_replaces_it(store: MetricStore) -> None:
    asyncio.run(store.write_event(DEPLOYED))
    commit(store)
    later = Event("d1", NOW + DAY, "deployment", "api 1.3")
    asyncio.run(store.write_event(later))
    for _ in range(2):
        assert store.events(NOW, NOW + 2 * DAY) == [later]
        commit(store)


def test_retention_takes_whole_days_and_forgets_their_series_and_events(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(retention={"metrics": "2d", "rollups_5m": "2d", "rollups_1h": "2d"})
    asyncio.run(store.write_event(DEPLOYED))
    write(store, {UP: {NOW: 1.0}, DOWN: {NOW: 1.0}})
    commit(store)
    clock.now += 3 * DAY
    assert read(store) == {}  # even before anything is deleted
    write(store, {DOWN: {clock.now: 2.0}})
    store._retention.apply()
    assert store.statistics().series == 1
    assert store.events(0, clock.now) == []
    write(store, {UP: {clock.now: 3.0}})  # a series that comes back is a new one
    for _ in range(2):
        assert read(store) == {UP: {clock.now: 3.0}, DOWN: {clock.now: 2.0}}
        commit(store)
    with store._parts.pool.handle() as handle:
        assert handle.rows("SELECT count() FROM samples") == [(2,)]


def test_over_its_size_the_oldest_days_go_and_the_newest_stays(open_store: OpenStore) -> None:
    store = open_store(retention={"metrics": "30d", "size": 1})
    write(store, {UP: {NOW - 2 * DAY: 1.0, NOW - DAY: 2.0, NOW: 3.0}})
    commit(store)
    store._retention.apply()
    assert read(store) == {UP: {NOW: 3.0}}
