"""Runs every kernel of the store once, on next to nothing."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import cramjam
import numpy as np

from fusewatch.storage.catalog import Selection
from fusewatch.storage.chunk_warming import warm_chunks
from fusewatch.storage.committer import Ranks, sample_columns
from fusewatch.storage.head import Columns
from fusewatch.storage.intake import Entry, Intake, IntakeLimits
from fusewatch.storage.reader import assemble, place_stored, select_from
from fusewatch.storage.remote_writer import RemoteWriter
from fusewatch.storage.series_kernels import outside
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.wal import LogWriter
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.labels import Labels

#: A WriteRequest with one sample of {__name__="up"}, at 0 s.
_REQUEST = b"\x0a\x14\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x02\x10\x01"


def warm_kernels() -> None:
    """Compiles them, or loads what an earlier process compiled."""
    table = SeriesTable(capacity=2)
    writer = RemoteWriter(table=table, max_series=0)
    body = bytes(cramjam.snappy.compress_raw(_REQUEST))
    rows = asyncio.run(writer.decode(body)).rows
    outside(rows.timestamps, 0, 1)
    # Past its first capacity, so that growing is compiled too.
    for number in range(8):
        ref = table.add(Labels({"__name__": "up", "n": str(number)}).canonical)
        table.remember(np.uint64(number), np.uint64(number), ref)
    with tempfile.TemporaryDirectory() as folder:
        _warm_log(Path(folder), table, rows)
    warm_chunks()


def _warm_log(folder: Path, table: SeriesTable, rows: Columns) -> None:
    intake = Intake(
        folder=folder,
        table=table,
        log=LogWriter(folder, sync=False),
        limits=IntakeLimits(segment_rows=100, segment_age_s=1, queue_bytes=1 << 20),
        clock=SystemClock(),
        next_segment=1,
    )
    intake.take((Entry(table.epoch, rows),))
    view = intake.view()[0]
    intake.close()
    table.take_moved_hours()
    sample_columns(view.columns, table, Ranks(table).current(), 1)
    labels = Labels({"__name__": "up"})
    ids = np.array([labels.id], np.uint64)
    refs, _ = table.find(ids)
    selection = Selection([labels], ids, refs, table.metrics[refs])
    stored = {name: np.frombuffer(bytes(8), dtype) for name, dtype in (("id", "u8"), ("timestamp", "i8"), ("value", "f8"), ("seq", "u8"))}
    by_id = np.argsort(ids)
    assemble(1, [select_from(view, selection, (0, 1)), place_stored(stored, ids[by_id], by_id)])
