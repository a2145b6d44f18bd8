from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.forward.conftest import NOW, series

from fusewatch.collect.relabel import RelabelConfig, Relabeller
from fusewatch.forward.labels import FieldEncoder, Renamer
from fusewatch.storage.records import SeriesRows
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.remote_write_encode import label_fields

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
label_sets = st.dictionaries(texts, texts, max_size=5).map(Labels)


def encoded(sets, external, rules=()):
    rows = SeriesRows.of(np.arange(len(sets), dtype=np.uint64), np.arange(len(sets), dtype=np.uint64), [one.canonical for one in sets])
    offsets, blob = FieldEncoder(Renamer(external=external, relabeller=Relabeller(rules))).encode(rows)
    return [blob[start:stop].tobytes() for start, stop in pairwise(offsets.tolist())]


@given(st.lists(label_sets, max_size=5), label_sets)
def test_external_labels_are_merged_in_order_and_stand_back(sets, external):
    assert encoded(sets, external) == [label_fields(Labels({**external, **labels})) for labels in sets]


def test_relabelling_sees_external_labels_and_may_drop_a_series():
    rule = RelabelConfig.model_validate({"source_labels": ["zone"], "regex": "a", "action": "keep"})
    kept, dropped = series("up", zone="a"), series("up", zone="b")
    assert encoded([kept, dropped, series("up")], {"zone": "a"}, [rule]) == [label_fields(kept), b"", label_fields(kept)]


def test_a_series_that_loses_all_its_labels_is_dropped():
    rule = RelabelConfig.model_validate({"regex": ".*", "action": "labeldrop"})
    assert encoded([series("up")], {}, [rule]) == [b""]


def test_labels_of_ids_are_found_in_the_head_and_in_the_store(sender):
    stored, waiting = series("stored"), series("waiting")
    asyncio.run(sender.write({stored: {NOW: 1.0}}))
    sender.commit()
    asyncio.run(sender.write({waiting: {NOW: 1.0}}))
    ids = np.array([stored.id, waiting.id, 12345], np.uint64)
    for wanted in (ids, np.concatenate([ids, np.arange(20_000, dtype=np.uint64)])):  # the second: more than are asked for one by one
        rows = sender.store.labels.find(wanted)
        assert dict(zip(rows.ids.tolist(), rows.canonical, strict=True)) == {
            stored.id: stored.canonical,
            waiting.id: waiting.canonical,
        }
    assert set(sender.store.labels.active(NOW - 3_600_000).tolist()) == {stored.id, waiting.id}
    assert len(sender.store.labels.active(NOW + 10 * 3_600_000)) == 0
