"""Between which timestamps there are chunks, so that a look at the last minutes does not ask for any."""

from __future__ import annotations

import threading
from typing import Final

from fusewatch.storage.client import Handle

#: The first and last day alone: the edges of the partition key are known without reading a row.
_SPAN: Final = """
WITH (SELECT (min(day), max(day)) FROM chunks) AS edges
SELECT count(), min(first), max(last)
FROM chunks
WHERE day IN (edges.1, edges.2)
  AND metric != 0
"""


class ChunkSpan:
    """The timestamps of the oldest and newest sample that was ever in a chunk of this store; thread-safe.

    It widens before the rows go that a chunk was made from: who has read rows, and looks here then, misses nothing.
    """

    def __init__(self, first: int | None = None, last: int | None = None) -> None:
        self._lock = threading.Lock()
        self._bounds = None if first is None or last is None else (first, last)

    @classmethod
    def read(cls, handle: Handle) -> ChunkSpan:
        """What ClickHouse holds. Blocks."""
        ((count, first, last),) = handle.rows(_SPAN)
        return cls(int(first), int(last)) if count else cls()

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Both timestamps (ms), None without any chunk."""
        return self._bounds

    def widen(self, first: int, last: int) -> None:
        """Takes further chunks in."""
        with self._lock:
            old = self._bounds or (first, last)
            self._bounds = min(old[0], first), max(old[1], last)

    def overlaps(self, start: int, end: int) -> bool:
        """Whether there may be a sample from ``start`` to ``end`` in a chunk."""
        bounds = self._bounds
        return bounds is not None and bounds[0] <= end and bounds[1] >= start

    def clamp(self, start: int, end: int) -> tuple[int, int]:
        """The part of ``start`` to ``end`` where there may be chunks; just as they are where there are none."""
        bounds = self._bounds
        if bounds is None or not self.overlaps(start, end):
            return start, end
        return max(start, bounds[0]), min(end, bounds[1])
