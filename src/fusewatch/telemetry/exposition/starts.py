"""When the metrics of a page began, and the zeros that stand there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusewatch.telemetry.known_series import DecodedHistograms, UInt32s
from fusewatch.telemetry.samples import Float64s, HistogramRows, Int64s, UInt64s
from fusewatch.telemetry.zero_samples import ZeroSamples


@dataclass(frozen=True, slots=True)
class PageStarts:
    """Of the samples and native histograms of a page, in their order: the number of the series, and when it began (ms, 0: not told).

    ``ids`` are those of the series by number, ``zeros`` knows their newest timestamps.
    """

    zeros: ZeroSamples
    ids: UInt64s
    slots: UInt32s
    times: Int64s
    histogram_slots: UInt32s
    histogram_times: Int64s

    def with_zeros(self, rows: Int64s, timestamps: Int64s, values: Float64s) -> tuple[UInt64s, Int64s, Float64s]:
        """Ids, timestamps and values of these of the page's samples, zeros among them."""
        columns = (self.slots[rows], timestamps, values.view(np.uint64), self.times[rows])
        slots, times, bits, _ = self.zeros.samples(0, columns)
        return self.ids[slots], times, bits.view(np.float64)

    def with_zero_histograms(self, rows: Int64s, histograms: HistogramRows) -> HistogramRows:
        """The same for native histograms; empty ones are their zeros."""
        decoded = DecodedHistograms(self.histogram_slots[rows], histograms.timestamps, histograms.offsets, histograms.bodies)
        found, _ = self.zeros.histograms(0, decoded, self.histogram_times[rows])
        return HistogramRows(self.ids[found.refs], found.timestamps, found.offsets, found.bodies)
