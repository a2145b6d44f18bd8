"""The compiled walk over a page: known lines become samples without a Python object each, all others are put on a list.

A line is known by its key: of a sample everything before the value, of a comment the whole line. The keys of a target lie one behind
the other in one buffer and are compared byte for byte, so a hash collision can't mix up series. Pages hardly change their order, so the
key that followed last time is tried first; only where that fails the key is hashed and looked up.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.numbers import read_number
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s, UInt64s

Bytes = NDArray[np.uint8]
Int32s = NDArray[np.int32]

#: What an entry is when it is no series: dropped by relabelling, or a comment.
DROPPED: Final = -1
COMMENT: Final = -2
#: Stands for "no explicit timestamp"; no exposition can carry it.
NO_TIMESTAMP: Final = -(1 << 63)
#: Rows of ``counts``.
ROWS, TODO, SCRAPED, KEPT, REPEATED, COUNTS = range(6)
#: Columns of ``todo``: the line, its key (the key's end is -1 where it has none), whether the key is known.
LINE_START, LINE_END, KEY_START, KEY_END, KNOWN, TODO_COLUMNS = range(6)

_NEWLINE, _SPACE, _TAB, _HASH, _OPEN, _CLOSE, _QUOTE, _BACKSLASH = 10, 32, 9, 35, 123, 125, 34, 92
_ZERO, _NINE, _EQUAL, _COMMA = 48, 57, 61, 44
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@inlined
def hash_key(text: Bytes, start: int, end: int, seed: np.uint64) -> np.uint64:
    """A keyed hash of ``text[start:end]``; it only has to spread, equality is always checked on the bytes."""
    value = seed ^ np.uint64(end - start)
    for at in range(start, end):
        value = (value ^ np.uint64(text[at])) * _PRIME
        value = value ^ (value >> _SHIFT)
    return value


@inlined
def same(page: Bytes, at: int, text: Bytes, start: int, length: int) -> bool:
    """Whether ``page`` goes on at ``at`` with ``text[start:start + length]``."""
    if length < 0 or at + length > len(page):
        return False
    step = length - 1  # names share their beginning, so the end tells first
    while step >= 0 and page[at + step] == text[start + step]:
        step -= 1
    return step < 0


@inlined
def skip_blanks(page: Bytes, at: int) -> int:
    """The first position from ``at`` on that is neither a space nor a tab."""
    while at < len(page) and (page[at] == _SPACE or page[at] == _TAB):
        at += 1
    return at


@inlined
def line_end(page: Bytes, at: int) -> int:
    """The position of the next newline, or the page's end."""
    while at < len(page) and page[at] != _NEWLINE:
        at += 1
    return at


@inlined
def token_end(page: Bytes, at: int) -> int:
    """The position of the next blank or newline, or the page's end."""
    while at < len(page) and page[at] != _SPACE and page[at] != _TAB and page[at] != _NEWLINE:
        at += 1
    return at


@inlined
def ends_key(page: Bytes, start: int, end: int, strict: int) -> bool:
    """Whether a key that matches ``page[start:end]`` is the whole key of its line."""
    if page[start] == _HASH:
        return end == len(page) or page[end] == _NEWLINE
    if page[end - 1] == _CLOSE:
        return True
    if end == len(page) or (page[end] != _SPACE and page[end] != _TAB):
        return False
    if strict:
        return True
    ahead = skip_blanks(page, end)
    return ahead == len(page) or page[ahead] != _OPEN


@inlined
def find_key_end(page: Bytes, start: int, strict: int) -> int:
    """Where the key that begins at ``start`` ends; -1 when its braces do not close on this line."""
    if page[start] == _HASH:
        return line_end(page, start)
    at = start
    while at < len(page) and page[at] != _SPACE and page[at] != _TAB and page[at] != _NEWLINE and page[at] != _OPEN:
        at += 1
    name_end = at
    if not strict:
        at = skip_blanks(page, at)
    if at == len(page) or page[at] != _OPEN:
        return name_end
    quoted = False
    while at < len(page) and page[at] != _NEWLINE:
        byte = page[at]
        if quoted and byte == _BACKSLASH:
            at += 1
        elif byte == _QUOTE:
            quoted = not quoted
        elif byte == _CLOSE and not quoted:
            return at + 1
        at += 1
    return -1


@inlined
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


@kernel
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


@inlined
def read_milliseconds(page: Bytes, start: int, end: int) -> tuple[int, bool]:
    """A timestamp of the text format: 1 to 18 digits."""
    if end == start or end - start > 18:
        return 0, False
    value = 0
    for at in range(start, end):
        if page[at] < _ZERO or page[at] > _NINE:
            return 0, False
        value = value * 10 + page[at] - _ZERO
    return value, True


@inlined
def read_seconds(page: Bytes, start: int, end: int, powers: UInt64s, scratch: UInt64s) -> tuple[int, bool]:
    """A timestamp of OpenMetrics: seconds, to be milliseconds."""
    bits, good = read_number(page, start, end, powers)
    scratch[0] = bits
    seconds = scratch.view(np.float64)[0]
    if not good or not (abs(seconds) < 9007199254740992.0):
        return 0, False
    return int(seconds * 1000.0), True


