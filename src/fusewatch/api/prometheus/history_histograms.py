"""Native histograms over time as OpenMetrics text: the lines of classic ones, in compiled loops.

The format knows no other form. A histogram becomes cumulative buckets, a sum and a count; what is lost is how it was kept: schema, zero
threshold, and that exponential buckets without observations need no line. As long as the layout of a series stays the same, every one of
its histograms has a line for each bound that any of them has (of those that are printed together), so that a bucket's first observation
shows as an increase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.api.prometheus.federate_text import series_text
from fusewatch.api.prometheus.numbers import LONGEST_TIMESTAMP, LONGEST_VALUE, Bytes, write_bytes, write_timestamp, write_value
from fusewatch.telemetry.chunks.layout import COUNT, SUM
from fusewatch.telemetry.exposition.family_names import show_bound
from fusewatch.telemetry.exposition.history import STALE_TEXT
from fusewatch.telemetry.histogram_buckets import bucket_count, buckets_of, mark_layouts, words_of
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.labels import EMPTY, METRIC_NAME, Labels
from fusewatch.telemetry.samples import STALE_BITS, Float64s, HistogramSet, Int64s, SeriesSet, UInt64s, is_stale

_STALE: Final = np.uint64(STALE_BITS)
_STALE_TEXT: Final = np.frombuffer(STALE_TEXT.encode(), np.uint8)

#: Time, layout, and histogram (-1: a staleness marker) of each point, in the order of the text.
Points = tuple[Int64s, Int64s, Int64s]
#: Where the bounds of each layout begin, and those bounds.
Layouts = tuple[Int64s, Float64s]
#: What each line begins with, and where that begins: two more a layout than bounds, for sum and count.
Heads = tuple[Bytes, Int64s]
#: Where the buckets of each histogram begin, upper bounds, counts of single buckets, and bodies: where each begins, words.
Found = tuple[Int64s, Float64s, Float64s, Int64s, UInt64s]


@inlined
def _write_line(heads: Heads, line: int, value: float, time: int, scratch: Float64s, out: Bytes, at: int) -> int:
    texts, offsets = heads
    at = write_bytes(out, at, texts, offsets[line], offsets[line + 1])
    scratch[0] = value
    at = write_value(out, at, scratch.view(np.uint64)[0], value)
    out[at] = 32
    at = write_timestamp(out, at + 1, time)
    out[at] = 10
    return at + 1


@inlined
def _write_stale(heads: Heads, line: int, time: int, out: Bytes, at: int) -> int:
    texts, offsets = heads
    at = write_bytes(out, at, texts, offsets[line], offsets[line + 1])
    at = write_bytes(out, at, _STALE_TEXT, 0, len(_STALE_TEXT))
    out[at] = 32
    at = write_timestamp(out, at + 1, time)
    out[at] = 10
    return at + 1


@kernel
def write_histogram_lines(points: Points, layouts: Layouts, heads: Heads, found: Found, scratch: Float64s, out: Bytes) -> int:
    """Prints a line for each bound, sum and count of every point; returns how much of ``out`` is used. ``scratch`` (1) converts."""
    times, runs, rows = points
    firsts, bounds = layouts
    offsets, ends, counts, bodies, words = found
    at = 0
    for k in range(len(times)):
        first, last, row = firsts[runs[k]], firsts[runs[k] + 1], rows[k]
        line = first + 2 * runs[k]
        if row < 0 or words[bodies[row] + SUM] == _STALE:
            for head in range(line, line + last - first + 2):
                at = _write_stale(heads, head, times[k], out, at)
            continue
        bucket, below, count = offsets[row], 0.0, bucket_count(words, bodies[row], bodies[row] + COUNT)
        for bound in range(first, last):
            while bucket < offsets[row + 1] and ends[bucket] <= bounds[bound]:
                below += counts[bucket]
                bucket += 1
            # The last bucket holds all; observations of NaN are in the count alone.
            at = _write_line(heads, line, count if bound == last - 1 else below, times[k], scratch, out, at)
            line += 1
        at = _write_line(heads, line, words.view(np.float64)[bodies[row] + SUM], times[k], scratch, out, at)
        at = _write_line(heads, line + 1, count, times[k], scratch, out, at)
    return at


@dataclass(frozen=True, slots=True)
class HistogramText:
    """What the lines of a set's histograms are made of; :attr:`size` is the most that they take."""

    points: Points
    layouts: Layouts
    heads: Heads
    found: Found

    @classmethod
    def of(cls, series: SeriesSet, histograms: HistogramSet) -> HistogramText:
        """Of a set that has histograms, and of the staleness markers of their series."""
        owners = np.repeat(np.arange(len(series)), np.diff(histograms.offsets))
        buckets = buckets_of(histograms.ends, histograms.bodies)
        bodies = np.ascontiguousarray((histograms.ends - histograms.ends[0]) // 8, np.int64)
        words = words_of(histograms.bodies[histograms.ends[0] : histograms.ends[-1]])
        news = np.empty(len(owners), np.int64)
        mark_layouts(words, bodies, owners, news)
        begins = np.flatnonzero(news)
        bounds: list[Float64s] = []
        texts: list[bytes] = []
        for first, last in zip(begins.tolist(), [*begins[1:].tolist(), len(owners)], strict=True):
            some = np.unique(buckets.bounds[buckets.offsets[first] : buckets.offsets[last]])
            some = some if len(some) and some[-1] == np.inf else np.append(some, np.inf)
            bounds.append(some)
            texts += _heads(series.labels[owners[first]], some)
        firsts = np.cumsum([0, *map(len, bounds)], dtype=np.int64)
        head_offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        return cls(
            _points(series, histograms, owners, np.cumsum(news) - 1),
            (firsts, np.concatenate(bounds)),
            (np.frombuffer(b"".join(texts), np.uint8), head_offsets),
            (buckets.offsets, buckets.bounds, buckets.counts, bodies, words),
        )

    @property
    def size(self) -> int:
        """Bytes, at most."""
        firsts, head_offsets = self.layouts[0], self.heads[1]
        lines = firsts + 2 * np.arange(len(firsts))
        sizes = np.diff(head_offsets[lines]) + np.diff(lines) * (LONGEST_VALUE + LONGEST_TIMESTAMP + 2)
        return int(sizes[self.points[1]].sum())

    def print(self) -> bytes:
        """The lines: series by series, and all of a histogram together."""
        out = np.empty(self.size, np.uint8)
        used = write_histogram_lines(self.points, self.layouts, self.heads, self.found, np.empty(1), out)
        return out[:used].tobytes()


def stale_rows(series: SeriesSet, histograms: HistogramSet) -> NDArray[np.bool_]:
    """Which float samples are staleness markers of series that have histograms: those mark these."""
    has_histograms = np.repeat(np.diff(histograms.offsets) > 0, np.diff(series.offsets))
    return is_stale(np.ascontiguousarray(series.values)) & has_histograms


def _points(series: SeriesSet, histograms: HistogramSet, owners: Int64s, runs: Int64s) -> Points:
    """Histograms and staleness markers by series and time; a marker has the layout of the histogram before it, or else of the first."""
    stale = np.flatnonzero(stale_rows(series, histograms))
    marked = np.repeat(np.arange(len(series)), np.diff(series.offsets))[stale]
    series_of, times = np.concatenate([owners, marked]), np.concatenate([histograms.timestamps, series.timestamps[stale]])
    rows = np.concatenate([np.arange(len(owners)), np.full(len(stale), -1)])
    order = np.lexsort((times, series_of))
    series_of, times, rows = series_of[order], times[order], rows[order]
    before = np.maximum.accumulate(np.where(rows >= 0, rows, histograms.offsets[series_of]))
    return np.ascontiguousarray(times, np.int64), runs[before], np.ascontiguousarray(rows, np.int64)


def _heads(labels: Labels, bounds: Float64s) -> Iterator[bytes]:
    """What the lines of one layout begin with."""
    name = labels.metric
    buckets = labels.replace({METRIC_NAME: f"{name}_bucket", "le": ""})
    for bound in bounds.tolist():
        yield f"{series_text(buckets, {'le': show_bound(bound)}, quoted=True)} ".encode()
    for suffix in ("_sum", "_count"):
        yield f"{series_text(labels.replace({METRIC_NAME: name + suffix}), EMPTY, quoted=True)} ".encode()
