from __future__ import annotations

import asyncio

import numpy as np
from tests.storage.conftest import HOUR, ManualClock, commit, write
from tests.storage.reading import matcher

from fusewatch.storage.series_table import metric_hash
from fusewatch.storage.store import MetricStore
from fusewatch.storage.versions import Versions
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import LATE_MS
from fusewatch.telemetry.samples import HistogramRows, SampleBatch

NOW = 1_790_553_600_000
X, Y = Labels({"__name__": "x"}), Labels({"__name__": "y"})


def note(found: Versions, name: str, *times: int, received: int = NOW) -> None:
    found.note(received, np.array(times, np.int64), np.zeros(len(times), np.uint32), np.array([metric_hash(name.encode())], np.uint64))


def test_late_samples_change_the_version_of_their_metric_alone():
    found = Versions()
    before = found.of(["x", "y"]), found.of([None])
    note(found, "x", NOW, NOW - LATE_MS)
    assert (found.of(["x", "y"]), found.of([None])) == before
    note(found, "x", NOW, NOW - LATE_MS - 1)
    assert found.of(["x", "y"]) != before[0]
    assert found.of(["y"]) == before[0][:1] + before[0][2:]
    assert found.of([None]) != before[1]


def test_a_clock_that_goes_back_changes_every_version():
    found = Versions()
    note(found, "x", NOW)
    before = found.of(["x"]), found.of(["z"])
    note(found, "y", NOW - 1, received=NOW - 1)
    assert found.of(["x"]) != before[0]
    assert found.of(["z"]) != before[1]


def test_of_very_many_metrics_not_each_is_remembered():
    found = Versions(most=10)
    seen = {found.of(["other"])}
    for number in range(30):
        note(found, f"x{number}", NOW - HOUR)
        assert len(found._by_metric) <= 10
        seen.add(found.of(["other"]))
    assert len(seen) < 5
    assert found.of(["x29"]) != Versions().of(["x29"])


def test_what_a_store_takes_late_or_deletes_changes_its_versions(store: MetricStore, clock: ManualClock):
    write(store, {X: {clock.now: 1.0}, Y: {clock.now: 1.0}})
    before = store.versions(["x"]), store.versions(["y"]), store.versions([None])
    write(store, {X: {clock.now - LATE_MS: 1.0}})
    commit(store)
    assert (store.versions(["x"]), store.versions(["y"]), store.versions([None])) == before
    write(store, {X: {clock.now - LATE_MS - 1: 1.0}})
    assert store.versions(["x"]) != before[0]
    assert store.versions(["y"]) == before[1]
    store.delete_series([[matcher("__name__=x")]], 0, clock.now)
    assert store.versions(["y"]) != before[1]


def test_late_native_histograms_count_as_well(store: MetricStore, clock: ManualClock):
    body = Histogram(schema=0, count=1.0, sum=1.0, is_float=True).encode()
    before = store.versions(["x"])
    rows = HistogramRows.of([(X.id, clock.now - HOUR, body)])
    nothing = SampleBatch(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0), {X.id: X}, rows)
    asyncio.run(store.write(nothing))
    assert store.versions(["x"]) != before