@inlined
def read_timestamp(page: Bytes, at: int, strict: int, powers: UInt64s, scratch: UInt64s) -> tuple[int, int, bool]:
    """The timestamp that may follow a value, where the line goes on, and whether all of it was understood."""
    if at == len(page) or page[at] == _NEWLINE:
        return NO_TIMESTAMP, at, True
    start = at + 1 if strict else skip_blanks(page, at)
    if start == len(page) or page[start] == _NEWLINE:
        return NO_TIMESTAMP, start, not strict
    end = token_end(page, start)
    if strict:
        value, good = read_seconds(page, start, end, powers, scratch)
        return value, end, good
    value, good = read_milliseconds(page, start, end)
    end = skip_blanks(page, end)
    return value, end, good


@inlined
def skip_label_name(page: Bytes, at: int) -> int:
    """The end of the unquoted label name at ``at``; -1 where there is none."""
    start = at
    while at < len(page) and (
        97 <= page[at] <= 122 or 65 <= page[at] <= 90 or page[at] == 95 or (at > start and _ZERO <= page[at] <= _NINE)
    ):
        at += 1
    return at if at > start else -1


@inlined
def skip_label_value(page: Bytes, at: int) -> int:
    """The end of the quoted ASCII label value at ``at``; -1 where there is none."""
    if at >= len(page) or page[at] != _QUOTE:
        return -1
    at += 1
    while at < len(page) and page[at] != _NEWLINE and page[at] < 128:
        if page[at] == _QUOTE:
            return at + 1
        at += 2 if page[at] == _BACKSLASH and at + 1 < len(page) and page[at + 1] != _NEWLINE else 1
    return -1


@inlined
def skip_exemplar(page: Bytes, at: int, powers: UInt64s, scratch: UInt64s) -> int:
    """The end of the exemplar `` # {…} value timestamp`` at ``at``; -1 where it is anything but plainly well-formed."""
    if at + 4 > len(page) or page[at] != _SPACE or page[at + 1] != _HASH or page[at + 2] != _SPACE or page[at + 3] != _OPEN:
        return -1
    at += 4
    while at < len(page) and page[at] != _CLOSE:
        at = skip_label_name(page, at)
        if at < 0 or at == len(page) or page[at] != _EQUAL:
            return -1
        at = skip_label_value(page, at + 1)
        if at < 0 or at == len(page) or (page[at] != _COMMA and page[at] != _CLOSE):
            return -1
        if page[at] == _COMMA:
            at += 1
    if at + 1 >= len(page) or page[at + 1] != _SPACE:
        return -1
    stop = token_end(page, at + 2)
    _, good = read_number(page, at + 2, stop, powers)
    if not good:
        return -1
    _, rest, good = read_timestamp(page, stop, 1, powers, scratch)
    return rest if good else -1


@inlined
def ends_line(page: Bytes, at: int) -> bool:
    """Whether the line is over at ``at``."""
    return at == len(page) or page[at] == _NEWLINE


@inlined
def has_exemplar(page: Bytes, at: int) -> bool:
    """Whether an exemplar begins at ``at``."""
    return at + 2 < len(page) and page[at] == _SPACE and page[at + 1] == _HASH and page[at + 2] == _SPACE


@inlined
def read_rest(
    page: Bytes,
    at: int,
    strict: int,
    powers: UInt64s,
    scratch: UInt64s,
) -> tuple[np.uint64, int, int, bool]:
    """Bits of the value at ``at``, its timestamp, the end of the line, and whether all of the line was understood."""
    stop = token_end(page, at)
    bits, good = read_number(page, at, stop, powers)
    time, rest, time_good = NO_TIMESTAMP, stop, True
    if not (strict and has_exemplar(page, stop)):
        time, rest, time_good = read_timestamp(page, stop, strict, powers, scratch)
    if strict and good and time_good and has_exemplar(page, rest):
        rest = skip_exemplar(page, rest, powers, scratch)
    return bits, time, rest, good and time_good and rest >= 0 and ends_line(page, rest)


@kernel
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
    out_places: Int64s,
    out_slots: Int32s,
    out_times: Int64s,
    out_values: UInt64s,
    todo: Int64s,
    counts: Int64s,
) -> None:
    """Fills ``out_*`` (at least as many rows as the page has lines) with the samples of known lines, ``todo`` with all other lines.

    ``strict`` 1: OpenMetrics, which knows no blanks but single spaces. ``seen`` and ``timed`` (per slot): the ``stamp`` of the page that
    showed the series last, and whether it came with a timestamp. ``successors`` (per entry, the last for the page's beginning): which
    entry came next last time. A line without timestamp does not count when its series stood on the page before; ``REPEATED`` counts the
    lines with one for which that is so. ``out_places`` is where each sample's line begins.
    """
    counts[:] = 0
    scratch = np.empty(1, np.uint64)
    previous = len(successors) - 1
    at = 0
    while at < len(page):
        start = at if strict else skip_blanks(page, at)
        if start == len(page):
            break
        if page[start] == _NEWLINE and not strict:
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
        bits, time = np.uint64(0), NO_TIMESTAMP
        if good:
            successors[previous] = entry
            previous = entry
            if entry_slots[entry] == COMMENT:
                at = end + 1
                continue
            begin = end + 1 if strict else skip_blanks(page, end)
            if strict and (end == len(page) or page[end] != _SPACE):
                good = False
            bits, time, rest, understood = read_rest(page, begin, strict, powers, scratch)
            good = good and understood
            at = rest + 1
        if not good:
            at = line_end(page, start)
            row = counts[TODO]
            todo[row, LINE_START], todo[row, LINE_END] = start, at
            todo[row, KEY_START], todo[row, KEY_END], todo[row, KNOWN] = start, end, 1 if entry >= 0 else 0
            counts[TODO] += 1
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
