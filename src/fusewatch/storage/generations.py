"""Which generation of each block is being written, so that a seal reads rows that no commit adds to any more."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fusewatch.storage.partitions import BlockRows
from fusewatch.storage.series_kernels import UInt32s


class Generations:
    """The current generation of each block. Every use holds the committer's lock.

    After a start it is the highest that is there: rows that a seal did not come to drop are simply read again by the next one.
    """

    def __init__(self, found: Iterable[BlockRows] = ()) -> None:
        self._current = {one.block: max(one.generations) for one in found}

    def of(self, blocks: UInt32s) -> UInt32s:
        """The generations (n) uint32 into which rows of these blocks (n) go."""
        named, places = np.unique(blocks, return_inverse=True)
        return np.array([self._current.get(block, 0) for block in named.tolist()], np.uint32)[places]

    def step(self, block: int) -> int:
        """The generation into which rows go from now on; no commit writes an earlier one."""
        self._current[block] = self._current.get(block, 0) + 1
        return self._current[block]
