"""Aggregations over the series of a group, for every step at once."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.kernels.compensated import add, mean_step
from fusewatch.promql.kernels.over_time import quantile_of
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

SUM: Final = 0
AVG: Final = 1
MIN: Final = 2
MAX: Final = 3
COUNT: Final = 4
GROUP: Final = 5
STDVAR: Final = 6
STDDEV: Final = 7


@kernel
def aggregate(op: int, groups: Int64s, values: Float64s, present: Bools, counts: Int64s, result: Float64s) -> None:
    """Fills ``counts`` and ``result`` (groups, steps), both zero before, from ``values`` and ``present`` (series, steps).

    ``groups`` (series) names each series' group. Series are visited in order, steps within: the memory's own order.
    """
    spare = np.zeros(result.shape)
    running = np.zeros(result.shape if op == AVG else (1, 1), np.bool_)
    for row in range(len(groups)):
        group = groups[row]
        for step in range(values.shape[1]):
            if not present[row, step]:
                continue
            counts[group, step] += 1
            value, count = values[row, step], float(counts[group, step])
            if op == AVG:
                state = (value, 0.0, False)
                if count > 1:
                    state = mean_step(value, count, result[group, step], spare[group, step], running[group, step])
                result[group, step], spare[group, step], running[group, step] = state
            else:
                state2 = _include(op, value, count, result[group, step], spare[group, step])
                result[group, step], spare[group, step] = state2
    _finish(op, counts, result, spare, running)


@inlined
def _include(op: int, value: float, count: float, total: float, spare: float) -> tuple[float, float]:
    if op == SUM:
        return (value, 0.0) if count == 1 else add(value, total, spare)
    if op in (MIN, MAX):
        better = count == 1 or math.isnan(total) or (value < total if op == MIN else value > total)
        return (value if better else total), 0.0
    if op in (STDVAR, STDDEV):
        if count == 1:
            return (0.0 if math.isfinite(value) else math.nan), value
        delta = value - spare
        mean = spare + delta / count
        return total + delta * (value - mean), mean
    return (count if op == COUNT else 1.0), 0.0


@inlined
def _finish(op: int, counts: Int64s, result: Float64s, spare: Float64s, running: Bools) -> None:
    if op in (MIN, MAX, COUNT, GROUP):
        return
    for group in range(result.shape[0]):
        for step in range(result.shape[1]):
            n = float(counts[group, step])
            if n == 0:
                continue
            if op == SUM or (op == AVG and running[group, step]):
                result[group, step] += spare[group, step]
            elif op == AVG:
                result[group, step] = result[group, step] / n + spare[group, step] / n
            else:
                variance = result[group, step] / n
                result[group, step] = math.sqrt(variance) if op == STDDEV else variance


@kernel
def count_by(groups: Int64s, present: Bools, counts: Int64s) -> None:
    """Adds to ``counts`` (groups, steps) how many rows of each group are ``present`` (series, steps)."""
    for row in range(len(groups)):
        for step in range(present.shape[1]):
            counts[groups[row], step] += present[row, step]


@kernel
def quantiles(
    steps: tuple[int, int], members: tuple[Int64s, Int64s], values: Float64s, present: Bools, q: Float64s, counts: Int64s, result: Float64s
) -> None:
    """Fills ``counts`` and ``result`` (groups, steps) from step to step (the second is left out) with each group's ``q[step]``-quantile.

    ``members`` is (offsets (groups + 1), rows): the series of group g are ``rows[offsets[g]:offsets[g + 1]]``.
    """
    offsets, rows = members
    buffer = np.empty(len(rows))
    for group in range(len(offsets) - 1):
        for step in range(steps[0], steps[1]):
            count = 0
            for index in range(offsets[group], offsets[group + 1]):
                if present[rows[index], step]:
                    buffer[count] = values[rows[index], step]
                    count += 1
            counts[group, step] = count
            if count:
                result[group, step] = quantile_of(buffer[:count], q[step])


@kernel
def ranks(members: tuple[Int64s, Int64s], values: Float64s, present: Bools, limits: Int64s, largest: bool, rank: Int64s) -> None:
    """Fills ``rank`` (series, steps), -1 before, with the place of each series among the ``limits[step]`` best of its group.

    The best are the ``largest`` or smallest, NaN the worst, earlier series first among equals.
    """
    offsets, rows = members
    order = np.empty(len(rows), np.int64)
    for group in range(len(offsets) - 1):
        for step in range(values.shape[1]):
            count = 0
            for index in range(offsets[group], offsets[group + 1]):
                row = rows[index]
                if not present[row, step]:
                    continue
                place = _place(values, order, count, row, step, largest)
                if place >= limits[step]:
                    continue
                count = min(count + 1, limits[step])
                for later in range(count - 1, place, -1):
                    order[later] = order[later - 1]
                order[place] = row
            for place in range(count):
                rank[order[place], step] = place


@inlined
def _place(values: Float64s, order: Int64s, count: int, row: int, step: int, largest: bool) -> int:
    value = values[row, step]
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        other = values[order[middle], step]
        after = math.isnan(value) or (not math.isnan(other) and (other >= value if largest else other <= value))
        if after:
            low = middle + 1
        else:
            high = middle
    return low
