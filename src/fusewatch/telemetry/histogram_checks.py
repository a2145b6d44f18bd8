"""What makes a native histogram invalid: found by a kernel, told in Prometheus' words (model/histogram: ``Validate``)."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.histogram_parts import (
    BOUNDS,
    COUNT,
    DELTAS,
    FLOATS,
    IS_FLOAT,
    SPANS,
    SUM,
    ZERO,
    ZERO_THRESHOLD,
    HistogramParts,
)
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, MOST_PARTS
from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.samples import Float64s, UInt64s

#: What is wrong with a histogram: its code, the side, and two numbers that the message shows.
Problem = Float64s
(
    GOOD,
    WRONG_SCHEMA,
    TOO_MANY_PARTS,
    NEGATIVE_OFFSET,
    SPANS_MISMATCH,
    NEGATIVE_BUCKET,
    CUSTOM_BOUNDS,
    NEGATIVE_ZERO,
    NEGATIVE_COUNT,
    COUNT_TOO_SMALL,
    COUNT_MISMATCH,
    BOUND_NAN,
    BOUNDS_ORDER,
    BOUND_INFINITE,
    BOUNDS_TOO_FEW,
    CUSTOM_ZERO_COUNT,
    CUSTOM_ZERO_THRESHOLD,
    CUSTOM_NEGATIVE_SPANS,
    CUSTOM_NEGATIVE_BUCKETS,
) = range(19)
_NEGATIVE: Final = "histogram has a bucket whose observation count is negative"
_WORDS: Final = {
    WRONG_SCHEMA: "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, "
    "got schema {0}",
    TOO_MANY_PARTS: f"histogram has {{0}} spans, buckets or bounds on one side, the limit is {MOST_PARTS}",
    NEGATIVE_OFFSET: "{side}: span number {0} with offset {1}: histogram has a span whose offset is negative",
    SPANS_MISMATCH: "{side}: spans need {0} buckets, have {1} buckets: histogram spans specify different number of buckets than provided",
    NEGATIVE_BUCKET: "{side}: bucket number {0} has observation count of {1}: " + _NEGATIVE,
    CUSTOM_BOUNDS: "histogram with exponential schema must not have custom bounds",
    NEGATIVE_ZERO: "zero bucket has observation count of {0}: " + _NEGATIVE,
    NEGATIVE_COUNT: "observation count is  {0}: histogram's observation count is negative",
    COUNT_TOO_SMALL: "{0} observations found in buckets, but the Count field is {1}: "
    "histogram's observation count should be at least the number of observations found in the buckets",
    COUNT_MISMATCH: "{0} observations found in buckets, but the Count field is {1}: "
    "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)",
    BOUND_NAN: "custom buckets: histogram custom bounds must not be NaN",
    BOUNDS_ORDER: "custom buckets: previous bound is {0:f} and current is {1:f}: "
    "histogram custom bounds must be in strictly increasing order",
    BOUND_INFINITE: "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite",
    BOUNDS_TOO_FEW: "custom buckets: only {0} custom bounds defined which is insufficient to cover total span length of {1}: "
    "histogram custom bounds are too few",
    CUSTOM_ZERO_COUNT: "custom buckets: must have zero count of 0",
    CUSTOM_ZERO_THRESHOLD: "custom buckets: must have zero threshold of 0",
    CUSTOM_NEGATIVE_SPANS: "custom buckets: must not have negative spans",
    CUSTOM_NEGATIVE_BUCKETS: "custom buckets: must not have negative buckets",
}
_SIDES: Final = ("positive side", "negative side", "custom buckets")


def problem_message(problem: Problem) -> str:
    """The sentence for what :func:`check` left in ``problem``."""
    code, side, first, second = problem.tolist()
    details = (int(number) if number.is_integer() and int(code) != BOUNDS_ORDER else number for number in (first, second))
    return _WORDS[int(code)].format(*details, side=_SIDES[int(side)])


@bare
def _told(problem: Problem, code: int, side: int, first: float, second: float) -> int:
    problem[0], problem[1], problem[2], problem[3] = code, side, first, second
    return code


@bare
def _check_spans(spans: UInt64s, count: int, buckets: int, side: int, problem: Problem) -> int:
    """A side's spans against the number of its buckets; on ``side`` 2, custom buckets, no offset may be negative."""
    needed = np.int64(0)
    for k in range(count):
        offset = np.int64(np.int32(spans[k] & U64(0xFFFFFFFF)))
        if offset < 0 and (k > 0 or side == 2):
            return _told(problem, NEGATIVE_OFFSET, side, k + 1, float(offset))
        needed += np.int64(spans[k] >> U64(32))
    if needed != buckets:
        return _told(problem, SPANS_MISMATCH, side, float(needed), buckets)
    return GOOD


