"""A read of chunks of which some are at hand: what is missing is asked for whole days, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fusewatch.storage.chunk_cache import ChunkCache, Part, days_of
from fusewatch.storage.chunk_query import ChunkQuery
from fusewatch.storage.chunk_rows import ChunkRows, TimePool
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.samples import UInt64s

#: Larger reads are not kept: more metrics, more days, or as many series and days as would take a quarter of the cache.
_MOST_METRICS: Final = 16
_MOST_DAYS: Final = 40
_GUESS_BYTES: Final = 5_000
_EVER: Final = 1 << 62

Ask = Callable[[ChunkQuery], tuple[ChunkRows, TimePool]]


@dataclass(frozen=True, slots=True)
class CachedRead:
    """The query's series by metric (ids ascending), its days, and their versions when it began."""

    query: ChunkQuery
    cache: ChunkCache
    series: dict[int, UInt64s]
    versions: dict[int, int]

    @classmethod
    def of(cls, query: ChunkQuery, cache: ChunkCache) -> CachedRead | None:
        """The read, or None where it is not worth keeping."""
        first, last = query.days
        days = range(first, last + 1, DAY_HOURS)
        if len(days) > _MOST_DAYS or len(query.ids) * len(days) * _GUESS_BYTES > cache.limit // 4:
            return None
        metrics = np.unique(query.metrics).tolist()
        if len(metrics) > _MOST_METRICS:
            return None
        series = {metric: np.sort(query.ids[query.metrics == metric]) for metric in metrics}
        return cls(query, cache, series, {day: cache.version(day) for day in days})

    def read(self, ask: Ask) -> tuple[ChunkRows, TimePool]:
        """The chunks of the query, and the timestamps that they name; ``ask`` is for those that are missing."""
        found: list[tuple[ChunkRows, TimePool]] = []
        missing: dict[tuple[int, int], UInt64s] = {}
        for day in self.versions:
            for metric, ids in self.series.items():
                part = self.cache.find(metric, day)
                lacking = ids if part is None else np.setdiff1d(ids, part.ids, assume_unique=True)
                if part is not None and len(lacking) < len(ids):
                    found.append((part.of(ids, self.query.start, self.query.end), part.pool))
                if len(lacking):
                    missing[metric, day] = lacking
        found += self._asked(ask, missing)
        rows = ChunkRows.of([chunks.part(slice(None)) for chunks, _ in found])
        return rows, TimePool.joined([pool for _, pool in found])

    def _asked(self, ask: Ask, missing: dict[tuple[int, int], UInt64s]) -> list[tuple[ChunkRows, TimePool]]:
        if not missing:
            return []
        ids = np.unique(np.concatenate(list(missing.values())))
        wanted = np.isin(self.query.ids, ids)
        # From the start of the first day that lacks any to the end of the last: the first day has all before the epoch as well.
        first, last = min(day for _, day in missing), max(day for _, day in missing)
        start, end = first * HOUR_MS if first else -_EVER, (last + DAY_HOURS) * HOUR_MS - 1
        rows, pool = ask(replace(self.query, ids=self.query.ids[wanted], metrics=self.query.metrics[wanted], start=start, end=end))
        days, found = days_of(rows), []
        for (metric, day), lacking in missing.items():
            chosen = (days == day) & (rows.metric == np.uint64(metric)) & np.isin(rows.id, lacking)
            chunks = rows.chosen(np.flatnonzero(chosen))
            part = Part(lacking, chunks, pool.only(chunks))
            self.cache.keep(metric, day, self.versions[day], part)
            found.append((part.of(lacking, self.query.start, self.query.end), part.pool))
        return found
