"""How the histograms of a target are taken."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fusewatch.telemetry.histograms import LEAST_SCHEMA, MOST_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramChoice:
    """Which histograms of a page are taken: the native form, and the classic one beside it.

    ``convert_classic``: a histogram that has only the classic form is stored as a native one with custom buckets.
    ``min_bucket_factor``: how much larger a native bucket is than the one before, at the least; finer ones are merged. ``bucket_limit``:
    how many buckets it may have, 0: any number; they are merged until it fits.
    """

    native: bool = False
    classic_too: bool = False
    convert_classic: bool = False
    min_bucket_factor: float = 0.0
    bucket_limit: int = 0

    @property
    def finest_schema(self) -> int:
        """The finest schema whose buckets grow by ``min_bucket_factor`` (Prometheus: pickSchema)."""
        if self.min_bucket_factor <= 1:
            return MOST_SCHEMA
        return max(LEAST_SCHEMA, min(MOST_SCHEMA, math.floor(-math.log2(math.log2(self.min_bucket_factor)))))
