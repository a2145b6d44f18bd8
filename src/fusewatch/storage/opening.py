"""Opening a store: the folder claimed, the tables brought up to date, the series loaded, the log replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from fusewatch.storage.bounds import SampleBounds
from fusewatch.storage.chunk_cache import ChunkCache
from fusewatch.storage.chunk_span import ChunkSpan
from fusewatch.storage.client import ClientPool, Endpoint, Handle
from fusewatch.storage.committer import Committer
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.door import Door
from fusewatch.storage.door_opening import open_door
from fusewatch.storage.errors import ClickHouseError, DiskFullError, StoreOpenError
from fusewatch.storage.events import MetadataStore
from fusewatch.storage.folder import DataFolder, as_open_errors
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.generations import Generations
from fusewatch.storage.histogram_reader import metrics_with_histograms
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.merging import clear_staging
from fusewatch.storage.migrations import migrate
from fusewatch.storage.partitions import BlockRows, find_blocks
from fusewatch.storage.queried import QueriedMetrics
from fusewatch.storage.recent import RecentSamples, Run
from fusewatch.storage.recent_filling import runs_at_start
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.spare_segments import SpareSegments
from fusewatch.storage.tombstones import Graveyard
from fusewatch.storage.wal import SegmentFile, find_segments
from fusewatch.telemetry.clock import Clock

#: Eight queries at a time, and what the components need beside them.
HANDLES: Final = 12
_NO_SPACE_CODE: Final = 243
# A series whose samples were all deleted has no hours, but the log may hold new samples that do not name it again.
_SERIES: Final = """
WITH hours AS (SELECT id, min(first) AS first, max(last) AS last, 1 AS known FROM series_hours GROUP BY id)
SELECT id, any(metric_hash) AS metric_hash, toUInt32(any(if(known, first, 4294967295))) AS first, toUInt32(any(last)) AS last
FROM series
LEFT JOIN hours USING id
GROUP BY id
"""
_ENGINES: Final = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
_HIGHEST_SEQ: Final = """
SELECT max(seq)
FROM (
    SELECT seq FROM samples
    UNION ALL SELECT seq FROM histograms
    UNION ALL SELECT seq FROM exemplars
    UNION ALL SELECT seq FROM metadata
    UNION ALL SELECT seq FROM events
    UNION ALL SELECT seq FROM chunks
    UNION ALL SELECT seq FROM rollups
    UNION ALL SELECT seq FROM tombstones
)
"""


HandOn = Callable[[], object]
#: Gets each segment that ClickHouse has, from whatever thread commits.
HandOver = Callable[[SegmentFile], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What an open store is made of; ``door`` where this process is the receiver too."""

    folder: DataFolder
    pool: ClientPool
    table: SeriesTable
    follower: LogFollower
    committer: Committer
    metadata: MetadataStore
    door: Door | None
    generations: Generations
    graveyard: Graveyard
    span: ChunkSpan
    chunks: ChunkCache
    queried: QueriedMetrics
    schema_version: int


def open_parts(
    settings: StorageSettings, folder: DataFolder, clock: Clock, *, receiver: HandOn | None = None, hand_over: HandOver | None = None
) -> Parts:
    """Everything opened, the log of an earlier run committed.

    ``receiver``: the log is written by another process, and this makes it end its newest segment.
    ``hand_over`` gets each segment that is committed, instead of its end.

    Raises:
        StoreOpenError: with one line that says what to do; nothing is left open, the folder neither.
    """
    pool = ClientPool(Endpoint(settings, folder.path), size=HANDLES)
    try:
        with as_open_errors(folder.path), _clickhouse_open_errors(folder.path):
            log_folder(folder.path).mkdir(exist_ok=True)
            return _open(settings, folder, pool, clock, receiver, hand_over)
    except BaseException:
        pool.close()
        folder.close()
        raise


