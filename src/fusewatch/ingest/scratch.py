"""Space to decode into."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusewatch.telemetry.hashing import SLACK, Bytes
from fusewatch.telemetry.histogram_parts import HistogramParts, histogram_parts
from fusewatch.telemetry.known_series import UInt32s
from fusewatch.telemetry.label_kernels import MOST_LABELS
from fusewatch.telemetry.remote_write import EXTRA_COLUMNS, decompress, decompressed_size
from fusewatch.telemetry.samples import Int64s, UInt64s


@dataclass(slots=True)
class Scratch:
    """Kept between requests and grown at need: one request at a time."""

    buffer: Bytes = field(default_factory=lambda: np.empty(1 << 18, np.uint8))
    refs: UInt32s = field(default_factory=lambda: np.empty(1 << 12, np.uint32))
    times: Int64s = field(default_factory=lambda: np.empty(1 << 12, np.int64))
    bits: UInt64s = field(default_factory=lambda: np.empty(1 << 12, np.uint64))
    misses: Int64s = field(default_factory=lambda: np.empty((1 << 12, 4), np.int64))
    metadata: Int64s = field(default_factory=lambda: np.empty((1 << 10, 2), np.int64))
    extras: Int64s = field(default_factory=lambda: np.empty((1 << 10, EXTRA_COLUMNS), np.int64))
    labels: Int64s = field(default_factory=lambda: np.empty((MOST_LABELS, 4), np.int64))
    histogram: HistogramParts = field(default_factory=histogram_parts)

    def unpack(self, body: bytes) -> int:
        """Unpacks a snappy block into ``buffer``; how many bytes that are.

        Raises:
            RemoteWriteError: not a snappy block, or too large.
        """
        size = decompressed_size(body)
        if len(self.buffer) < size + SLACK:
            self.buffer = np.empty(size + SLACK + size // 4, np.uint8)
        return decompress(body, self.buffer)

    def widen(self) -> None:
        """Makes room for four times as many rows."""
        rows = len(self.refs) * 4
        self.refs, self.times, self.bits = np.empty(rows, np.uint32), np.empty(rows, np.int64), np.empty(rows, np.uint64)
        self.misses, self.metadata = np.empty((rows, 4), np.int64), np.empty((rows, 2), np.int64)
        self.extras = np.empty((rows, EXTRA_COLUMNS), np.int64)
