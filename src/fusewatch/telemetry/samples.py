"""Samples in columns: what comes in (a batch) and what a query reads (a set of series)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.labels import Labels

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
UInt64s = NDArray[np.uint64]

#: Prometheus' staleness marker, a NaN with a payload of its own; an ordinary NaN is a value.
#: https://github.com/prometheus/prometheus/blob/main/model/value/value.go
STALE_BITS: Final = 0x7FF0000000000002
STALE_NAN: Final[float] = struct.unpack("<d", struct.pack("<Q", STALE_BITS))[0]


def is_stale(values: Float64s) -> NDArray[np.bool_]:
    """Which of ``values`` (n) are staleness markers, compared bit for bit."""
    return np.equal(values.view(np.uint64), np.uint64(STALE_BITS))


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """Samples on their way in.

    ``ids`` (n) uint64, ``timestamps`` (n) int64 milliseconds UTC, ``values`` (n) float64; row i of each is one sample.
    ``series`` holds the labels of the ids that the sender names for the first time; naming one again does no harm.
    Rows may come in any order; of two with the same id and timestamp the later row wins.
    """

    ids: UInt64s
    timestamps: Int64s
    values: Float64s
    series: Mapping[int, Labels] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class SeriesSet:
    """The samples of some series, flat.

    ``labels`` has one entry per series; the samples of series i are ``timestamps[offsets[i]:offsets[i + 1]]`` (int64 ms, strictly
    ascending) and ``values[...]`` (float64, staleness markers included). ``offsets`` (series + 1) int64.
    """

    labels: Sequence[Labels]
    offsets: Int64s
    timestamps: Int64s
    values: Float64s

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def empty(cls) -> SeriesSet:
        """No series."""
        return cls((), np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