@bare
def _check_bounds(parts: HistogramParts, buckets: int) -> int:
    """Custom bounds, and the spans that refer to them."""
    _, lists, sizes, problem = parts
    bounds, count = lists[BOUNDS].view(np.float64), sizes[BOUNDS]
    for k in range(count):
        if np.isnan(bounds[k]):
            return _told(problem, BOUND_NAN, 2, 0, 0)
        if k > 0 and bounds[k] <= bounds[k - 1]:
            return _told(problem, BOUNDS_ORDER, 2, bounds[k - 1], bounds[k])
    if count and bounds[count - 1] == np.inf:
        return _told(problem, BOUND_INFINITE, 2, 0, 0)
    code = _check_spans(lists[SPANS], sizes[SPANS], buckets, 2, problem)
    if code != GOOD:
        return code
    reach = np.int64(0)
    for k in range(sizes[SPANS]):
        reach += np.int64(np.int32(lists[SPANS, k] & U64(0xFFFFFFFF))) + np.int64(lists[SPANS, k] >> U64(32))
    return _told(problem, BOUNDS_TOO_FEW, 2, count, float(reach)) if count + 1 < reach else GOOD


@bare
def _check_custom(parts: HistogramParts, buckets: int) -> int:
    """What custom buckets must not have beside the rest."""
    numbers, _, sizes, problem = parts
    floats = numbers.view(np.float64)
    code = _check_bounds(parts, sizes[buckets])
    if code != GOOD:
        return code
    if (floats[ZERO] != 0.0) if numbers[IS_FLOAT] else (numbers[ZERO] != 0):
        return _told(problem, CUSTOM_ZERO_COUNT, 2, 0, 0)
    if floats[ZERO_THRESHOLD] != 0.0:
        return _told(problem, CUSTOM_ZERO_THRESHOLD, 2, 0, 0)
    if sizes[SPANS + 1]:
        return _told(problem, CUSTOM_NEGATIVE_SPANS, 2, 0, 0)
    if sizes[buckets + 1]:
        return _told(problem, CUSTOM_NEGATIVE_BUCKETS, 2, 0, 0)
    return GOOD


@bare
def _check_buckets(parts: HistogramParts, first: int) -> int:
    """No count may be negative."""
    _, lists, sizes, problem = parts
    for side in range(2):
        row = first + side
        floats = lists[row].view(np.float64)
        for k in range(sizes[row]):
            number = floats[k] if first == FLOATS else float(np.int64(lists[row, k]))
            if number < 0:
                return _told(problem, NEGATIVE_BUCKET, side, k + 1, number)
    return GOOD


@bare
def _check_integers(parts: HistogramParts) -> int:
    """An integer histogram's count against its buckets; observations of NaN are in the count alone, and make the sum NaN."""
    numbers, lists, sizes, problem = parts
    total, count, overflown = numbers[ZERO], numbers[COUNT], False
    for row in range(DELTAS, DELTAS + 2):
        for k in range(sizes[row]):
            total += lists[row, k]
            overflown = overflown or total < lists[row, k]
    unknown = np.isnan(numbers.view(np.float64)[SUM])
    if total > count or overflown or (total < count and not unknown):
        return _told(problem, COUNT_TOO_SMALL if unknown else COUNT_MISMATCH, 0, float(total), float(count))
    if count >> U64(63):
        return _told(problem, NEGATIVE_COUNT, 0, float(np.int64(count)), 0)
    return GOOD


@bare
def _check_floats(parts: HistogramParts) -> int:
    numbers, _, _, problem = parts
    floats = numbers.view(np.float64)
    if floats[ZERO] < 0:
        return _told(problem, NEGATIVE_ZERO, 0, floats[ZERO], 0)
    if floats[COUNT] < 0:
        return _told(problem, NEGATIVE_COUNT, 0, floats[COUNT], 0)
    return GOOD


@bare
def check(schema: int, parts: HistogramParts) -> int:
    """GOOD, or the code of what is wrong with a histogram whose counts are absolute; ``parts`` then hold what to say of it."""
    numbers, lists, sizes, problem = parts
    buckets = FLOATS if numbers[IS_FLOAT] else DELTAS
    code = GOOD
    if schema == CUSTOM_SCHEMA:
        code = _check_custom(parts, buckets)
    elif sizes[BOUNDS]:
        code = _told(problem, CUSTOM_BOUNDS, 0, 0, 0)
    else:
        for side in range(2):
            if code == GOOD:
                code = _check_spans(lists[SPANS + side], sizes[SPANS + side], sizes[buckets + side], side, problem)
    if code == GOOD:
        code = _check_buckets(parts, buckets)
    if code != GOOD:
        return code
    return _check_floats(parts) if numbers[IS_FLOAT] else _check_integers(parts)
