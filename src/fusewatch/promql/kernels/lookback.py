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


@kernel
def newest(
    series: tuple[Int64s, Int64s, UInt64s],
    histograms: tuple[Int64s, Int64s, Bools],
    ends: Int64s,
    lookback_ms: int,
    when: bool,
    values: Float64s,
    present: Bools,
    places: Int64s,
) -> None:
    """The same where series have native histograms as well: the newer of both.

    ``histograms`` is (offsets, timestamps, which are staleness markers). Fills ``places`` (series, steps), -1 before, with the histogram
    where that is the newer one.
    """
    offsets, timestamps, bits = series
    other_offsets, other_timestamps, stale = histograms
    numbers = bits.view(np.float64)
    for row in range(len(offsets) - 1):
        last, stop = offsets[row] - 1, offsets[row + 1]
        other, other_stop = other_offsets[row] - 1, other_offsets[row + 1]
        for step in range(len(ends)):
            while last + 1 < stop and timestamps[last + 1] <= ends[step]:
                last += 1
            while other + 1 < other_stop and other_timestamps[other + 1] <= ends[step]:
                other += 1
            oldest = ends[step] - lookback_ms
            has_float = last >= offsets[row] and timestamps[last] > oldest
            has_histogram = other >= other_offsets[row] and other_timestamps[other] > oldest
            if has_histogram and not (has_float and timestamps[last] > other_timestamps[other]):
                if not stale[other]:
                    present[row, step] = True
                    values[row, step] = other_timestamps[other] / 1000.0 if when else 0.0
                    places[row, step] = other
            elif has_float and bits[last] != _STALE:
                present[row, step] = True
                values[row, step] = timestamps[last] / 1000.0 if when else numbers[last]
