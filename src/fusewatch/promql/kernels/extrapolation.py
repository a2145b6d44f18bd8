"""``rate``, ``increase`` and ``delta``: the change over a window, extrapolated to its ends.

The most used of all functions, and so a kernel of its own: it looks at the samples once, and at those between the first and the last
of a window only where a counter fell. https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
"""

from __future__ import annotations

from fusewatch.promql.arrays import Bools
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s


@kernel
def extrapolated_change(
    counter: bool,
    per_second: bool,
    series: tuple[Int64s, Int64s, Float64s],
    windows: tuple[Int64s, int],
    values: Float64s,
    present: Bools,
) -> None:
    """Fills ``values`` and ``present`` (series, steps) with the change over each window of at least two samples.

    ``series`` is (offsets, timestamps, values); ``windows`` is (ends (steps) ascending, range ms). A ``counter`` that falls has started
    again from zero; ``per_second`` divides by the range.
    """
    offsets, timestamps, numbers = series
    ends, range_ms = windows
    divisor = range_ms / 1000.0 if per_second else 1.0
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        stop = offsets[row + 1]
        fall = low + 1  # where the series falls next; at or beyond ``high``: not within the window
        for step in range(len(ends)):
            end = ends[step]
            while high < stop and timestamps[high] <= end:
                high += 1
            start = end - range_ms
            while low < high and timestamps[low] <= start:
                low += 1
            if high - low < 2:
                continue
            first, last = numbers[low], numbers[high - 1]
            total = last - first
            if counter:
                fall = max(fall, low + 1)
                while fall < high and not numbers[fall] < numbers[fall - 1]:
                    fall += 1
                for index in range(fall, high):
                    if numbers[index] < numbers[index - 1]:
                        total += numbers[index - 1]
            sampled = (timestamps[high - 1] - timestamps[low]) / 1000.0
            gaps = ((timestamps[low] - start) / 1000.0, (end - timestamps[high - 1]) / 1000.0)
            limit = first if counter else -1.0
            present[row, step] = True
            values[row, step] = total * stretch(sampled, gaps, high - low - 1, limit, total) / divisor


@inlined
def stretch(sampled: float, gaps: tuple[float, float], intervals: int, first: float, total: float) -> float:
    """By how much the change grows when it is extended over the gaps before and after the samples, all in seconds.

    Towards an end nearer than 1.1 average intervals it is extended all the way, else by half an interval; a growing counter (``first``
    not negative) only as far back as it would have been zero.
    """
    before, after = gaps
    average = sampled / intervals
    if before >= average * 1.1:
        before = average / 2.0
    if after >= average * 1.1:
        after = average / 2.0
    if total > 0 and first >= 0:
        before = min(before, sampled * (first / total))
    return (sampled + before + after) / sampled


#: Numbers of samples, times of the first ones, the first ones, times of the last ones, the last ones, and sums of falls of windows (n).
RolledColumns = tuple[Int64s, Int64s, Float64s, Int64s, Float64s, Float64s]


@kernel
def rolled_change(
    counter: bool,
    per_second: bool,
    series: tuple[Int64s, Int64s],
    columns: RolledColumns,
    windows: tuple[Int64s, Int64s, Int64s, int],
    values: Float64s,
    present: Bools,
) -> None:
    """The same as :func:`extrapolated_change` where rows stand for several samples each.

    ``series`` is (offsets, ends of the rows); ``windows`` is (ends (steps), the starts and ends that rows allow (steps each), range ms).
    An increase over a window that was moved is that of its length, for one as long as was asked for.
    """
    offsets, timestamps = series
    counts, first_times, firsts, last_times, lasts, falls = columns
    ends, starts, stops, range_ms = windows
    for row in range(len(offsets) - 1):
        low = high = offsets[row]
        limit, fall, samples = offsets[row + 1], low, 0
        for step in range(len(ends)):
            while high < limit and timestamps[high] <= ends[step]:
                samples += counts[high]
                high += 1
            while low < high and timestamps[low] <= ends[step] - range_ms:
                samples -= counts[low]
                low += 1
            if samples < 2:
                continue
            first, last = firsts[low], lasts[high - 1]
            total = last - first
            if counter:
                total += falls[low]
                fall = max(fall, low + 1)
                while fall < high and falls[fall] == 0 and not firsts[fall] < lasts[fall - 1]:
                    fall += 1
                for index in range(fall, high):
                    if firsts[index] < lasts[index - 1]:
                        total += lasts[index - 1]
                    total += falls[index]
            sampled = (last_times[high - 1] - first_times[low]) / 1000.0
            gaps = ((first_times[low] - starts[step]) / 1000.0, (stops[step] - last_times[high - 1]) / 1000.0)
            present[row, step] = True
            stretched = total * stretch(sampled, gaps, samples - 1, first if counter else -1.0, total)
            seconds = (stops[step] - starts[step]) / 1000.0
            values[row, step] = stretched / seconds if per_second else stretched * (range_ms / 1000.0 / seconds)
