"""Native histograms and exemplars: stored, replaced, read beside floats, kept over a restart."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.storage.conftest import DAY, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import FOREVER, matcher, read

from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget, LimitExceededError, SamplesRejectedError
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, SampleBatch

LATENCY = Labels({"__name__": "latency", "job": "api"})
OTHER = Labels({"__name__": "other"})
NOTHING = (np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0))


def histogram(count: int, **changes) -> Histogram:
    spans = (Span(0, 2),)
    return Histogram(**{"schema": 3, "count": count, "sum": 1.5, "positive_spans": spans, "positive_buckets": (1, count - 1), **changes})


FLOATS = histogram(7, is_float=True, positive_buckets=(1.0, 6.0), reset_hint=ResetHint.GAUGE)
CUSTOM = Histogram(schema=CUSTOM_SCHEMA, count=3, sum=4.0, positive_spans=(Span(0, 2),), positive_buckets=(1, 2), custom_values=(0.5, 1.0))


def write_histograms(store: MetricStore, samples: dict[int, Histogram], labels: Labels = LATENCY) -> None:
    rows = HistogramRows.of([(labels.id, time, one.encode()) for time, one in samples.items()])
    asyncio.run(store.write(SampleBatch(*NOTHING, {labels.id: labels}, rows)))


def read_histograms(
    store: MetricStore, *matchers: str, start: int = FOREVER[0], end: int = FOREVER[1]
) -> dict[Labels, dict[int, Histogram]]:
    found = store.fetch([matcher(text) for text in matchers], start, end, Budget())
    if found.histograms is None:
        return {}
    set_, out = found.histograms, {}
    for k, labels in enumerate(found.labels):
        for row in range(set_.offsets[k], set_.offsets[k + 1]):
            body = set_.bodies[set_.ends[row] : set_.ends[row + 1]].tobytes()
            out.setdefault(labels, {})[int(set_.timestamps[row])] = Histogram.decode(body)
    return out


def test_every_kind_of_histogram_is_read_as_it_was_written(open_store: OpenStore) -> None:
    store, written = open_store(), {NOW: histogram(5), NOW + 1: FLOATS, NOW + 2: CUSTOM, NOW - DAY: histogram(2)}
    write_histograms(store, written)
    for _ in range(2):
        assert read_histograms(store) == {LATENCY: dict(sorted(written.items()))}
        assert read_histograms(store, "__name__=latency", start=NOW, end=NOW + 1) == {LATENCY: {NOW: histogram(5), NOW + 1: FLOATS}}
        assert read_histograms(store, "__name__=other") == {}
        commit(store)
    store.abandon()
    assert read_histograms(open_store()) == {LATENCY: dict(sorted(written.items()))}


def test_the_last_write_of_a_timestamp_wins_before_and_after_the_commit(store: MetricStore) -> None:
    write_histograms(store, {NOW: histogram(1)})
    commit(store)
    write_histograms(store, {NOW: histogram(2)})
    assert read_histograms(store) == {LATENCY: {NOW: histogram(2)}}
    commit(store)
    assert read_histograms(store) == {LATENCY: {NOW: histogram(2)}}


def test_of_several_writes_in_one_segment_the_last_wins(store: MetricStore) -> None:
    for count in range(1, 30):
        write_histograms(store, {NOW + k: histogram(count + k) for k in range(count % 3 + 1)})
    expected = {LATENCY: {NOW: histogram(29), NOW + 1: histogram(30), NOW + 2: histogram(31)}}
    for _ in range(2):
        assert read_histograms(store) == expected
        commit(store)
    with store._parts.pool.handle() as handle:
        handle.command("OPTIMIZE TABLE histograms FINAL")
    assert read_histograms(store) == expected


def test_series_of_floats_and_of_histograms_are_read_side_by_side(store: MetricStore) -> None:
    write(store, {OTHER: {NOW: 1.0}, LATENCY: {NOW + 5: 2.0}})
    write_histograms(store, {NOW: histogram(3)})
    for _ in range(2):
        assert read(store) == {LATENCY: {NOW + 5: 2.0}, OTHER: {NOW: 1.0}}
        assert read_histograms(store) == {LATENCY: {NOW: histogram(3)}}
        commit(store)


def test_a_histogram_takes_the_place_of_a_float_of_the_same_moment(store: MetricStore) -> None:
    write(store, {LATENCY: {NOW: 1.0, NOW + 5: 2.0}, OTHER: {NOW: 3.0}})
    write_histograms(store, {NOW: histogram(3)})
    for _ in range(2):
        assert read(store) == {LATENCY: {NOW + 5: 2.0}, OTHER: {NOW: 3.0}}
        assert read_histograms(store) == {LATENCY: {NOW: histogram(3)}}
        commit(store)
    store.delete_series([[matcher("__name__=latency")]], NOW, NOW)
    assert read(store) == {LATENCY: {NOW + 5: 2.0}, OTHER: {NOW: 3.0}}
    assert read_histograms(store) == {}


def test_histograms_outside_the_window_are_refused_and_the_others_stored(store: MetricStore) -> None:
    with pytest.raises(SamplesRejectedError, match="older than the retention") as caught:
        write_histograms(store, {NOW - 31 * DAY: histogram(1), NOW: histogram(2)})
    assert caught.value.rejected == 1
    assert read_histograms(store) == {LATENCY: {NOW: histogram(2)}}


def test_a_read_of_histograms_has_its_limit_too(store: MetricStore) -> None:
    write_histograms(store, {NOW + k: histogram(2) for k in range(100)})
    with pytest.raises(LimitExceededError):
        store.fetch([], *FOREVER, Budget(max_samples=50))


def test_exemplars_are_read_by_series_and_time(open_store: OpenStore) -> None:
    store, trace = open_store(), Labels({"trace_id": "4bf9"})
    rows = ExemplarRows.of([(LATENCY.id, NOW + k, 0.5 + k, trace.canonical) for k in range(3)])
    asyncio.run(store.write(SampleBatch(*NOTHING, {LATENCY.id: LATENCY}, exemplars=rows)))
    for _ in range(2):
        [(labels, found)] = store.exemplars([[matcher("__name__=latency")]], NOW + 1, NOW + 2, Budget())
        assert labels == LATENCY
        assert [(one.timestamp, one.value, one.labels) for one in found] == [(NOW + 1, 1.5, trace), (NOW + 2, 2.5, trace)]
        assert store.exemplars([[matcher("__name__=other")]], NOW, NOW + 9, Budget()) == []
        commit(store)


def test_retention_takes_whole_days_of_histograms_and_exemplars(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(retention={"metrics": "2d"})
    rows = ExemplarRows.of([(LATENCY.id, NOW, 0.5, b"")])
    asyncio.run(store.write(SampleBatch(*NOTHING, {LATENCY.id: LATENCY}, exemplars=rows)))
    write_histograms(store, {NOW: histogram(5)})
    commit(store)
    clock.now += 2 * DAY + 1
    assert read_histograms(store) == {}
    clock.now += DAY
    store._retention.apply()
    with store._parts.pool.handle() as handle:
        for table in ("histograms", "exemplars"):
            assert handle.rows(f"SELECT count() FROM {table}")[0][0] == 0


def test_deleted_histograms_are_gone_at_once_and_stay_so_and_new_ones_are_seen(store: MetricStore) -> None:
    write_histograms(store, {NOW: histogram(3), NOW + 5: histogram(4)})
    store.delete_series([[matcher("__name__=latency")]], NOW, NOW + 4)
    assert read_histograms(store) == {LATENCY: {NOW + 5: histogram(4)}}
    store.delete_series([[matcher("__name__=latency")]], NOW + 5, NOW + 5)
    assert read_histograms(store) == {}
    store.clean_tombstones()
    assert read_histograms(store) == {}
    write_histograms(store, {NOW: histogram(9)})
    assert read_histograms(store) == {LATENCY: {NOW: histogram(9)}}
