"""Samples over time as OpenMetrics text: a line for each, in compiled loops.

https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md; a staleness marker, which the format does not know, is
a NaN in a spelling that nobody else uses (:mod:`fusewatch.telemetry.exposition.history`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.api.prometheus.federate import series_text
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


def print_history(series: SeriesSet) -> bytes:
    """The lines of all float samples, series by series; histograms have no place in this format."""
    heads = [f"{series_text(labels, EMPTY, quoted=True)} ".encode() for labels in series.labels]
    head_offsets = np.cumsum([0, *map(len, heads)], dtype=np.int64)
    offsets, timestamps = (np.require(column, np.int64, ["C", "W"]) for column in (series.offsets, series.timestamps))
    values = np.require(series.values, np.float64, ["C", "W"])
    sizes = np.diff(head_offsets) + (LONGEST_VALUE + LONGEST_TIMESTAMP + 2)
    out = np.empty(int((np.diff(offsets) * sizes).sum()), np.uint8)
    used = write_lines(np.frombuffer(b"".join(heads), np.uint8), head_offsets, offsets, timestamps, values, values.view(np.uint64), out)
    return out[:used].tobytes()


def warm() -> None:
    """Compiles the kernel, or loads it from its cache; once, before the first request needs it."""
    print_history(SeriesSet([EMPTY], np.array([0, 1], np.int64), np.array([0], np.int64), np.array([0.5])))
