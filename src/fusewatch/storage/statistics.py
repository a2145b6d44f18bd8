"""Figures of the store, for /metrics and the status page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.folder import disk_usage
from fusewatch.storage.opening import Parts
from fusewatch.storage.sealer import Sealer
from fusewatch.storage.store_door import DoorStatistics

#: Bytes, and chunks. Those of metric 0 hold timestamps that chunks share; the key begins with the metric, so they are counted in no time.
_STORED: Final = """
SELECT
    sum(bytes_on_disk),
    sumIf(rows, table = 'chunks') - (SELECT count() FROM chunks WHERE metric = 0)
FROM system.parts
WHERE active AND database = currentDatabase()
"""


@dataclass(frozen=True, slots=True)
class StorageStatistics:
    """The store at one moment; sizes in bytes, times in ms UTC (None: no samples), durations as they say.

    ``chunks`` are one per series and two hours, or day once that is merged; samples that are not compressed yet are in none.
    ``head_samples`` are committed and held in memory as well.
    ``waiting_samples`` and ``queue_bytes`` are what ClickHouse does not have yet, ``queue_limit`` from where on writes are refused;
    ``read_only_reason`` is why nothing at all is stored, None while it is.
    ``retention_ms`` and ``retention_bytes`` are 0 for no limit. ``seal_lag_s`` and ``merge_lag_s`` say for how long the oldest block has
    been over and is not compressed yet, and the oldest day and is not merged yet; 0 while there is none.
    """

    series: int
    chunks: int
    head_samples: int
    head_bytes: int
    waiting_samples: int
    queue_bytes: int
    queue_limit: int
    log_bytes: int
    log_segments: int
    disk_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int
    oldest_sample: int | None
    newest_sample: int | None
    retention_ms: int
    retention_bytes: int
    commits: int
    last_commit_s: float
    written_samples: int
    refused_samples: int
    schema_version: int
    read_only_reason: str | None
    sealed_samples: int
    merged_samples: int
    last_seal_s: float
    last_merge_s: float
    seal_lag_s: float
    merge_lag_s: float
    tombstones: int


def read_statistics(
    settings: StorageSettings, data_dir: Path, parts: Parts, *, sealer: Sealer, oldest: int, door: DoorStatistics
) -> StorageStatistics:
    """The figures of an open store, whose samples begin at ``oldest`` (ms). Blocks."""
    follower, disk = parts.follower, disk_usage(data_dir)
    follower.catch_up()
    with parts.pool.handle() as handle:
        (stored,) = handle.rows(_STORED)
    log_sizes, bounds = follower.log_sizes, follower.bounds.since(oldest)
    return StorageStatistics(
        series=parts.table.alive,
        chunks=int(stored[1]),
        head_samples=follower.recent.count,
        head_bytes=follower.recent.size,
        waiting_samples=follower.waiting_rows,
        queue_bytes=sum(log_sizes),
        queue_limit=settings.queue,
        log_bytes=sum(log_sizes),
        log_segments=len(log_sizes),
        disk_bytes=int(stored[0]),
        disk_free_bytes=disk.free,
        disk_total_bytes=disk.total,
        oldest_sample=bounds.oldest,
        newest_sample=bounds.newest,
        retention_ms=settings.retention.metrics,
        retention_bytes=settings.retention.size,
        commits=parts.committer.commits,
        last_commit_s=parts.committer.last_commit_s,
        written_samples=door.written,
        refused_samples=door.refused,
        schema_version=parts.schema_version,
        read_only_reason=door.refusing,
        tombstones=len(parts.graveyard.current),
        **asdict(sealer.statistics()),
    )
