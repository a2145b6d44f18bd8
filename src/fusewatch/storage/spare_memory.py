"""Memory of large arrays, kept for the next ones.

What a query decodes is freed when it is answered, hundreds of megabytes at once, which go back to the system. Asking for them again costs a
third of a query where the system has them at hand, and three times the query where its host has taken them meanwhile (a virtual machine
that reports free pages).
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fusewatch.storage.series_kernels import UInt8s

#: Smaller arrays stay in the process anyway.
_SMALLEST: Final = 1 << 22
#: A block may be so many times as large as what is asked for.
_ROOMY: Final = 2
#: What nobody has used for so long goes back to the system.
_REST_S: Final = 60.0


class SpareMemory:
    """Hands out arrays, and keeps their memory once nobody holds them, at most ``limit`` bytes of it. Thread-safe."""

    def __init__(self, limit: int, *, rest_s: float = _REST_S) -> None:
        self._limit = limit
        self._rest_s = rest_s
        self._lock = threading.Lock()
        #: The blocks that are free with when they became so, the oldest first.
        self._free: list[tuple[float, UInt8s]] = []
        # A finalizer may run anywhere, also where the lock is held.
        self._returned: deque[UInt8s] = deque()

    @property
    def size(self) -> int:
        """Bytes that are kept and free."""
        return sum(block.nbytes for _, block in self._free) + sum(block.nbytes for block in tuple(self._returned))

    def empty(self, count: int, dtype: DTypeLike) -> NDArray[Any]:
        """An array (count) with anything in it."""
        size = count * np.dtype(dtype).itemsize
        if not _SMALLEST <= size <= self._limit:
            return np.empty(count, dtype)
        block = self._block(size)
        # Of a memoryview, so that the views of this array hold it and not the block.
        array = np.frombuffer(block.data, dtype, count)
        weakref.finalize(array, self._returned.append, block).atexit = False
        return array

    def prepare(self, size: int) -> None:
        """Has the system hand out a block of ``size`` bytes now, so that the first to ask for as much doesn't wait for it. Blocks."""
        if _SMALLEST <= size <= self._limit:
            self._returned.append(np.ones(size, np.uint8))

    def tidy(self) -> None:
        """Frees what nobody has used for a while."""
        with self._lock:
            self._collect()
            before = time.monotonic() - self._rest_s
            self._free = [(since, block) for since, block in self._free if since >= before]

    def _block(self, size: int) -> UInt8s:
        with self._lock:
            self._collect()
            fitting = [row for row, (_, block) in enumerate(self._free) if size <= block.nbytes <= _ROOMY * size]
            if fitting:
                return self._free.pop(min(fitting, key=lambda row: self._free[row][1].nbytes))[1]
        # A little more: the next window of the same query is seldom of just as many samples.
        return np.empty(size + size // 8, np.uint8)

    def _collect(self) -> None:
        while self._returned:
            self._free.append((time.monotonic(), self._returned.popleft()))
        while sum(block.nbytes for _, block in self._free) > self._limit:
            self._free.pop(0)
