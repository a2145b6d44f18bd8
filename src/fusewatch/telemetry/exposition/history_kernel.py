"""The compiled walk over a piece of OpenMetrics text whose lines have timestamps."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.chunks.bits import whole
from fusewatch.telemetry.exposition.numbers import read_number
from fusewatch.telemetry.exposition.scan import (
    SPACE,
    Bytes,
    ends_line,
    has_exemplar,
    line_end,
    same,
    skip_exemplar,
    token_end,
)
from fusewatch.telemetry.exposition.walker import COMMENT, Int32s, ends_key, find_entry, find_key_end
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Places of ``counts``.
ROWS, UNREAD, COUNTS = range(3)
#: Columns of ``unread``: the line, the end of its key (-1 where it has none), whether the key is known.
LINE_START, LINE_END, KEY_END, KNOWN, UNREAD_COLUMNS = range(5)
_ZERO, _NINE, _DOT, _MINUS = 48, 57, 46, 45
#: Digits before the point of a timestamp: more than any has, fewer than an int64 of milliseconds holds.
_MOST_DIGITS: Final = 15


@inlined
def _milliseconds(page: Bytes, at: int, end: int) -> tuple[int, bool]:
    """The timestamp in ``page[at:end]``, seconds in plain decimals; further decimals than three are cut off."""
    negative = at < end and page[at] == _MINUS
    if negative:
        at += 1
    number, digits, decimals, point = 0, 0, 0, False
    for k in range(at, end):
        byte = page[k]
        if byte == _DOT and not point:
            point = True
        elif byte < _ZERO or byte > _NINE:
            return 0, False
        elif not point or decimals < 3:
            number = number * 10 + whole(byte) - _ZERO
            digits += 1
            decimals += 1 if point else 0
    if digits - decimals == 0 or digits - decimals > _MOST_DIGITS:
        return 0, False
    for _ in range(decimals, 3):
        number *= 10
    return -number if negative else number, True


@kernel
def walk_history(
    page: Bytes,
    numbers: tuple[np.uint64, UInt64s],
    keys: tuple[Bytes, Int64s, Int32s, UInt64s, Int32s],
    entries: tuple[Int32s, Int32s],
    out: tuple[Int64s, Int64s, Int64s, UInt64s],
    unread: Int64s,
    counts: Int64s,
) -> None:
    """Fills ``out`` (place, slot, timestamp in ms, value bits) with the samples of known lines, ``unread`` with all other lines.

    Of consecutive lines with the same key that is not known only the first is listed: once it is known, so are the others.

    ``numbers``: seed of the keys' hashes, powers of five; ``keys``: text, starts, lengths, hashes and table of
    :class:`fusewatch.telemetry.exposition.entries.EntryTable`; ``entries``: slots and successors. As many rows as lines have room.
    """
    seed, powers = numbers
    text, starts, lengths, hashes, table = keys
    slots, successors = entries
    places, out_slots, times, bits = out
    scratch = np.empty(1, np.uint64)
    counts[:] = 0
    previous, at = len(successors) - 1, 0
    while at < len(page):
        start, end = at, 0
        entry = successors[previous]
        if entry >= 0 and same(page, start, text, starts[entry], lengths[entry]):
            end = start + lengths[entry]
        if end == 0 or not ends_key(page, start, end, 1):
            end = find_key_end(page, start, 1)
            entry = find_entry(page, start, end, seed, text, starts, lengths, hashes, table) if end > start else -1
        good = False
        if entry >= 0:
            successors[previous] = entry
            previous = entry
            if slots[entry] == COMMENT:
                at = end + 1
                continue
            if end < len(page) and page[end] == SPACE:
                stop = token_end(page, end + 1)
                value, good = read_number(page, end + 1, stop, powers)
                good = good and stop < len(page) and page[stop] == SPACE
                rest = token_end(page, stop + 1) if good else stop
                time, understood = _milliseconds(page, stop + 1, rest)
                if good and understood and has_exemplar(page, rest):
                    rest = skip_exemplar(page, rest, powers, scratch)
                good = good and understood and rest >= 0 and ends_line(page, rest)
                if good:
                    row = counts[ROWS]
                    places[row], out_slots[row], times[row], bits[row] = start, slots[entry], time, value
                    counts[ROWS] += 1
                    at = rest + 1
        if not good:
            at = line_end(page, start)
            row = counts[UNREAD]
            before = unread[row - 1, LINE_START] if row > 0 and entry < 0 else -1
            if before >= 0 and unread[row - 1, KEY_END] - before == end - start > 0 and same(page, start, page, before, end - start):
                at += 1
                continue
            unread[row, LINE_START], unread[row, LINE_END], unread[row, KEY_END] = start, at, end
            unread[row, KNOWN] = 1 if entry >= 0 else 0
            counts[UNREAD] += 1
            at += 1
