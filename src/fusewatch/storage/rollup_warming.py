"""Runs every kernel of roll-ups once, on next to nothing."""

from __future__ import annotations

import numpy as np

from fusewatch.storage.chunk_decoding import Samples
from fusewatch.storage.chunk_writer import SortedSamples
from fusewatch.storage.rollup_codec import decode_column, encode_column
from fusewatch.storage.rollup_kernels import hide_windows, restore
from fusewatch.storage.rollup_reader import joined, part_of_samples
from fusewatch.storage.rollup_spans import Span
from fusewatch.storage.rollup_writer import RolledSeries
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.labels import EMPTY
from fusewatch.telemetry.rollups import FIVE_MINUTES, Aggregate


def warm_rollups() -> None:
    """Compiles them, or loads what an earlier process compiled."""
    one, time, offsets = np.ones(1, np.uint64), np.zeros(1, np.int64), np.array([0, 1])
    rolled = RolledSeries.of(SortedSamples(one, one, time, one), FIVE_MINUTES)
    values = rolled.columns[Aggregate.FIRST]
    decode_column(encode_column(offsets, values, values + 1), offsets, values.view(np.uint64))
    restore(time, offsets, FIVE_MINUTES, rolled.ends, time.copy(), time.copy())
    hides = Tombstones(one, one, one, time, time, one).by_series(one)
    hide_windows(offsets, rolled.ends, FIVE_MINUTES, one, time, hides, np.ones(1, np.uint8))
    part = part_of_samples(Samples(offsets, time, one), list(Aggregate))
    joined([EMPTY], [part, part], [Span(0, 0), Span(0, 0)])