def _open(
    settings: StorageSettings, folder: DataFolder, pool: ClientPool, clock: Clock, receiver: HandOn | None, hand_over: HandOver | None
) -> Parts:
    table, metadata = SeriesTable(), MetadataStore(pool=pool)
    with pool.handle() as handle:
        version = migrate(handle)
        _set_sync(handle, on=settings.fsync)
        for block in handle.blocks(_SERIES):
            table.load(block["id"], block["metric_hash"], block["first"], block["last"], clock.now_ms() // HOUR_MS)
        clear_staging(handle)
        blocks = find_blocks(handle)
        generations, graveyard, span = Generations(blocks), Graveyard.read(handle), ChunkSpan.read(handle)
        bounds = SampleBounds.read(handle, span)
        histogram_metrics = metrics_with_histograms(handle)
    metadata.load()
    queried = QueriedMetrics(pool=pool, clock=clock)
    queried.load()
    files = find_segments(log_folder(folder.path))
    committed = files[0].number - 1 if files else highest_seq(pool)
    held = _held(pool, blocks, table, committed, settings.head_limit) if not len(graveyard.current) else ()
    door = None if receiver is not None else open_door(settings, folder.path, clock)
    spares = SpareSegments(log_folder(folder.path), sync=settings.fsync)
    follower = LogFollower(
        folder=log_folder(folder.path),
        table=table,
        learn=metadata.remember,
        bounds=bounds,
        hand_over=hand_over or (lambda file: spares.put(file.path)),
        recent=RecentSamples(settings.head_limit, blocks, held),
    )
    follower.histogram_metrics |= histogram_metrics
    hand_on = receiver or partial(_hand_on, door)
    committer = Committer(follower=follower, pool=pool, generations=generations, committed=committed, hand_on=hand_on)
    try:
        _replay(follower, committer)
    except BaseException:
        follower.close()
        if door is not None:
            door.close()
        raise
    return Parts(
        folder=folder,
        pool=pool,
        table=table,
        follower=follower,
        committer=committer,
        metadata=metadata,
        door=door,
        generations=generations,
        graveyard=graveyard,
        span=span,
        chunks=ChunkCache(settings.chunk_cache_limit),
        queried=queried,
        schema_version=version,
    )


def _held(pool: ClientPool, blocks: Sequence[BlockRows], table: SeriesTable, committed: int, limit: int) -> tuple[Run, ...]:
    """Rows without tombstones: of what is held they would need to know when it was written."""
    with pool.handle() as handle:
        return runs_at_start(handle, blocks, table, committed, limit)


def _replay(follower: LogFollower, committer: Committer) -> None:
    """Commits what an earlier run left in the log, segment by segment, so that no more memory is needed than while running."""
    before = committer.commits
    while follower.advance():
        while committer.commit_oldest():
            structlog.get_logger(component="storage").info("replayed the write-ahead log", segments=committer.commits - before)


def _hand_on(door: Door | None) -> None:
    if door is not None:
        door.hand_on(force=True)


def highest_seq(pool: ClientPool) -> int:
    """The last segment of which ClickHouse has anything; only asked where no log is left to say it."""
    with pool.handle() as handle:
        return int(handle.rows(_HIGHEST_SEQ)[0][0])


def _set_sync(handle: Handle, *, on: bool) -> None:
    """Whether an insert is on disk when it returns; it must be where the log is, for its segment goes then."""
    tables = (
        "series",
        "series_hours",
        "samples",
        "chunks",
        "chunks_staging",
        "rollups",
        "rollups_staging",
        "tombstones",
        "histograms",
        "exemplars",
        "metadata",
        "events",
    )
    wanted = f"fsync_after_insert = {int(on)}, fsync_part_directory = {int(on)}"
    # Nearly always they have it from an earlier start, and each ALTER takes 3 ms and a write to the disk.
    engines = {str(name): str(engine) for name, engine in handle.rows(_ENGINES)}
    for table in tables:
        if wanted not in engines.get(table, ""):
            handle.command(f"ALTER TABLE {table} MODIFY SETTING {wanted}")


@contextmanager
def _clickhouse_open_errors(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        if error.code == _NO_SPACE_CODE or "No space left" in str(error):
            message = f"no space left on the disk of {data_dir}: free some space or choose a folder on another disk with --data"
            raise DiskFullError(message) from error
        raise StoreOpenError(f"ClickHouse could not be opened: {error}") from error
