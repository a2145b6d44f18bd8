"""Samples in columns: what comes in (a batch) and what a query reads (a set of series)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.labels import Labels

if TYPE_CHECKING:
    from fusewatch.telemetry.rollups import Rolled

Bytes = NDArray[np.uint8]
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
class HistogramRows:
    """Native histogram samples: ``ids`` (n) uint64, ``timestamps`` (n) int64 ms UTC.

    The binary form of row i (:mod:`fusewatch.telemetry.histograms`) is ``bodies[offsets[i]:offsets[i + 1]]``; ``offsets`` (n + 1) int64,
    ``bodies`` uint8.
    """

    ids: UInt64s
    timestamps: Int64s
    offsets: Int64s
    bodies: Bytes

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def empty(cls) -> HistogramRows:
        """No rows."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.uint8))

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, bytes]]) -> HistogramRows:
        """Rows from (id, timestamp, binary form)."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(body) for _, _, body in rows], out=offsets[1:])
        ids, times = np.array([row[0] for row in rows], np.uint64), np.array([row[1] for row in rows], np.int64)
        return cls(ids, times, offsets, np.frombuffer(b"".join(body for _, _, body in rows), np.uint8))

    def take(self, rows: Sequence[int]) -> HistogramRows:
        """Some of the rows. Rare, so plain Python."""
        ends = self.offsets.tolist()
        some = [(int(self.ids[k]), int(self.timestamps[k]), self.bodies[ends[k] : ends[k + 1]].tobytes()) for k in rows]
        return HistogramRows.of(some)

    def followed_by(self, others: HistogramRows) -> HistogramRows:
        """These rows and then the others."""
        if not len(self) or not len(others):
            return self if len(self) else others
        return HistogramRows(
            np.concatenate([self.ids, others.ids]),
            np.concatenate([self.timestamps, others.timestamps]),
            np.concatenate([self.offsets, others.offsets[1:] + self.offsets[-1]]),
            np.concatenate([self.bodies, others.bodies]),
        )


@dataclass(frozen=True, slots=True)
class ExemplarRows:
    """Exemplars: ``ids`` (n) uint64 of their series, ``timestamps`` (n) int64 ms UTC, ``values`` (n) float64.

    The labels of row i in canonical form (:attr:`Labels.canonical`) are ``labels[offsets[i]:offsets[i + 1]]``; ``offsets`` (n + 1) int64,
    ``labels`` uint8.
    """

    ids: UInt64s
    timestamps: Int64s
    values: Float64s
    offsets: Int64s
    labels: Bytes

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def empty(cls) -> ExemplarRows:
        """No rows."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.float64), np.zeros(1, np.int64), np.empty(0, np.uint8))

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, float, bytes]]) -> ExemplarRows:
        """Rows from (id, timestamp, value, canonical labels)."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row[3]) for row in rows], out=offsets[1:])
        return cls(
            np.array([row[0] for row in rows], np.uint64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.float64),
            offsets,
            np.frombuffer(b"".join(row[3] for row in rows), np.uint8),
        )


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """Samples on their way in.

    ``ids`` (n) uint64, ``timestamps`` (n) int64 milliseconds UTC, ``values`` (n) float64; row i of each is one sample.
    ``series`` holds the labels of the ids that the sender names for the first time; naming one again does no harm.
    Rows may come in any order; of two with the same id and timestamp the later row wins. ``len()`` counts the float samples alone.
    """

    ids: UInt64s
    timestamps: Int64s
    values: Float64s
    series: Mapping[int, Labels] = field(default_factory=dict)
    histograms: HistogramRows = field(default_factory=HistogramRows.empty)
    exemplars: ExemplarRows = field(default_factory=ExemplarRows.empty)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class HistogramSet:
    """The native histogram samples of the series of a :class:`SeriesSet`, flat.

    Those of series i are rows ``offsets[i]`` up to ``offsets[i + 1]`` of ``timestamps`` (int64 ms, strictly ascending, none of them that of
    a float sample of the series); the binary form of row k is ``bodies[ends[k]:ends[k + 1]]``.
    """

    offsets: Int64s
    timestamps: Int64s
    ends: Int64s
    bodies: Bytes


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
    #: The native histogram samples of the same series; None where none has any.
    histograms: HistogramSet | None = None
    #: What stands behind the rows where some of them are roll-ups; None where all are samples.
    rolled: Rolled | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def empty(cls) -> SeriesSet:
        """No series."""
        return cls((), np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
