"""Big kernels on all cores: each takes a share of the rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

#: Cells of a matrix below which a second thread costs more than it saves.
_WORTHWHILE: Final = 200_000


def over_rows(work: Callable[[slice], None], rows: int, steps: int) -> None:
    """Calls ``work`` with slices that make up all ``rows``, side by side where ``rows`` times ``steps`` is worth it.

    ``work`` runs kernels, which release the GIL, and writes to its own rows only.
    """
    threads = min(os.cpu_count() or 1, rows) if rows * steps >= _WORTHWHILE else 1
    if threads <= 1:
        work(slice(0, rows))
        return
    bounds = [rows * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads, thread_name_prefix="promql") as pool:
        list(pool.map(work, (slice(low, high) for low, high in pairwise(bounds))))
