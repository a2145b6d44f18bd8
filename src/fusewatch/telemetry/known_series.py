"""What a decoder needs to know of series, and what it makes of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.samples import Bytes, Float64s, Int64s, UInt64s

UInt32s = NDArray[np.uint32]


class KnownSeries(Protocol):
    """The receiver's series, as decoders use them. A reference is a number from 1 on, good within one :attr:`epoch`."""

    #: Steps on when references end; a request whose decoding saw it change starts again.
    epoch: int
    #: Keys the fingerprints, so that nobody outside can prepare collisions.
    key: np.uint64
    #: Open addressing, a power of two of slots, probed linearly from ``low & (slots - 1)``: fingerprints (slots, 2), references (0: free).
    fingerprints: tuple[UInt64s, UInt32s]

    def learn(self, labels: Labels) -> int:
        """The reference of a label set, new or known.

        Raises:
            SeriesLimitError: it is new and no new ones are taken.
        """
        ...

    def learn_many(self, blob: Bytes, offsets: Int64s) -> tuple[UInt32s, SamplesRejectedError | None]:
        """The references (n) of the canonical label sets ``blob[offsets[i]:offsets[i + 1]]``, new or known; the same one may come twice.

        References are 0 where a new series is refused; the error then says why the first of them is. ``offsets`` (n + 1).
        """
        ...

    def remember(self, low: np.uint64, high: np.uint64, ref: int) -> None:
        """Recognises this fingerprint (of the bytes that named the series on the wire) from now on."""
        ...

    def remember_many(self, lows: UInt64s, highs: UInt64s, refs: UInt32s) -> None:
        """The same for n of them, those with reference 0 left out. One that is known already, or comes twice, takes no second place."""
        ...


@dataclass(frozen=True, slots=True)
class DecodedHistograms:
    """Native histograms by reference: ``refs`` (n) uint32, the rest as in :class:`fusewatch.telemetry.samples.HistogramRows`."""

    refs: UInt32s
    timestamps: Int64s
    offsets: Int64s
    bodies: Bytes

    def __len__(self) -> int:
        return len(self.refs)

    @classmethod
    def empty(cls) -> DecodedHistograms:
        """No rows."""
        return cls(np.empty(0, np.uint32), np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True)
class DecodedExemplars:
    """Exemplars by reference: ``refs`` (n) uint32, the rest as in :class:`fusewatch.telemetry.samples.ExemplarRows`."""

    refs: UInt32s
    timestamps: Int64s
    values: Float64s
    offsets: Int64s
    labels: Bytes

    def __len__(self) -> int:
        return len(self.refs)

    @classmethod
    def empty(cls) -> DecodedExemplars:
        """No rows."""
        return cls(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.float64), np.zeros(1, np.int64), np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request, decoded: float samples as ``refs`` (n) uint32, ``timestamps`` (n) int64 ms, ``bits`` (n) uint64 value bits, and the rest.

    What can't be stored is left out and told in ``problem``: the first reason, with the number of all samples left out. The arrays may
    be views into the decoder's scratch, good until its next use.
    """

    epoch: int
    refs: UInt32s
    timestamps: Int64s
    bits: UInt64s
    histograms: DecodedHistograms = field(default_factory=DecodedHistograms.empty)
    exemplars: DecodedExemplars = field(default_factory=DecodedExemplars.empty)
    metadata: Sequence[MetricMetadata] = ()
    problem: SamplesRejectedError | None = None
