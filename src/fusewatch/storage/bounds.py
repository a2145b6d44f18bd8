"""From when to when there are samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.storage.chunk_span import ChunkSpan
from fusewatch.storage.client import Handle
from fusewatch.telemetry.samples import Int64s

#: The first and last day alone: the edges of the partition key are known without reading a row.
_BOUNDS: Final = """
WITH (SELECT (min(block), max(block)) FROM samples) AS edges
SELECT count(), min(timestamp), max(timestamp)
FROM samples
WHERE block IN (edges.1, edges.2)
"""


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
