"""What each metric takes on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.storage.client import Handle
from fusewatch.storage.sql import Condition
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Bytes that a row takes beside its data, roughly: of its columns only the id does not nearly vanish.
_ROW_BYTES: Final = 8
#: By table: how much a row weighs beside the others, and how many samples it is.
_TABLES: Final = {
    "chunks": (f"length(data) + {_ROW_BYTES}", "count"),
    "samples": ("1", "1"),
    "histograms": (f"length(body) + {_ROW_BYTES}", "1"),
    # Copies of samples that are counted already; of their columns these are the ones that grow.
    "rollups": (f"length(windows) + length(sums) + length(mins) + length(maxs) + length(firsts) + length(lasts) + {_ROW_BYTES}", "0"),
}
_SIZES: Final = """
SELECT table, sum(bytes_on_disk)
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('chunks', 'samples', 'histograms', 'rollups')
GROUP BY table
"""
_WEIGHTS: Final = """
SELECT metric, toUInt64(sum({weight})) AS weight, toUInt64(sum({samples})) AS samples
FROM {table}
WHERE {condition}
GROUP BY metric
SETTINGS max_execution_time = 60
"""
_ONLY: Final = "id IN (SELECT id FROM series WHERE {condition})"


@dataclass(frozen=True, slots=True)
class MetricCosts:
    """By metric (n, ascending hashes): bytes on disk and samples.

    The bytes of a table are shared out among its metrics by the length of what their rows hold.
    """

    metrics: UInt64s
    bytes: Int64s
    samples: Int64s

    @classmethod
    def read(cls, handle: Handle, only: Condition | None = None) -> MetricCosts:
        """The costs of all series, or of some (a condition on the table ``series``). Blocks.

        Raises:
            ClickHouseError: they can't be read.
        """
        sizes = {str(table): int(size) for table, size in handle.rows(_SIZES)}
        parts = [_read_table(handle, table, size, only) for table, size in sizes.items()]
        if not parts:
            return cls(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))
        metrics, weights, samples = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        names, places = np.unique(metrics, return_inverse=True)
        summed = [np.bincount(places, column, len(names)).astype(np.int64) for column in (weights, samples)]
        return cls(names, *summed)

    def of(self, metrics: UInt64s) -> tuple[Int64s, Int64s]:
        """Bytes and samples of each of some metrics (n)."""
        if not len(self.metrics):
            return np.zeros(len(metrics), np.int64), np.zeros(len(metrics), np.int64)
        places = np.minimum(np.searchsorted(self.metrics, metrics), len(self.metrics) - 1)
        known = self.metrics[places] == metrics
        return np.where(known, self.bytes[places], 0), np.where(known, self.samples[places], 0)


def _read_table(handle: Handle, table: str, size: int, only: Condition | None) -> tuple[UInt64s, Int64s, Int64s]:
    """Metrics, bytes and samples of a table that takes ``size`` bytes."""
    weight, samples = _TABLES[table]
    everything = _WEIGHTS.format(table=table, weight=weight, samples=samples, condition="1")
    found = _columns(handle, everything, None)
    total = max(int(found[1].sum()), 1)
    if only is not None:
        narrowed = _WEIGHTS.format(table=table, weight=weight, samples=samples, condition=_ONLY.format(condition=only.text))
        found = _columns(handle, narrowed, only)
    named = found[0] != 0  # what chunks share is nobody's alone
    metrics, weights, counts = (column[named] for column in found)
    return metrics, (weights * (size / total)).astype(np.int64), counts.astype(np.int64)


def _columns(handle: Handle, sql: str, condition: Condition | None) -> tuple[UInt64s, UInt64s, UInt64s]:
    blocks = list(handle.blocks(sql, condition.parameters if condition else None))
    if not blocks:
        none = np.empty(0, np.uint64)
        return none, none, none
    metric, weight, samples = (np.concatenate([block[name] for block in blocks]) for name in ("metric", "weight", "samples"))
    return metric, weight, samples
