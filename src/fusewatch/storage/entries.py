"""What the door takes in: decoded rows, chosen and copied as wholes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.events import Event
from fusewatch.telemetry.known_series import Decoded, DecodedExemplars, DecodedHistograms
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, Int64s, SampleBatch, UInt64s
from fusewatch.telemetry.senders import INTERNAL, Sender


@dataclass(slots=True)
class Entry:
    """Something to log, of ``size`` bytes as it came; its rows are decoded ones of the book's epoch.

    ``samples`` counts them, native histograms among them. Not frozen only because that would take a microsecond of each request.
    """

    decoded: Decoded
    events: Sequence[Event] = ()
    sender: Sender = INTERNAL
    size: int = 0
    samples: int = 0

    @classmethod
    def of(cls, decoded: Decoded, sender: Sender, size: int) -> Entry:
        """A request."""
        return cls(decoded, (), sender, size, len(decoded.refs) + len(decoded.histograms.refs))

    @property
    def has_references(self) -> bool:
        """Whether it names series by what is good within one epoch alone."""
        return bool(self.samples or len(self.decoded.exemplars.refs))


def only(decoded: Decoded, samples: NDArray[np.bool_], histograms: NDArray[np.bool_], exemplars: NDArray[np.bool_]) -> Decoded:
    """The rows for which the masks are true."""
    if samples.all() and histograms.all() and exemplars.all():
        return decoded
    parts, rows = decoded.histograms, decoded.exemplars
    return Decoded(
        decoded.epoch,
        decoded.refs[samples],
        decoded.timestamps[samples],
        decoded.bits[samples],
        DecodedHistograms(parts.refs[histograms], parts.timestamps[histograms], *_select(parts.offsets, parts.bodies, histograms)),
        DecodedExemplars(
            rows.refs[exemplars],
            rows.timestamps[exemplars],
            rows.values[exemplars],
            *_select(rows.offsets, rows.labels, exemplars),
        ),
        decoded.metadata,
        decoded.problem,
    )


def without(batch: SampleBatch, ids: UInt64s) -> SampleBatch:
    """The batch less all rows of some series (n) uint64."""
    samples, histograms, exemplars = (~np.isin(rows, ids) for rows in (batch.ids, batch.histograms.ids, batch.exemplars.ids))
    parts, rows = batch.histograms, batch.exemplars
    return SampleBatch(
        batch.ids[samples],
        batch.timestamps[samples],
        batch.values[samples],
        batch.series,
        HistogramRows(parts.ids[histograms], parts.timestamps[histograms], *_select(parts.offsets, parts.bodies, histograms)),
        ExemplarRows(
            rows.ids[exemplars],
            rows.timestamps[exemplars],
            rows.values[exemplars],
            *_select(rows.offsets, rows.labels, exemplars),
        ),
    )


def _select(offsets: Int64s, blob: NDArray[np.uint8], keep: NDArray[np.bool_]) -> tuple[Int64s, NDArray[np.uint8]]:
    """The parts of a blob that are kept, with their offsets."""
    sizes = np.diff(offsets)
    kept = np.zeros(int(np.count_nonzero(keep)) + 1, np.int64)
    np.cumsum(sizes[keep], out=kept[1:])
    return kept, blob[: int(offsets[-1])][np.repeat(keep, sizes)]


def own(decoded: Decoded) -> Decoded:
    """The same rows in memory of their own."""
    parts, rows = decoded.histograms, decoded.exemplars
    return Decoded(
        decoded.epoch,
        decoded.refs.copy(),
        decoded.timestamps.copy(),
        decoded.bits.copy(),
        DecodedHistograms(parts.refs.copy(), parts.timestamps.copy(), parts.offsets.copy(), parts.bodies.copy()),
        DecodedExemplars(rows.refs.copy(), rows.timestamps.copy(), rows.values.copy(), rows.offsets.copy(), rows.labels.copy()),
        decoded.metadata,
    )


def nothing(metadata: Sequence[MetricMetadata] = ()) -> Decoded:
    """No rows, perhaps metadata."""
    return Decoded(0, np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.uint64), metadata=metadata)
