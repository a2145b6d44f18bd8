"""Runs every kernel of remote write once, on next to nothing."""

from __future__ import annotations

import numpy as np

from fusewatch.collect.relabel import Relabeller
from fusewatch.forward.arranging import arrange
from fusewatch.forward.config import V1, V2
from fusewatch.forward.labels import Renamer
from fusewatch.forward.rows import EXEMPLAR, HISTOGRAM, LONG_AGO, SAMPLE, Rows
from fusewatch.forward.wire import make_wire
from fusewatch.storage.records import SeriesRows
from fusewatch.storage.strings import gather
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels


def warm() -> None:
    """Compiles them, or loads what an earlier process compiled."""
    labels = Labels({"__name__": "up"})
    ids, text = np.full(3, labels.id, np.uint64), Labels({"trace_id": "1"}).canonical
    rows = Rows(
        ids,
        np.array([SAMPLE, HISTOGRAM, EXEMPLAR], np.uint8),
        np.zeros(3, np.int64),
        np.zeros(3, np.uint64),
        np.frombuffer(bytearray(Histogram(schema=0, count=0, sum=0.0).encode()), np.uint64),
        np.zeros(1, np.uint64),
        np.array([0, len(text)], np.int64),
        np.frombuffer(bytearray(text), np.uint8),
    )
    for message in (V1, V2):
        wire = make_wire(message, Renamer(external={"a": "b"}, relabeller=Relabeller(())), limit=1 << 20)
        book = wire.book
        book.learn(SeriesRows.of(ids[:1], ids[:1], [labels.canonical]))
        gather(book.blob, book.starts[:1], np.zeros(2, np.int64), np.empty(0, np.uint8))
        slots, _ = book.find(ids)
        sizes = (book.ends - book.starts)[slots]
        arranged = arrange(rows, slots, sizes, shards=1, oldest=LONG_AGO, custom_buckets=wire.custom_buckets)
        wire.encode(rows, arranged, 0, 3)
