"""Classic histograms made into native ones with custom buckets, inside kernels.

What is refused, and what stands in for what is missing, is as in Prometheus (util/convertnhcb): bounds may come in any order, the first
of two with one bound counts, cumulative counts must not fall from one bound to the next, and the last must be the histogram's count.
Without a bucket of +Inf the count is its; without a count it is that of the last bucket; without a sum that is 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.slots import BUCKET, COUNT
from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.histogram_layout import write_buckets, write_head, write_spans
from fusewatch.telemetry.histogram_parts import HEAD_WORDS
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, MOST_PARTS
from fusewatch.telemetry.kernels import bare_kernel, merged
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

_BEYOND_INTEGERS: Final = 2.0**63

#: Row by row, those of one histogram and time next to each other: run (which of them), role, bound, value.
PartRows = tuple[Int64s, NDArray[np.int8], Float64s, Float64s]
#: Row of the first part, offsets (in words, one more than histograms), and bodies in words of eight bytes.
BodyRoom = tuple[Int64s, Int64s, UInt64s]


@merged
def _enter(bounds: Float64s, counts: Float64s, size: int, bound: float, count: float) -> int:
    """Puts a bucket where it belongs, unless its bound is there already; how many there are then."""
    place = size
    while place > 0 and bounds[place - 1] > bound:
        place -= 1
    if place > 0 and bounds[place - 1] == bound:
        return size
    for k in range(size, place, -1):
        bounds[k], counts[k] = bounds[k - 1], counts[k - 1]
    bounds[place], counts[place] = bound, count
    return size + 1


@merged
def _collect(rows: PartRows, first: int, last: int, bounds: Float64s, counts: Float64s) -> tuple[int, float, float, bool]:
    """Buckets with that of +Inf, count and sum of the histogram in these rows, and whether they are good."""
    _, roles, row_bounds, values = rows
    size, count, total = 0, np.nan, 0.0
    good, given = True, False
    for row in range(first, last):
        if roles[row] == BUCKET:
            good = good and 0.0 <= values[row] < np.inf
            size = _enter(bounds, counts, size, row_bounds[row], values[row])
        elif roles[row] == COUNT:
            good = good and 0.0 <= values[row] < np.inf
            count, given = values[row], True
        else:
            total = values[row]
    if not given:
        count = counts[size - 1] if size else 0.0
    if size == 0 or bounds[size - 1] != np.inf:
        bounds[size], counts[size] = np.inf, count
        size += 1
    for k in range(1, size):
        good = good and counts[k - 1] <= counts[k]
    return size, count, total, good and counts[size - 1] == count and size <= MOST_PARTS


@merged
def _write(bounds: Float64s, counts: Float64s, size: int, count: float, total: float, words: UInt64s, at: int) -> int:
    """Writes the binary form at ``words[at:]``; the word behind it. ``counts`` become those of single buckets."""
    floats, bits = words.view(np.float64), counts.view(np.int64)
    whole = count < _BEYOND_INTEGERS
    for k in range(size):
        whole = whole and np.floor(counts[k]) == counts[k]
    before = 0.0
    for k in range(size):
        cumulative = counts[k]
        counts[k] = cumulative - before
        if whole:
            bits[k] = np.int64(cumulative) - np.int64(before)
        before = cumulative
    middle, spans, buckets = write_spans(bits, 0, size, 0, words, at + HEAD_WORDS)
    end = write_buckets(bits, 0, words, (at + HEAD_WORDS, middle), middle)
    write_head(CUSTOM_SCHEMA, (spans, 0), (buckets, 0), size - 1, words, at)
    floats[at + 2] = total
    words[at + 3] = words[at + 5] = U64(0)
    if whole:
        words[at + 4] = U64(np.int64(count))
    else:
        words[at] |= U64(1)
        floats[at + 4] = count
    for k in range(size - 1):
        floats[end + k] = bounds[k]
    return end + size - 1


@bare_kernel
def write_custom(rows: PartRows, bounds: Float64s, counts: Float64s, out: BodyRoom) -> tuple[int, int]:
    """Writes a histogram for each run of ``rows`` (n) that makes one; how many there are, and the most buckets one has.

    ``bounds`` and ``counts`` (n + 1) are scratch. ``out``: n rows, n + 1 offsets, 12 n words.
    """
    runs, _, _, _ = rows
    firsts, offsets, words = out
    count, at, most, first = 0, 0, 0, 0
    offsets[0] = 0
    while first < len(runs):
        last = first
        while last < len(runs) and runs[last] == runs[first]:
            last += 1
        size, observed, total, good = _collect(rows, first, last, bounds, counts)
        if good:
            start, at = at, _write(bounds, counts, size, observed, total, words, at)
            most = max(most, int(words[start + 1] >> U64(32) & U64(0xFFFF)))
            firsts[count], offsets[count + 1] = first, at
            count += 1
        first = last
    return count, most
