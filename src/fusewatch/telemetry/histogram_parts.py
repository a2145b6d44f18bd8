"""A native histogram taken apart, as kernels hand it to each other between the wire and the binary form."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.histograms import MOST_PARTS
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

#: Numbers by their field in remote write (prompb/types.proto); 0 is none of them and says whether counts are floats.
IS_FLOAT, COUNT, COUNT_FLOAT, SUM, SCHEMA, ZERO_THRESHOLD, ZERO, ZERO_FLOAT = range(8)
RESET_HINT, TIMESTAMP, START_TIMESTAMP, NUMBERS = 14, 15, 17, 18
#: Rows of the lists: spans (int32 offset in the low half, uint32 length in the high one), buckets as integers and as the bits of floats,
#: each positive and then negative, and custom bounds.
SPANS, DELTAS, FLOATS, BOUNDS, LISTS = 0, 2, 4, 6, 7

#: Numbers (NUMBERS) as raw 64 bits, lists (LISTS, MOST_PARTS), their lengths (LISTS), and what is wrong (4): see histogram_checks.
HistogramParts = tuple[NDArray[np.uint64], UInt64s, Int64s, Float64s]
HEAD_WORDS: Final = 6


def histogram_parts() -> HistogramParts:
    """Room for one histogram at a time; the system only gives memory to what is used of it."""
    return np.zeros(NUMBERS, np.uint64), np.empty((LISTS, MOST_PARTS), np.uint64), np.zeros(LISTS, np.int64), np.zeros(4)
