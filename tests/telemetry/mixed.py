"""Sets of series that hold floats and native histograms."""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.samples import HistogramSet, SeriesSet


def mixed_set(rows):
    """The set of {labels: {time: float or histogram}}."""
    floats = [sorted((at, one) for at, one in samples.items() if isinstance(one, float)) for samples in rows.values()]
    natives = [sorted((at, one.encode()) for at, one in samples.items() if isinstance(one, Histogram)) for samples in rows.values()]
    bodies = [body for found in natives for _, body in found]
    set_ = HistogramSet(
        np.cumsum([0, *map(len, natives)], dtype=np.int64),
        np.array([at for found in natives for at, _ in found], np.int64),
        np.cumsum([0, *map(len, bodies)], dtype=np.int64),
        np.frombuffer(b"".join(bodies), np.uint8),
    )
    return SeriesSet(
        list(rows),
        np.cumsum([0, *map(len, floats)], dtype=np.int64),
        np.array([at for found in floats for at, _ in found], np.int64),
        np.array([value for found in floats for _, value in found], np.float64),
        set_ if bodies else None,
    )
