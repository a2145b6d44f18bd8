"""The compiled walk over a page: known lines become samples without a Python object each, all others are put on a list.

A line is known by its key: of a sample everything before the value, of a comment the whole line. The keys of a target lie one behind
the other in one buffer and are compared byte for byte, so a hash collision can't mix up series. Pages hardly change their order, so the
key that followed last time is tried first; only where that fails the key is hashed and looked up.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.scan import (
    BACKSLASH,
    CLOSE,
    HASH,
    NEWLINE,
    NO_TIMESTAMP,
    OPEN,
    QUOTE,
    SPACE,
    TAB,
    Bytes,
    line_end,
    read_rest,
    same,
    skip_blanks,
)
from fusewatch.telemetry.kernels import bare, bare_kernel
from fusewatch.telemetry.samples import Int64s, UInt64s

Int32s = NDArray[np.int32]

#: What an entry is when it is no series: dropped by relabelling, or a comment.
DROPPED: Final = -1
COMMENT: Final = -2
#: Rows of ``counts``.
ROWS, UNREAD, SCRAPED, KEPT, REPEATED, EXEMPLARS, COUNTS = range(7)
#: Columns of exemplars: slot, where it is, and the mark to know it by.
EXEMPLAR_SLOT, EXEMPLAR_START, EXEMPLAR_END, EXEMPLAR_MARK, EXEMPLAR_COLUMNS = range(5)
#: Columns of ``unread``: the line, its key (the key's end is -1 where it has none), whether the key is known.
LINE_START, LINE_END, KEY_START, KEY_END, KNOWN, UNREAD_COLUMNS = range(6)

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@bare
def hash_key(text: Bytes, start: int, end: int, seed: np.uint64) -> np.uint64:
    """A keyed hash of ``text[start:end]``; it only has to spread, equality is always checked on the bytes."""
    value = seed ^ np.uint64(end - start)
    for at in range(start, end):
        value = (value ^ np.uint64(text[at])) * _PRIME
        value = value ^ (value >> _SHIFT)
    return value


@bare
def ends_key(page: Bytes, start: int, end: int, strict: int) -> bool:
    """Whether a key that matches ``page[start:end]`` is the whole key of its line."""
    if page[start] == HASH:
        return end == len(page) or page[end] == NEWLINE
    if page[end - 1] == CLOSE:
        return True
    if end == len(page) or (page[end] != SPACE and page[end] != TAB):
        return False
    if strict:
        return True
    ahead = skip_blanks(page, end)
    return ahead == len(page) or page[ahead] != OPEN


@bare
def find_key_end(page: Bytes, start: int, strict: int) -> int:
    """Where the key that begins at ``start`` ends; -1 when its braces do not close on this line."""
    if page[start] == HASH:
        return line_end(page, start)
    at = start
    while at < len(page) and page[at] != SPACE and page[at] != TAB and page[at] != NEWLINE and page[at] != OPEN:
        at += 1
    name_end = at
    if not strict:
        at = skip_blanks(page, at)
    if at == len(page) or page[at] != OPEN:
        return name_end
    quoted = False
    while at < len(page) and page[at] != NEWLINE:
        byte = page[at]
        if quoted and byte == BACKSLASH:
            at += 1
        elif byte == QUOTE:
            quoted = not quoted
        elif byte == CLOSE and not quoted:
            return at + 1
        at += 1
    return -1


@bare
def find_entry(  # noqa: PLR0913, PLR0917 - compiled code takes flat arrays by position
    page: Bytes,
    start: int,
    end: int,
    seed: np.uint64,
    text: Bytes,
    starts: Int64s,
    lengths: Int32s,
    hashes: UInt64s,
    table: Int32s,
) -> int:
    """The entry whose key is ``page[start:end]``, or -1. ``table`` is a power of two long, open addressing, -1 is free."""
    value = hash_key(page, start, end, seed)
    mask = len(table) - 1
    place = int(value >> np.uint64(32)) & mask
    while table[place] >= 0:
        entry = table[place]
        if hashes[entry] == value and lengths[entry] == end - start and same(page, start, text, starts[entry], end - start):
            return int(entry)
        place = (place + 1) & mask
    return -1


@bare_kernel
def insert_entries(
    first: int, last: int, seed: np.uint64, text: Bytes, starts: Int64s, lengths: Int32s, hashes: UInt64s, table: Int32s
) -> None:
    """Enters entries ``first`` to ``last`` (exclusive) into ``table`` and fills their ``hashes``; forgotten ones (length -1) stay out."""
    mask = len(table) - 1
    for entry in range(first, last):
        if lengths[entry] < 0:
            continue
        value = hash_key(text, starts[entry], starts[entry] + lengths[entry], seed)
        hashes[entry] = value
        place = int(value >> np.uint64(32)) & mask
        while table[place] >= 0:
            place = (place + 1) & mask
        table[place] = entry


@bare
def note_exemplar(page: Bytes, start: int, end: int, slot: int, marks: UInt64s, out: Int64s, counts: Int64s) -> None:
    """Lists the exemplar at ``start`` (-1: there is none) unless it is the one that was stored last."""
    mark = hash_key(page, start, end, np.uint64(1)) if start >= 0 else marks[slot]
    if mark != marks[slot]:
        row = counts[EXEMPLARS]
        out[row, EXEMPLAR_SLOT], out[row, EXEMPLAR_START], out[row, EXEMPLAR_END] = slot, start, end
        out[row, EXEMPLAR_MARK] = np.int64(mark)
        counts[EXEMPLARS] += 1


@bare_kernel
def walk_page(  # noqa: PLR0913, PLR0917 - compiled code takes flat arrays by position
    page: Bytes,
    strict: int,
    honor_timestamps: int,
    stamp: int,
    seed: np.uint64,
    powers: UInt64s,
    text: Bytes,
    starts: Int64s,
    lengths: Int32s,
    hashes: UInt64s,
    table: Int32s,
    entry_slots: Int32s,
    successors: Int32s,
    seen: Int32s,
    timed: NDArray[np.bool_],
    marks: UInt64s,
    out_places: Int64s,
    out_slots: Int32s,
    out_times: Int64s,
    out_values: UInt64s,
    out_exemplars: Int64s,
    unread: Int64s,
    scratch: UInt64s,
    counts: Int64s,
) -> None:
    """Fills ``out_*`` (at least as many rows as the page has lines) with the samples of known lines, ``unread`` with all other lines.

    ``strict`` 1: OpenMetrics, which knows no blanks but single spaces. ``seen`` and ``timed`` (per slot): the ``stamp`` of the page that
    showed the series last, and whether it came with a timestamp. ``successors`` (per entry, the last for the page's beginning): which
    entry came next last time. A line without timestamp does not count when its series stood on the page before; ``REPEATED`` counts the
    lines with one for which that is so. ``out_places`` is where each sample's line begins. ``out_exemplars`` (lines, EXEMPLAR_COLUMNS) gets
    the exemplars whose mark is another than ``marks`` has for their slot. ``scratch`` (1) converts numbers.
    """
    counts[:] = 0
    previous = len(successors) - 1
    at = 0
    while at < len(page):
        start = at if strict else skip_blanks(page, at)
        if start == len(page):
            break
        if page[start] == NEWLINE and not strict:
            at = start + 1
            continue
        entry = successors[previous]
        end = 0
        if entry >= 0 and same(page, start, text, starts[entry], lengths[entry]):
            end = start + lengths[entry]
        if end == 0 or not ends_key(page, start, end, strict):
            end = find_key_end(page, start, strict)
            entry = find_entry(page, start, end, seed, text, starts, lengths, hashes, table) if end > start else -1
        good = entry >= 0
        bits, time, exemplar = np.uint64(0), NO_TIMESTAMP, -1
        if good:
            successors[previous] = entry
            previous = entry
            if entry_slots[entry] == COMMENT:
                at = end + 1
                continue
            begin = end + 1 if strict else skip_blanks(page, end)
            if strict and (end == len(page) or page[end] != SPACE):
                good = False
            bits, time, exemplar, rest, understood = read_rest(page, begin, strict, powers, scratch)
            good = good and understood
            at = rest + 1
        if not good:
            at = line_end(page, start)
            row = counts[UNREAD]
            unread[row, LINE_START], unread[row, LINE_END] = start, at
            unread[row, KEY_START], unread[row, KEY_END], unread[row, KNOWN] = start, end, 1 if entry >= 0 else 0
            counts[UNREAD] += 1
            at += 1
            continue
        counts[SCRAPED] += 1
        slot = entry_slots[entry]
        if slot < 0:
            continue
        counts[KEPT] += 1
        if not honor_timestamps:
            time = NO_TIMESTAMP
        if seen[slot] == stamp:
            if time == NO_TIMESTAMP:
                continue
            counts[REPEATED] += 1
        else:
            seen[slot] = stamp
            timed[slot] = time != NO_TIMESTAMP
        row = counts[ROWS]
        out_places[row] = start
        out_slots[row], out_times[row], out_values[row] = slot, time, bits
        counts[ROWS] += 1
        note_exemplar(page, exemplar, at - 1, slot, marks, out_exemplars, counts)
