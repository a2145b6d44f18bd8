"""Space to decode into, kept between requests and grown at need: one request at a time."""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.hashing import SLACK, Bytes
from fusewatch.telemetry.histogram_parts import histogram_parts
from fusewatch.telemetry.known_series import UInt32s
from fusewatch.telemetry.label_kernels import MOST_LABELS
from fusewatch.telemetry.remote_write import decompress, decompressed_size
from fusewatch.telemetry.samples import Int64s, UInt64s

_ROWS = 1 << 12


class Scratch:
    """The unpacked body, rows of samples, and what a walk notes beside them, in tables of the given widths."""

    def __init__(self, *, miss_columns: int, metadata_columns: int, extra_columns: int) -> None:
        self._widths = (miss_columns, metadata_columns, extra_columns)
        self.buffer: Bytes = np.empty(1 << 18, np.uint8)
        self.labels: Int64s = np.empty((MOST_LABELS, 4), np.int64)
        self.histogram = histogram_parts()
        self._fit(_ROWS)

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
        self._fit(len(self.refs) * 4)

    def _fit(self, rows: int) -> None:
        self.refs: UInt32s = np.empty(rows, np.uint32)
        self.times: Int64s = np.empty(rows, np.int64)
        self.bits: UInt64s = np.empty(rows, np.uint64)
        self.starts: Int64s = np.empty(rows, np.int64)
        self.misses: Int64s = np.empty((rows, self._widths[0]), np.int64)
        self.metadata: Int64s = np.empty((rows, self._widths[1]), np.int64)
        self.extras: Int64s = np.empty((rows, self._widths[2]), np.int64)


class SymbolScratch:
    """Places (n, 2) and fingerprints (n, 2) of symbols."""

    def __init__(self) -> None:
        self._fit(1 << 12)

    def widen(self) -> None:
        """Makes room for four times as many."""
        self._fit(len(self.places) * 4)

    def _fit(self, symbols: int) -> None:
        self.places: Int64s = np.empty((symbols, 2), np.int64)
        self.prints: UInt64s = np.empty((symbols, 2), np.uint64)
