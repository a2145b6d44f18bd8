"""Runs every kernel of the store once, on next to nothing."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import numpy as np

from fusewatch.storage.book import SeriesBook
from fusewatch.storage.bounds import SampleBounds
from fusewatch.storage.catalog import Selection
from fusewatch.storage.chunk_warming import warm_chunks
from fusewatch.storage.committer import Ranks, sample_columns
from fusewatch.storage.door import Door, DoorLimits
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.reader import assemble, place_stored, select_from
from fusewatch.storage.rollup_warming import warm_rollups
from fusewatch.storage.series_columns import series_columns
from fusewatch.storage.series_table import SeriesTable
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.labels import Labels


def warm_door(folder: Path) -> Door:
    """A door in an empty folder, all of whose kernels are compiled, or loaded from what an earlier process compiled."""
    limits = DoorLimits(retention=0, future=1 << 60, queue=1 << 20, segment_rows=100, segment_age_s=1)
    # Past its first capacity, so that growing is compiled too.
    book = SeriesBook(capacity=2)
    door = Door(folder=folder, book=book, limits=limits, clock=SystemClock(), sync=False)
    for number in range(8):
        ref = book.learn(Labels({"__name__": "up", "n": str(number)}))
        book.remember(np.uint64(number), np.uint64(number), ref)
    refs = np.array([1], np.uint32)
    asyncio.run(door.write_decoded(Decoded(book.epoch, refs, np.zeros(1, np.int64), np.zeros(1, np.uint64))))
    return door


def warm_kernels() -> None:
    """Compiles them, or loads what an earlier process compiled."""
    with tempfile.TemporaryDirectory() as folder:
        door, table = warm_door(Path(folder)), SeriesTable(capacity=2)
        follower = LogFollower(folder=Path(folder), table=table, learn=lambda _: None, bounds=SampleBounds(), hand_over=lambda _: None)
        follower.catch_up()
        view = follower.view()[0]
        follower.close()
        door.close()
    warm_chunks()
    warm_rollups()
    table.take_moved_hours()
    series_columns(follower.waiting_series()[0], 1)
    sample_columns(view.columns, table, Ranks(table).current(), 1)
    labels = Labels({"__name__": "up"})
    ids = np.array([labels.id], np.uint64)
    refs, _ = table.find(ids)
    selection = Selection([labels], ids, refs, table.metrics[refs])
    stored = {name: np.frombuffer(bytes(8), dtype) for name, dtype in (("id", "u8"), ("timestamp", "i8"), ("value", "f8"), ("seq", "u8"))}
    by_id = np.argsort(ids)
    assemble(1, [select_from(view, selection, (0, 1)), place_stored(stored, ids[by_id], by_id)])
