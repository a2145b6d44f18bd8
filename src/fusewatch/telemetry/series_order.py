"""Some series of a set, or all of them in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusewatch.telemetry.samples import HistogramSet, Int64s, SeriesSet


def in_label_order(series: SeriesSet) -> SeriesSet:
    """The set ordered by its series' labels, name by name and value by value, as Prometheus' own store and protocol have it.

    That is not the order of canonical forms: there ``a="10"`` comes before ``a="1"``.
    """
    keys = [labels.pairs for labels in series.labels]
    return pick(series, sorted(range(len(keys)), key=keys.__getitem__))


def pick(series: SeriesSet, order: Sequence[int]) -> SeriesSet:
    """The series at these places, in this order; the set itself where that is all of it as it is."""
    if order == list(range(len(series))):
        return series
    places = np.array(order, np.int64)
    offsets, rows = _moved(series.offsets, places)
    labels = [series.labels[place] for place in order]
    return SeriesSet(labels, offsets, series.timestamps[rows], series.values[rows], _histograms(series.histograms, places))


def _histograms(found: HistogramSet | None, places: Int64s) -> HistogramSet | None:
    if found is None:
        return None
    offsets, rows = _moved(found.offsets, places)
    ends, pieces = _moved(found.ends, rows)
    return HistogramSet(offsets, found.timestamps[rows], ends, found.bodies[pieces])


def _moved(offsets: Int64s, places: Int64s) -> tuple[Int64s, Int64s]:
    """Offsets of the same groups in another order, and the rows in that order."""
    counts = np.diff(offsets)[places]
    moved = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
    return moved, np.repeat(offsets[:-1][places] - moved[:-1], counts) + np.arange(moved[-1])
