"""Big kernels on all cores, in shares small enough to stop between."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

#: Cells of a matrix that one call of a kernel fills: some milliseconds of work, worth a thread, and soon over when cancelled.
_SHARE: Final = 250_000


def over_rows(work: Callable[[slice], None], rows: int, steps: int, check: Callable[[], None]) -> None:
    """Calls ``work`` with slices that make up all ``rows`` of a matrix with that many ``steps``, side by side if there are several.

    ``work`` runs kernels, which release the GIL, and writes to its own rows only. ``check`` is called before each share; what it raises
    ends the whole.
    """
    shares = max(1, min(rows, -(-rows * steps // _SHARE)))
    bounds = [rows * part // shares for part in range(shares + 1)]

    def share(part: tuple[int, int]) -> None:
        check()
        work(slice(*part))

    if shares == 1:
        share((0, rows))
        return
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="promql") as pool:
        list(pool.map(share, pairwise(bounds)))
