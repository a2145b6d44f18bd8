"""The slow, obvious way: what the kernels have to agree with."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

Window = Sequence[tuple[int, float]]


def window(samples: Window, end: int, range_ms: int) -> list[tuple[int, float]]:
    return [(t, v) for t, v in samples if end - range_ms < t <= end]


def extrapolated(points: Window, end: int, range_ms: int, *, counter: bool) -> float | None:
    if len(points) < 2:
        return None
    (first_t, first_v), (last_t, last_v) = points[0], points[-1]
    total = last_v - first_v
    if counter:
        total += sum(a for (_, a), (_, b) in pairwise(points) if b < a)
    sampled = (last_t - first_t) / 1000
    average = sampled / (len(points) - 1)
    before, after = (first_t - (end - range_ms)) / 1000, (end - last_t) / 1000
    before = average / 2 if before >= average * 1.1 else before
    after = average / 2 if after >= average * 1.1 else after
    if counter and total > 0 and first_v >= 0:
        before = min(before, sampled * first_v / total)
    return total * (sampled + before + after) / sampled


def quantile(values: Sequence[float], q: float) -> float:
    if q < 0 or q > 1:
        return math.copysign(math.inf, q)
    ordered = sorted(values)
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] * (1 - (rank - low)) + ordered[high] * (rank - low)


def deviation(values: Sequence[float]) -> float:
    median = quantile(values, 0.5)
    return quantile([abs(value - median) for value in values], 0.5)


def slope(points: Window) -> float:
    xs = [(t - points[0][0]) / 1000 for t, _ in points]
    return statistics.linear_regression(xs, [v for _, v in points]).slope


def changes(values: Sequence[float]) -> int:
    return sum(a != b for a, b in pairwise(values))


def resets(values: Sequence[float]) -> int:
    return sum(b < a for a, b in pairwise(values))


OVER_TIME: dict[str, Callable[[Sequence[float]], float]] = {
    "sum_over_time": math.fsum,
    "avg_over_time": lambda values: math.fsum(values) / len(values),
    "min_over_time": min,
    "max_over_time": max,
    "count_over_time": len,
    "first_over_time": lambda values: values[0],
    "last_over_time": lambda values: values[-1],
    "present_over_time": lambda _: 1,
    "stdvar_over_time": statistics.pvariance,
    "stddev_over_time": statistics.pstdev,
    "mad_over_time": deviation,
    "changes": changes,
    "resets": resets,
}
