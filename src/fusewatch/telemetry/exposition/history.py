"""OpenMetrics text with a timestamp on every line, of any length: read piece by piece, known series without a Python object per sample.

What a scrape shows is one moment; this is for files that hold a history, such as those that ``promtool tsdb create-blocks-from`` takes.
Differences to a scrape: all samples of a series count, timestamps are exact milliseconds, and a staleness marker can be written.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

import numpy as np

from fusewatch.telemetry.exposition.entries import EntryTable
from fusewatch.telemetry.exposition.errors import MalformedLineError
from fusewatch.telemetry.exposition.history_kernel import COUNTS, ROWS, UNREAD, UNREAD_COLUMNS, walk_history
from fusewatch.telemetry.exposition.lines import SampleLine, parse_line
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.numbers import powers_of_five
from fusewatch.telemetry.exposition.scan import NEWLINE
from fusewatch.telemetry.exposition.walker import COMMENT
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_BITS, Int64s, UInt64s

#: How a staleness marker is spelled: a NaN to every reader of OpenMetrics, whose numbers know no upper and lower case, and written so by
#: nobody by accident.
STALE_TEXT: Final = "nAN"
_EOF: Final = b"# EOF"
#: Lines that are known; beyond it all are forgotten, which bounds memory whatever the text holds.
_MOST_KEYS: Final = 500_000


@dataclass(frozen=True, slots=True)
class History:
    """Samples in the order of the text: row i is of the series ``series[slots[i]]``; ``timestamps`` int64 ms, ``bits`` of the values."""

    series: list[Labels]
    slots: Int64s
    timestamps: Int64s
    bits: UInt64s


class HistoryReader:
    """The pieces of one text, in order. Every piece ends where a line ends."""

    def __init__(self) -> None:
        self._entries = EntryTable(np.uint64(secrets.randbits(64)))
        self._series: list[Labels] = []
        self._slots: dict[Labels, int] = {}
        self._lines = 0
        self._ended = False

    def read(self, piece: bytes) -> History:
        """The samples of the next piece.

        Raises:
            MalformedLineError: a line is malformed, has no timestamp, or stands behind ``# EOF``; the message names the line.
        """
        if self._ended and piece:
            raise MalformedLineError("unexpected data after # EOF", self._lines + 1)
        if self._entries.count > _MOST_KEYS:
            self._entries.clear()
            self._series, self._slots = [], {}
        walk = self._walk(piece)
        if len(walk.unread):
            self._learn(piece, walk.unread)
            walk = self._walk(piece)
            for start, end, key_end, _ in walk.unread.tolist():
                self._read_slowly(piece, (start, end), key_end, walk)
        self._lines += walk.lines - 1
        return walk.history(self._series)

    def finish(self) -> None:
        """Says that there are no more pieces.

        Raises:
            MalformedLineError: the text did not end with ``# EOF``: it may be cut off.
        """
        if not self._ended:
            raise MalformedLineError("data does not end with # EOF", self._lines)

    def _walk(self, piece: bytes) -> _Walk:
        page = np.frombuffer(piece, np.uint8)
        walk, entries = _Walk(int(np.count_nonzero(page == NEWLINE)) + 1), self._entries
        walk_history(
            page,
            (entries.seed, powers_of_five()),
            (entries.text, entries.starts, entries.lengths, entries.hashes, entries.table),
            (entries.slots, entries.successors),
            (walk.places, walk.slots, walk.times, walk.bits),
            walk.unread_rows,
            walk.counts,
        )
        return walk

    def _learn(self, piece: bytes, unread: Int64s) -> None:
        """Enters the keys of the lines that are not known."""
        found: dict[bytes, int] = {}
        for start, end, key_end, known in unread.tolist():
            key = piece[start : max(key_end, start)]
            if known or key in found or piece[start:end] == _EOF:
                continue
            line = self._parse(piece, start, end)
            found[key] = self._slot(line.labels) if isinstance(line, SampleLine) else COMMENT
        found.pop(b"", None)
        self._entries.add(list(found), list(found.values()))

    def _parse(self, piece: bytes, start: int, end: int) -> object:
        try:
            return parse_line(piece[start:end], Format.OPENMETRICS)
        except MalformedLineError as error:
            raise error.at(self._number(piece, start)) from error

    def _number(self, piece: bytes, start: int) -> int:
        return self._lines + piece.count(b"\n", 0, start) + 1

    def _slot(self, labels: dict[str, str]) -> int:
        series = Labels(labels)
        slot = self._slots.setdefault(series, len(self._series))
        if slot == len(self._series):
            self._series.append(series)
        return slot

    def _read_slowly(self, piece: bytes, line: tuple[int, int], key_end: int, walk: _Walk) -> None:
        """Adds the sample of a line whose number or ending the walk left to us."""
        start, end = line
        if piece[start:end] == _EOF:
            self._ended = True
            if piece[end + 1 :]:
                raise MalformedLineError("unexpected data after # EOF", self._number(piece, start) + 1)
            return
        parsed = self._parse(piece, start, end)
        if not isinstance(parsed, SampleLine):
            return
        if parsed.timestamp is None:
            raise MalformedLineError("a sample of a history needs a timestamp", self._number(piece, start))
        value, timestamp, *_ = piece[key_end + 1 : end].decode().split(" ")
        try:
            milliseconds = int(Decimal(timestamp) * 1000)
        except (InvalidOperation, ValueError, OverflowError):
            milliseconds = parsed.timestamp
        walk.add(start, self._slot(parsed.labels), milliseconds, None if value == STALE_TEXT else parsed.value)


@dataclass(slots=True)
class _Walk:
    """What one walk over ``lines`` lines filled in."""

    lines: int
    places: Int64s = field(init=False)
    slots: Int64s = field(init=False)
    times: Int64s = field(init=False)
    bits: UInt64s = field(init=False)
    unread_rows: Int64s = field(init=False)
    counts: Int64s = field(init=False)

    def __post_init__(self) -> None:
        self.places, self.slots, self.times = (np.empty(self.lines, np.int64) for _ in range(3))
        self.bits = np.empty(self.lines, np.uint64)
        self.unread_rows = np.empty((self.lines, UNREAD_COLUMNS), np.int64)
        self.counts = np.zeros(COUNTS, np.int64)

    @property
    def unread(self) -> Int64s:
        return self.unread_rows[: self.counts[UNREAD]]

    def add(self, place: int, slot: int, timestamp: int, value: float | None) -> None:
        """Adds a row; no value is a staleness marker."""
        row = self.counts[ROWS]
        self.places[row], self.slots[row], self.times[row] = place, slot, timestamp
        if value is None:
            self.bits[row] = STALE_BITS
        else:
            self.bits[row : row + 1].view(np.float64)[0] = value
        self.counts[ROWS] += 1

    def history(self, series: list[Labels]) -> History:
        rows = int(self.counts[ROWS])
        order = np.argsort(self.places[:rows], kind="stable")
        return History(series, self.slots[order], self.times[order], self.bits[order])
