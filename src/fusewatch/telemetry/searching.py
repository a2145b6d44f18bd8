"""Binary search in kernels: numpy's own makes a view first, which counts references."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fusewatch.telemetry.kernels import inlined


@inlined
def first_not_below(values: NDArray[Any], low: int, high: int, wanted: float) -> int:
    """The first of the ascending ``values[low:high]`` that is at least ``wanted``, ``high`` where none is."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low
