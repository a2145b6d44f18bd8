"""The head: what is in the log and not in ClickHouse yet, in columns, visible to every read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fusewatch.storage.records import SeriesRows
from fusewatch.storage.series_kernels import UInt32s
from fusewatch.storage.wal import SegmentFile
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, Int64s, UInt64s

#: Bytes that a waiting sample takes.
ROW_BYTES = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """Waiting samples: ``refs`` (n) uint32, ``timestamps`` (n) int64 ms, ``bits`` (n) uint64 value bits, in the order of the log."""

    refs: UInt32s
    timestamps: Int64s
    bits: UInt64s

    def __len__(self) -> int:
        return len(self.refs)

    def copy(self) -> Columns:
        """The same rows in memory of their own."""
        return Columns(self.refs.copy(), self.timestamps.copy(), self.bits.copy())


class GrowingColumns:
    """Columns that are only appended to, so that a view of them stays valid without a copy."""

    def __init__(self, capacity: int = 1 << 12) -> None:
        self._refs = np.empty(capacity, np.uint32)
        self._timestamps = np.empty(capacity, np.int64)
        self._bits = np.empty(capacity, np.uint64)
        self.count = 0

    def append(self, rows: Columns) -> None:
        """Copies rows to the end."""
        start, stop = self.count, self.count + len(rows)
        if stop > len(self._refs):
            self._grow(max(stop, len(self._refs) * 2))
        self._refs[start:stop], self._timestamps[start:stop], self._bits[start:stop] = rows.refs, rows.timestamps, rows.bits
        self.count = stop

    def view(self) -> Columns:
        """All rows so far; later ones do not change it."""
        count = self.count
        return Columns(self._refs[:count], self._timestamps[:count], self._bits[:count])

    def _grow(self, capacity: int) -> None:
        rows = self.view()
        self._refs, self._timestamps, self._bits = (
            np.empty(capacity, np.uint32),
            np.empty(capacity, np.int64),
            np.empty(capacity, np.uint64),
        )
        self.count = 0
        self.append(rows)


@dataclass(slots=True)
class HeadSegment:
    """A segment of the log as it is in memory; ``since`` is when its first record came (ms UTC).

    ``series`` are those that it names for the first time.
    """

    file: SegmentFile
    columns: GrowingColumns = field(default_factory=GrowingColumns)
    series: list[SeriesRows] = field(default_factory=list)
    histograms: list[HistogramRows] = field(default_factory=list)
    exemplars: list[ExemplarRows] = field(default_factory=list)
    metadata: list[MetricMetadata] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    since: int = 0
    #: Bytes of all that are not samples.
    other_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes in memory, roughly."""
        return self.columns.count * ROW_BYTES + self.other_bytes

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self.columns.count or self.series or self.histograms or self.exemplars or self.metadata or self.events)


@dataclass(frozen=True, slots=True)
class HeadView:
    """A segment as a read sees it: its number decides between samples of one timestamp."""

    number: int
    columns: Columns
    histograms: Sequence[HistogramRows] = ()
    exemplars: Sequence[ExemplarRows] = ()


def views(segments: Sequence[HeadSegment]) -> list[HeadView]:
    """What the segments hold now, the oldest first."""
    return [
        HeadView(segment.file.number, segment.columns.view(), tuple(segment.histograms), tuple(segment.exemplars)) for segment in segments
    ]
