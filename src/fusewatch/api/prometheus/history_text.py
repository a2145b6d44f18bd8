"""Samples over time as OpenMetrics text: a line for each float, and those of classic histograms for native ones, in compiled loops.

https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md; a staleness marker, which the format does not know, is
a NaN in a spelling that nobody else uses (:mod:`fusewatch.telemetry.exposition.history`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.api.prometheus.federate_text import family_text, series_text
from fusewatch.api.prometheus.history_histograms import HistogramText, stale_rows
from fusewatch.api.prometheus.numbers import LONGEST_TIMESTAMP, LONGEST_VALUE, Bytes, write_bytes, write_timestamp, write_value
from fusewatch.telemetry.exposition.history import STALE_TEXT
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.labels import EMPTY
from fusewatch.telemetry.samples import STALE_BITS, Float64s, Int64s, SeriesSet, UInt64s

END: Final = b"# EOF\n"
_STALE: Final = np.uint64(STALE_BITS)
_STALE_TEXT: Final = np.frombuffer(STALE_TEXT.encode(), np.uint8)


@kernel
def write_lines(
    heads: Bytes, head_offsets: Int64s, offsets: Int64s, timestamps: Int64s, values: Float64s, bits: UInt64s, out: Bytes
) -> int:
    """Prints ``heads[i]``, a value and a timestamp in seconds for every sample of every series i; returns how much of ``out`` is used.

    ``offsets`` (series + 1) says which of ``timestamps`` (ms) and ``values`` are its samples; ``bits`` are the values' own.
    """
    at = 0
    for series in range(len(offsets) - 1):
        for row in range(offsets[series], offsets[series + 1]):
            at = write_bytes(out, at, heads, head_offsets[series], head_offsets[series + 1])
            if bits[row] == _STALE:
                at = write_bytes(out, at, _STALE_TEXT, 0, len(_STALE_TEXT))
            else:
                at = write_value(out, at, bits[row], values[row])
            out[at] = 32
            at = write_timestamp(out, at + 1, timestamps[row])
            out[at] = 10
            at += 1
    return at


class HistoryText:
    """A text that grows, metric by metric; ``most_bytes`` of histograms are printed at a time."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._family = ""

    def add(self, series: SeriesSet, *, is_least: bool) -> bytes | None:
        """The lines of series of one metric; None where they would be too many, unless there is no less to add."""
        found = series.histograms
        if found is None or not len(found.timestamps):
            return print_floats(series)
        histograms = HistogramText.of(series, found)
        if histograms.size > self._most_bytes and not is_least:
            return None
        family = series.labels[0].metric
        told, self._family = self._family == family, family
        head = b"" if told else f"# TYPE {family_text(family, quoted=True)} histogram\n".encode()
        return print_floats(_without(series, stale_rows(series, found))) + head + histograms.print()

    def close(self) -> bytes:
        """The last line."""
        return END


def _without(series: SeriesSet, rows: NDArray[np.bool_]) -> SeriesSet:
    """The set without these float samples."""
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(~rows, dtype=np.int64)))
    return replace(series, offsets=before[series.offsets], timestamps=series.timestamps[~rows], values=series.values[~rows])


def print_floats(series: SeriesSet) -> bytes:
    """The lines of all float samples, series by series."""
    heads = [f"{series_text(labels, EMPTY, quoted=True)} ".encode() for labels in series.labels]
    head_offsets = np.cumsum([0, *map(len, heads)], dtype=np.int64)
    offsets, timestamps = (np.require(column, np.int64, ["C", "W"]) for column in (series.offsets, series.timestamps))
    values = np.require(series.values, np.float64, ["C", "W"])
    sizes = np.diff(head_offsets) + (LONGEST_VALUE + LONGEST_TIMESTAMP + 2)
    out = np.empty(int((np.diff(offsets) * sizes).sum()), np.uint8)
    used = write_lines(np.frombuffer(b"".join(heads), np.uint8), head_offsets, offsets, timestamps, values, values.view(np.uint64), out)
    return out[:used].tobytes()


def warm() -> None:
    """Compiles the kernel for floats, or loads it from its cache; once, before the first request needs it."""
    print_floats(SeriesSet([EMPTY], np.array([0, 1], np.int64), np.array([0], np.int64), np.array([0.5])))
