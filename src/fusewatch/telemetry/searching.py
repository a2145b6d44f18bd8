"""Searches in arrays. For kernels a binary one: numpy's own makes a view first, which counts references."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import UInt64s


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


@kernel
def contains(bits: UInt64s, wanted: np.uint64) -> bool:
    """Whether ``wanted`` is among ``bits`` (n). All are looked at: without a way out of the loop the processor compares many at once."""
    found = 0
    for i in range(len(bits)):
        found += bits[i] == wanted
    return found > 0
