"""What the sums of delta series come to after a restart of the receiver.

The sums are written beside the log each time a segment of it ends, before the engine may take the segment over. So whatever is later than
the snapshot is in the segments that follow it, and these are all still there: the last value of each series is looked up in them.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.storage.book import SeriesBook
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.records import read_histograms, read_samples
from fusewatch.storage.wal import Kind, SegmentFile, find_segments
from fusewatch.telemetry.known_series import UInt32s
from fusewatch.telemetry.samples import STALE_BITS, Float64s, Int64s, UInt64s

_FILE: Final = "deltas"
_LONG_LOG: Final = 256 << 20
_NUMBER: Final = struct.Struct("<Q")
_STALE: Final = np.uint64(STALE_BITS)


#: Ids, times (ms) and values of some samples.
Columns = tuple[UInt64s, Int64s, Float64s]


class DeltaSnapshots:
    """Keeps the sums in a file of the log's folder. ``save`` is called with the number of the segment that ends."""

    def __init__(self, folder: Path, state: DeltaState) -> None:
        self._path = folder / _FILE
        self._folder = folder
        self._state = state
        self._saved = -1

    def load(self, book: SeriesBook) -> LoggedValues:
        """Takes the snapshot up, and finds what the log holds beyond it. Blocks; before the log is written again."""
        number, found = 0, True
        try:
            data = self._path.read_bytes()
            number = _NUMBER.unpack_from(data)[0]
            self._state.load(data[_NUMBER.size :])
        except FileNotFoundError:
            found = False
        except (ValueError, struct.error) as error:
            structlog.get_logger(component="otlp").warning("the sums of delta series can't be read; they begin anew", reason=str(error))
        # Without a snapshot no segment has ended since there were deltas, so a long log has none to speak of.
        if not found and sum(file.path.stat().st_size for file in find_segments(self._folder)) > _LONG_LOG:
            number = sys.maxsize
        return LoggedValues.read(self._folder, after=number, book=book)

    def save(self, number: int) -> None:
        """Writes the sums as they are at the end of that segment, where there are any."""
        if not len(self._state) and self._saved <= 0:
            return
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(_NUMBER.pack(number) + self._state.dump())
        fresh.replace(self._path)
        self._saved = len(self._state)


class LoggedValues:
    """The last value of each series in some segments; implements :class:`fusewatch.ingest.otlp.delta.LastValues`."""

    def __init__(self, book: SeriesBook, ids: UInt64s, times: Int64s, values: Float64s, histograms: dict[int, tuple[int, bytes]]) -> None:
        self._book = book
        self._ids, self._times, self._values = ids, times, values
        self._histograms = histograms

    @classmethod
    def read(cls, folder: Path, *, after: int, book: SeriesBook) -> LoggedValues:
        """Of the segments with a higher number than ``after``. Blocks."""
        columns: Columns = np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0)
        histograms: dict[int, tuple[int, bytes]] = {}
        for file in find_segments(folder):
            if file.number > after:
                columns = _latest([columns, *_read_segment(file, histograms)])
        return cls(book, *columns, histograms)

    def last_values(self, refs: UInt32s) -> tuple[Int64s, Float64s]:
        """See :meth:`fusewatch.ingest.otlp.delta.LastValues.last_values`."""
        times, values = np.full(len(refs), -1, np.int64), np.zeros(len(refs))
        if len(self._ids):
            wanted = self._book.ids[refs]
            at = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
            there = self._ids[at] == wanted
            times[there], values[there] = self._times[at[there]], self._values[at[there]]
        return times, values

    def last_histogram(self, ref: int) -> tuple[int, bytes] | None:
        """See :meth:`fusewatch.ingest.otlp.delta.LastValues.last_histogram`."""
        return self._histograms.get(int(self._book.ids[ref]))


def _read_segment(file: SegmentFile, histograms: dict[int, tuple[int, bytes]]) -> list[Columns]:
    """The float samples of a segment that are no staleness markers; its histograms are entered."""
    parts: list[Columns] = []
    reader = SegmentReader(file)
    while records := reader.read(reader.size):
        for record in records:
            if record.kind is Kind.SAMPLES:
                ids, times, bits = read_samples(record.body)
                good = bits != _STALE
                parts.append((ids[good], times[good], bits[good].view(np.float64)))
            elif record.kind is Kind.HISTOGRAMS:
                rows = read_histograms(record.body)
                for k, one in enumerate(rows.ids.tolist()):
                    body = rows.bodies[rows.offsets[k] : rows.offsets[k + 1]].tobytes()
                    histograms[one] = max(histograms.get(one, (-1, b"")), (int(rows.timestamps[k]), body))
    reader.close()
    return parts


def _latest(parts: list[Columns]) -> Columns:
    """The latest sample of each id, ascending by id; of one time the one that came later."""
    ids, times, values = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.lexsort((times, ids))
    last = np.ones(len(order), np.bool_)
    last[:-1] = ids[order][:-1] != ids[order][1:]
    order = order[last]
    return ids[order], times[order], values[order]
