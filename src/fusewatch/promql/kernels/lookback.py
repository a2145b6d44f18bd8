"""Instant vectors: the latest sample within the look-back, for each series and step."""

from __future__ import annotations

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import STALE_BITS, Float64s, Int64s, UInt64s

_STALE = np.uint64(STALE_BITS)


@kernel
def lookback(series: tuple[Int64s, Int64s, UInt64s], ends: Int64s, lookback_ms: int, when: bool, values: Float64s, present: Bools) -> None:
    """Fills ``values`` and ``present`` (series, steps): the last sample with ``end - lookback < timestamp <= end``, unless it is stale.

    ``series`` is (offsets, timestamps, the values' bits); ``ends`` (steps) ascends. ``when`` asks for the sample's time in seconds.
    """
    offsets, timestamps, bits = series
    numbers = bits.view(np.float64)
    for row in range(len(offsets) - 1):
        last, stop = offsets[row] - 1, offsets[row + 1]
        for step in range(len(ends)):
            while last + 1 < stop and timestamps[last + 1] <= ends[step]:
                last += 1
            if last < offsets[row] or timestamps[last] <= ends[step] - lookback_ms or bits[last] == _STALE:
                continue
            values[row, step] = timestamps[last] / 1000.0 if when else numbers[last]
            present[row, step] = True
