"""Runs every kernel of the store once, on next to nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from fusewatch.storage.bounds import SampleBounds
from fusewatch.storage.catalog import Selection
from fusewatch.storage.chunk_warming import warm_chunks
from fusewatch.storage.committer import Ranks, sample_columns
from fusewatch.storage.door_warming import warm_door
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.reader import assemble, place_stored, select_from
from fusewatch.storage.recent import RecentSamples, RecentView, Run
from fusewatch.storage.rollup_warming import warm_rollups
from fusewatch.storage.series_columns import series_columns
from fusewatch.storage.series_table import SeriesTable
from fusewatch.telemetry.labels import Labels


def warm_kernels() -> None:
    """Compiles them, or loads what an earlier process compiled."""
    with tempfile.TemporaryDirectory() as folder:
        door, table = warm_door(Path(folder)), SeriesTable(capacity=2)
        follower = LogFollower(
            folder=Path(folder),
            table=table,
            learn=lambda _: None,
            bounds=SampleBounds(),
            hand_over=lambda _: None,
            recent=RecentSamples(0),
        )
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
    held = RecentView((Run.merged([Run.of(1, view.columns)]),), 1, {0: 1}).rows(refs, 0, 1)
    assemble(1, [select_from(view, selection, (0, 1)), place_stored(stored, ids[by_id], by_id), *held])
