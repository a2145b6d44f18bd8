"""Work on many files by a few threads, in order, with a bounded number of files in the air."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Hashing and native code do without the GIL, and a store far away answers slowly: a few threads are worth more than there are cores.
THREADS: Final = 4
_WAITING: Final = 4 * THREADS


def in_threads(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """What ``work`` returns for each item, in their order; at most 16 are begun before the first is asked for.

    The first exception ends it: what has not begun yet does not.
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix="backup") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= _WAITING:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
