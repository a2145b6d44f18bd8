"""Native histograms in columns, as the kernels of queries see them.

All counts are float64. A bucket is told by one number, its key: ``BIAS + index`` on the positive side, ``-(BIAS + index)`` on the
negative one, so that ascending keys are ascending bounds, and two histograms are merged like two sorted lists. Empty buckets are left out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.chunks.layout import (
    COUNT as COUNT_WORD,
)
from fusewatch.telemetry.chunks.layout import (
    HEAD_WORDS,
    KIND,
    PARTS,
    bounds_in,
    buckets_in,
    part,
    schema_of,
    span_length,
    span_offset,
    spans_in,
)
from fusewatch.telemetry.chunks.layout import (
    SUM as SUM_WORD,
)
from fusewatch.telemetry.chunks.layout import (
    THRESHOLD as THRESHOLD_WORD,
)
from fusewatch.telemetry.chunks.layout import (
    ZERO_COUNT as ZERO_WORD,
)
from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.histogram_buckets import bucket_count
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

#: Larger than any index.
BIAS: Final = 1 << 24
#: Columns of :attr:`Pool.kinds`.
SCHEMA, HINT, FIRST, STOP, BOUND, BOUND_STOP = range(6)
#: Columns of :attr:`Pool.numbers`.
COUNT, SUM, THRESHOLD, ZERO = range(4)
#: Reset hints.
UNKNOWN, RESET, NO_RESET, GAUGE = range(4)

Int32s = NDArray[np.int32]


class Pool(NamedTuple):
    """Histogram k of n.

    ``kinds[k]`` (n, 6) int64: schema, reset hint, where its buckets lie in ``keys`` and ``counts`` (first, stop), where its custom bounds
    lie in ``bounds`` (first, stop). ``numbers[k]`` (n, 4) float64: count, sum, zero threshold, zero count.
    """

    kinds: Int64s
    numbers: Float64s
    keys: Int32s
    counts: Float64s
    bounds: Float64s


@inlined
def room_for(histograms: int, buckets: int, bounds: int) -> Pool:
    """A pool with room for so many."""
    return Pool(
        np.zeros((histograms, 6), np.int64),
        np.zeros((histograms, 4)),
        np.empty(buckets, np.int32),
        np.empty(buckets),
        np.empty(bounds),
    )


@inlined
def same_bounds(one: Float64s, a: int, a_stop: int, other: Float64s, b: int, b_stop: int) -> bool:
    """Whether ``one[a:a_stop]`` and ``other[b:b_stop]`` are equal."""
    if a_stop - a != b_stop - b:
        return False
    for place in range(a_stop - a):  # noqa: SIM110  # a kernel
        if one[a + place] != other[b + place]:
            return False
    return True


@inlined
def _read_side(words: UInt64s, body: int, side: int, pool: Pool, used: int) -> int:
    sizes = words[body + PARTS]
    spans = body + HEAD_WORDS + (part(sizes, 0) if side else 0)
    place = body + HEAD_WORDS + spans_in(words, body) + (part(sizes, 2) if side else 0)
    index, first = 0, used
    for span in range(spans, spans + part(sizes, side)):
        index += span_offset(words[span])
        for _ in range(span_length(words[span])):
            count = bucket_count(words, body, place)
            if count != 0:
                pool.keys[used] = -(BIAS + index) if side else BIAS + index
                pool.counts[used] = count
                used += 1
            index += 1
            place += 1
    if side:
        low, high = first, used - 1
        while low < high:
            pool.keys[low], pool.keys[high] = pool.keys[high], pool.keys[low]
            pool.counts[low], pool.counts[high] = pool.counts[high], pool.counts[low]
            low += 1
            high -= 1
    return used


@inlined
def _read_bounds(words: UInt64s, body: int, pool: Pool, row: int, used: int) -> int:
    """Custom bounds, written once for histograms in a row that have the same."""
    many = bounds_in(words[body + KIND])
    listed = body + HEAD_WORDS + spans_in(words, body) + buckets_in(words, body)
    if row:
        first, stop = pool.kinds[row - 1, BOUND], pool.kinds[row - 1, BOUND_STOP]
        if same_bounds(pool.bounds, first, stop, words.view(np.float64), listed, listed + many):
            pool.kinds[row, BOUND], pool.kinds[row, BOUND_STOP] = first, stop
            return used
    for k in range(many):
        pool.bounds[used + k] = words.view(np.float64)[listed + k]
    pool.kinds[row, BOUND], pool.kinds[row, BOUND_STOP] = used, used + many
    return used + many


@kernel
def decode(words: UInt64s, ends: Int64s, pool: Pool) -> tuple[int, int]:
    """Fills ``pool`` from the binary forms at ``words[ends[k]:ends[k + 1]]``; how many buckets and bounds there are."""
    buckets = bounds = 0
    for row in range(len(ends) - 1):
        body = ends[row]
        pool.kinds[row, SCHEMA] = schema_of(words[body + KIND])
        pool.kinds[row, HINT] = np.int64((words[body + KIND] >> U64(8)) & U64(255))
        pool.kinds[row, FIRST] = buckets
        buckets = _read_side(words, body, 1, pool, buckets)
        buckets = _read_side(words, body, 0, pool, buckets)
        pool.kinds[row, STOP] = buckets
        bounds = _read_bounds(words, body, pool, row, bounds)
        pool.numbers[row, COUNT] = bucket_count(words, body, body + COUNT_WORD)
        pool.numbers[row, SUM] = words.view(np.float64)[body + SUM_WORD]
        pool.numbers[row, THRESHOLD] = words.view(np.float64)[body + THRESHOLD_WORD]
        pool.numbers[row, ZERO] = bucket_count(words, body, body + ZERO_WORD)
    return buckets, bounds
