"""Figures of the store, for /metrics and the status page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fusewatch.storage.chunk_span import ChunkSpan
from fusewatch.storage.client import Handle
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.folder import disk_usage
from fusewatch.storage.opening import Parts
from fusewatch.storage.sealer import Sealer
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Int64s

_TOP: Final = 10
_STORED: Final = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
#: The first and last day alone: the edges of the partition key are known without reading a row.
_BOUNDS: Final = """
WITH (SELECT (min(block), max(block)) FROM samples) AS edges
SELECT count(), min(timestamp), max(timestamp)
FROM samples
WHERE block IN (edges.1, edges.2)
"""


@dataclass(frozen=True, slots=True)
class StorageStatistics:
    """The store at one moment; sizes in bytes, times in ms UTC (None: no samples), durations as they say.

    ``waiting_samples`` and ``queue_bytes`` are what ClickHouse does not have yet, ``queue_limit`` from where on writes are refused;
    ``read_only_reason`` is why nothing at all is stored, None while it is.
    ``retention_ms`` and ``retention_bytes`` are 0 for no limit. ``seal_lag_s`` and ``merge_lag_s`` say for how long the oldest block has
    been over and is not compressed yet, and the oldest day and is not merged yet; 0 while there is none.
    """

    series: int
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


@dataclass(slots=True)
class SampleBounds:
    """The timestamps (ms) of the oldest and the newest sample, None without any; kept up with each write, so that asking reads nothing."""

    oldest: int | None = None
    newest: int | None = None

    @classmethod
    def read(cls, handle: Handle, chunks: ChunkSpan) -> SampleBounds:
        """What ClickHouse holds, in rows and in ``chunks``. Blocks."""
        ((count, oldest, newest),) = handle.rows(_BOUNDS)
        bounds = cls(int(oldest), int(newest)) if count else cls()
        if chunks.bounds is not None:
            bounds.widen(np.array(chunks.bounds))
        return bounds

    def widen(self, timestamps: Int64s) -> None:
        """Takes further samples in."""
        if len(timestamps):
            low, high = int(timestamps.min()), int(timestamps.max())
            self.oldest = low if self.oldest is None else min(self.oldest, low)
            self.newest = high if self.newest is None else max(self.newest, high)

    def since(self, oldest: int) -> SampleBounds:
        """These bounds with everything before ``oldest`` left out."""
        if self.oldest is None or self.newest is None or self.newest < oldest:
            return SampleBounds()
        return SampleBounds(max(self.oldest, oldest), self.newest)


@dataclass(frozen=True, slots=True)
class Cardinality:
    """Where the series come from: each list is (name, count), the largest first.

    ``memory_by_label_name`` counts the bytes of the label's values, over all series.
    """

    series: int
    label_pairs: int
    series_by_metric: Sequence[tuple[str, int]]
    values_by_label_name: Sequence[tuple[str, int]]
    memory_by_label_name: Sequence[tuple[str, int]]
    series_by_label_pair: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, series: Sequence[Labels], limit: int = _TOP) -> Cardinality:
        """Counts label sets."""
        pairs = Counter(pair for labels in series for pair in labels.pairs)
        values, memory = Counter[str](), Counter[str]()
        for (name, value), count in pairs.items():
            values[name] += 1
            memory[name] += len(value.encode()) * count
        by_metric = Counter({value: count for (name, value), count in pairs.items() if name == METRIC_NAME})
        by_pair = Counter({f"{name}={value}": count for (name, value), count in pairs.items()})
        return cls(
            series=len(series),
            label_pairs=len(pairs),
            series_by_metric=by_metric.most_common(limit),
            values_by_label_name=values.most_common(limit),
            memory_by_label_name=memory.most_common(limit),
            series_by_label_pair=by_pair.most_common(limit),
        )


def read_statistics(
    settings: StorageSettings,
    data_dir: Path,
    parts: Parts,
    *,
    sealer: Sealer,
    bounds: SampleBounds,
    written: int,
    refused: int,
) -> StorageStatistics:
    """The figures of an open store. Blocks."""
    intake, disk = parts.intake, disk_usage(data_dir)
    with parts.pool.handle() as handle:
        (stored,) = handle.rows(_STORED)
    log_sizes = intake.log_sizes
    return StorageStatistics(
        series=parts.table.alive,
        waiting_samples=intake.waiting_rows,
        queue_bytes=intake.queue_bytes,
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
        written_samples=written,
        refused_samples=refused,
        schema_version=parts.schema_version,
        read_only_reason=intake.refusing,
        tombstones=len(parts.graveyard.current),
        **asdict(sealer.statistics()),
    )
