from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.forward.reading import read_v1, read_v2
from tests.telemetry.histogram_strategies import custom_histograms, histograms

from fusewatch.collect.relabel import RelabelConfig, Relabeller
from fusewatch.forward.arranging import CUSTOM_BUCKETS, DROPPED_SERIES, REPEATED, TOO_OLD, UNKNOWN_SERIES, arrange
from fusewatch.forward.config import V1, V2
from fusewatch.forward.labels import Renamer
from fusewatch.forward.rows import LONG_AGO, RowList
from fusewatch.forward.wire import make_wire
from fusewatch.storage.log_reader import ReadRecord
from fusewatch.storage.records import SeriesRows, exemplars_record, histograms_record, samples_record
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows

READERS = {V1: read_v1, V2: read_v2}
times = st.integers(-10, 10) | st.integers(-(1 << 62), 1 << 62)
bits = st.integers(0, (1 << 64) - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
label_sets = st.dictionaries(texts, texts, max_size=4).map(Labels)


def as_read(record):
    """A record as a reader of the log sees it."""
    return ReadRecord(record.kind, record.received, np.frombuffer(b"".join(record.encode(1)), np.uint8)[24:].copy())


def taken(samples=(), histogram_rows=(), exemplars=()):
    """Rows of samples (id, ms, bits), of histograms (id, ms, histogram) and of exemplars (id, ms, bits, labels)."""
    taken = RowList(histograms_wanted=True, exemplars_wanted=True)
    if samples:
        ids, at, words = (np.array(column, kind) for column, kind in zip(zip(*samples, strict=True), ("u8", "i8", "u8"), strict=True))
        taken.add(as_read(samples_record(1, ids, at, words)), lambda _: None)
    if histogram_rows:
        rows = HistogramRows.of([(one, at, value.encode()) for one, at, value in histogram_rows])
        taken.add(as_read(histograms_record(1, rows)), lambda _: None)
    if exemplars:
        rows = ExemplarRows.of([(one, at, float(np.uint64(word).view("f8")), labels.canonical) for one, at, word, labels in exemplars])
        taken.add(as_read(exemplars_record(1, rows)), lambda _: None)
    return taken.rows()


def wire_of(message, label_sets, external=None, relabel=()):
    wire = make_wire(message, Renamer(external=external or {}, relabeller=Relabeller(relabel)), limit=1 << 20)
    ids = np.array([labels.id for labels in label_sets], np.uint64)
    wire.book.learn(SeriesRows.of(ids, ids, [labels.canonical for labels in label_sets]))
    return wire


def arranged(wire, rows, *, shards=1, oldest=LONG_AGO):
    slots, _ = wire.book.find(rows.ids)
    sizes = (wire.book.ends - wire.book.starts)[slots]
    return arrange(rows, slots, sizes, shards=shards, oldest=oldest, custom_buckets=wire.custom_buckets)


def requests(message, wire, rows, *, shards=1, per_request=1000):
    """What a plain reader reads of all requests, by shard."""
    found = arranged(wire, rows, shards=shards)
    return [
        [READERS[message](wire.encode(rows, found, *places)) for places in found.requests(shard, per_request)] for shard in range(shards)
    ]


@pytest.mark.parametrize("message", [V1, V2])
@settings(max_examples=60)
@given(st.data())
def test_a_plain_reader_reads_what_was_taken_from_the_log(message, data):
    sets = data.draw(st.lists(label_sets.filter(len), min_size=1, max_size=5, unique=True))
    external = data.draw(st.dictionaries(texts, texts, max_size=3))
    ids = st.sampled_from([labels.id for labels in sets])
    samples = data.draw(st.lists(st.tuples(ids, times, bits), max_size=12))
    native = data.draw(st.lists(st.tuples(ids, times, histograms()), max_size=4))
    exemplars = data.draw(st.lists(st.tuples(ids, times, bits, label_sets), max_size=4))
    wire = wire_of(message, sets, external)
    [found] = requests(message, wire, taken(samples, native, exemplars), per_request=10_000)
    expected = {}
    for labels in sorted(sets, key=lambda labels: labels.id):
        points = {at: word for one, at, word in samples if one == labels.id}
        values = {at: value for one, at, value in native if one == labels.id}
        own = [(at, word, list(shown.items())) for one, at, word, shown in exemplars if one == labels.id]
        if points or values or own:
            named = tuple(Labels({**external, **labels}).items())
            expected[named] = sorted(points.items()), sorted(values.items(), key=lambda pair: pair[0]), sorted(own, key=lambda row: row[0])
    read = [series for request in found for series in request]
    assert {tuple(series.labels): (series.samples, series.histograms, series.exemplars) for series in read} == expected
    assert len(read) == len(expected)


@pytest.mark.parametrize("message", [V1, V2])
def test_requests_hold_so_many_samples_and_a_series_stays_in_one_shard_in_order(message):
    sets = [Labels({"__name__": "m", "n": str(k)}) for k in range(200)]
    samples = [(labels.id, at, at) for at in range(20) for labels in sets]
    shards = requests(message, wire_of(message, sets), taken(samples), shards=7, per_request=100)
    assert all(sum(len(series.samples) for series in request) == 100 for shard in shards for request in shard[:-1])
    by_shard = [{} for _ in shards]
    for found, shard in zip(by_shard, shards, strict=True):
        for series in (series for request in shard for series in request):
            found.setdefault(tuple(series.labels), []).extend(series.samples)
    merged = [labels for found in by_shard for labels in found]
    assert sorted(merged) == sorted({tuple(labels.items()) for labels in sets})
    assert all(samples == [(at, at) for at in range(20)] for found in by_shard for samples in found.values())
    assert min(len(found) for found in by_shard) > 10


def test_what_does_not_go_out_is_counted_by_its_reason():
    kept, dropped, unknown = (Labels({"__name__": name}) for name in ("kept", "dropped", "unknown"))
    rule = RelabelConfig.model_validate({"source_labels": ["__name__"], "regex": "dropped", "action": "drop"})
    wire = wire_of(V1, [kept, dropped], relabel=[rule])
    custom = Histogram(schema=CUSTOM_SCHEMA, count=1, sum=1.0, custom_values=(1.0,))
    rows = taken(
        [(kept.id, 10, 1), (kept.id, 10, 2), (kept.id, 1, 3), (dropped.id, 10, 4), (unknown.id, 10, 5)],
        [(kept.id, 10, custom), (dropped.id, 10, custom)],
    )
    found = arranged(wire, rows, oldest=5)
    assert {(reason, kind): count for (reason, kind), count in np.ndenumerate(found.dropped) if count} == {
        (DROPPED_SERIES, 0): 1,
        (DROPPED_SERIES, 1): 1,
        (UNKNOWN_SERIES, 0): 1,
        (TOO_OLD, 0): 1,
        (CUSTOM_BUCKETS, 1): 1,
        (REPEATED, 0): 1,
    }
    assert [series.samples for series in read_v1(wire.encode(rows, found, 0, len(found.order)))] == [[(10, 2)]]


@settings(max_examples=30)
@given(custom_histograms())
def test_version_2_takes_histograms_with_custom_buckets(histogram):
    labels = Labels({"__name__": "m"})
    [[[series]]] = requests(V2, wire_of(V2, [labels]), taken(histogram_rows=[(labels.id, 5, histogram)]))
    assert series.histograms == [(5, histogram)]


def test_version_2_says_what_a_metric_is_with_each_of_its_series_whenever_it_was_told():
    sets = [Labels({"__name__": name}) for name in ("seconds_bucket", "seconds_sum", "up", "other")]
    wire = make_wire(V2, Renamer(external={}, relabeller=Relabeller(())), limit=1 << 20)
    wire.describe([MetricMetadata("seconds", "histogram", "How long.", "seconds")])
    ids = np.array([labels.id for labels in sets], np.uint64)
    wire.book.learn(SeriesRows.of(ids, ids, [labels.canonical for labels in sets]))
    wire.describe([MetricMetadata("up", "gauge", "Whether.")])
    [[series]] = requests(V2, wire, taken([(labels.id, 1, 1) for labels in sets]))
    assert {one.labels[0][1]: one.metadata for one in series} == {
        "seconds_bucket": (3, "How long.", "seconds"),
        "seconds_sum": (3, "How long.", "seconds"),
        "up": (2, "Whether.", ""),
        "other": (0, "", ""),
    }


def test_the_book_forgets_what_was_not_asked_for_but_nothing_in_use():
    sets = [Labels({"__name__": "m", "n": str(k), "padding": "x" * 1000}) for k in range(3000)]
    wire = wire_of(V1, sets[:1000])
    in_use = np.array([labels.id for labels in sets[:500]], np.uint64)
    wire.book.find(in_use)
    ids = np.array([labels.id for labels in sets[1000:]], np.uint64)
    wire.book.learn(SeriesRows.of(ids, ids, [labels.canonical for labels in sets[1000:]]))
    assert wire.book.find(in_use)[1] == 0
    assert wire.book.find(np.array([labels.id for labels in sets[500:1000]], np.uint64))[1] == 500
    [[series]] = requests(V1, wire, taken([(sets[7].id, 1, 1)]))
    assert dict(series[0].labels) == sets[7].as_dict()


def test_version_2_begins_anew_when_its_texts_take_too_much():
    sets = [Labels({"__name__": "m", "n": str(k) * 1000}) for k in range(3000)]
    wire = wire_of(V2, sets)
    wire.trim()
    assert wire.book.find(np.array([sets[0].id], np.uint64))[1] == 1
    ids = np.array([sets[0].id], np.uint64)
    wire.book.learn(SeriesRows.of(ids, ids, [sets[0].canonical]))
    [[series]] = requests(V2, wire, taken([(sets[0].id, 1, 1)]))
    assert dict(series[0].labels) == sets[0].as_dict()
