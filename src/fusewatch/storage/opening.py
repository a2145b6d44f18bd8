"""Opening a store: the folder claimed, the tables brought up to date, the series loaded, the log replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from fusewatch.storage.chunk_span import ChunkSpan
from fusewatch.storage.client import ClientPool, Endpoint, Handle
from fusewatch.storage.committer import Committer
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.errors import ClickHouseError, DiskFullError, StoreOpenError
from fusewatch.storage.folder import DataFolder, as_open_errors
from fusewatch.storage.generations import Generations
from fusewatch.storage.intake import Intake, IntakeLimits
from fusewatch.storage.merging import clear_staging
from fusewatch.storage.migrations import migrate
from fusewatch.storage.partitions import find_blocks
from fusewatch.storage.replay import read_log
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.tombstones import Graveyard
from fusewatch.storage.wal import LogWriter, find_segments
from fusewatch.telemetry.clock import Clock

#: Eight queries at a time, and what the components need beside them.
_HANDLES: Final = 12
_LOG_FOLDER: Final = "wal"
_NO_SPACE_CODE: Final = 243
# A series whose samples were all deleted has no hours, but the log may hold new samples that do not name it again.
_SERIES: Final = """
WITH hours AS (SELECT id, min(first) AS first, max(last) AS last, 1 AS known FROM series_hours GROUP BY id)
SELECT id, any(metric_hash) AS metric_hash, toUInt32(any(if(known, first, 4294967295))) AS first, toUInt32(any(last)) AS last
FROM series
LEFT JOIN hours USING id
GROUP BY id
"""
_HIGHEST_SEQ: Final = """
SELECT max(seq)
FROM (SELECT seq FROM samples UNION ALL SELECT seq FROM events UNION ALL SELECT seq FROM chunks UNION ALL SELECT seq FROM tombstones)
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an open store is made of."""

    folder: DataFolder
    pool: ClientPool
    table: SeriesTable
    intake: Intake
    committer: Committer
    generations: Generations
    graveyard: Graveyard
    span: ChunkSpan
    schema_version: int


def open_parts(settings: StorageSettings, data_dir: Path, clock: Clock) -> Parts:
    """Everything opened, the log of an earlier run committed.

    Raises:
        StoreOpenError: with one line that says what to do; nothing is left open.
    """
    folder = DataFolder.claim(data_dir)
    pool = ClientPool(Endpoint(settings, data_dir), size=_HANDLES)
    try:
        with as_open_errors(data_dir), _clickhouse_open_errors(data_dir):
            return _open(settings, folder, pool, clock)
    except BaseException:
        pool.close()
        folder.close()
        raise


def _open(settings: StorageSettings, folder: DataFolder, pool: ClientPool, clock: Clock) -> Parts:
    table = SeriesTable()
    with pool.handle() as handle:
        version = migrate(handle)
        _set_sync(handle, on=settings.fsync)
        for block in handle.blocks(_SERIES):
            table.load(block["id"], block["metric_hash"], block["first"], block["last"])
        clear_staging(handle)
        generations, graveyard, span = Generations(find_blocks(handle)), Graveyard.read(handle), ChunkSpan.read(handle)
    log_folder = folder.path / _LOG_FOLDER
    log_folder.mkdir(exist_ok=True)
    files = find_segments(log_folder)
    last = files[-1].number if files else _highest_seq(pool)
    intake = Intake(
        folder=log_folder,
        table=table,
        log=LogWriter(log_folder, sync=settings.fsync),
        limits=IntakeLimits(settings.commit_rows, settings.commit_interval / 1000, settings.queue),
        clock=clock,
        next_segment=last + 1,
    )
    committer = Committer(intake=intake, pool=pool, generations=generations, committed=files[0].number - 1 if files else last)
    try:
        for number, segment in enumerate(read_log(files, table), start=1):
            intake.restore(segment)
            committer.commit_oldest()
            structlog.get_logger(component="storage").info("replayed the write-ahead log", segment=number, of=len(files))
    except BaseException:
        intake.close()
        raise
    return Parts(
        folder=folder,
        pool=pool,
        table=table,
        intake=intake,
        committer=committer,
        generations=generations,
        graveyard=graveyard,
        span=span,
        schema_version=version,
    )


def _highest_seq(pool: ClientPool) -> int:
    """The last segment that was committed; only asked where no log is left to say it."""
    with pool.handle() as handle:
        return int(handle.rows(_HIGHEST_SEQ)[0][0])


def _set_sync(handle: Handle, *, on: bool) -> None:
    """Whether an insert is on disk when it returns; it must be where the log is, for its segment goes then."""
    for table in ("series", "series_hours", "samples", "chunks", "chunks_staging", "tombstones", "metadata", "events"):
        handle.command(f"ALTER TABLE {table} MODIFY SETTING fsync_after_insert = {int(on)}, fsync_part_directory = {int(on)}")


@contextmanager
def _clickhouse_open_errors(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        if error.code == _NO_SPACE_CODE or "No space left" in str(error):
            message = f"no space left on the disk of {data_dir}: free some space or choose a folder on another disk with --data"
            raise DiskFullError(message) from error
        raise StoreOpenError(f"ClickHouse could not be opened: {error}") from error
