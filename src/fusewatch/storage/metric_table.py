"""Metrics side by side, in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.cardinality import MetricShare, Order
from fusewatch.storage.queried import DAY_MS
from fusewatch.storage.series_counts import GroupCounts
from fusewatch.telemetry.samples import Int64s


@dataclass(frozen=True, slots=True)
class MetricTable:
    """Metrics (n) by the hashes of their names: their series, bytes on disk, samples, and the day of their last query (-1: none)."""

    counts: GroupCounts
    names: Mapping[int, str]
    bytes: Int64s
    samples: Int64s
    last_queried: Int64s

    def only(self, keep: NDArray[np.bool_]) -> MetricTable:
        """The metrics for which ``keep`` (n) is true."""
        return MetricTable(self.counts.only(keep), self.names, self.bytes[keep], self.samples[keep], self.last_queried[keep])

    def largest(self, order: Order, limit: int) -> list[MetricShare]:
        """The first ones in an order."""
        return [self._row(row) for row in self.counts.largest(order, limit, self.bytes)]

    def _row(self, row: int) -> MetricShare:
        day = int(self.last_queried[row])
        return MetricShare(
            name=self.names.get(int(self.counts.keys[row]), ""),
            share=self.counts.share(row),
            bytes=int(self.bytes[row]),
            samples=int(self.samples[row]),
            last_queried=day * DAY_MS if day >= 0 else None,
        )
