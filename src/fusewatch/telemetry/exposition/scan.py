"""Compiled steps over the bytes of one line: blanks, tokens, what follows a series. None of them looks beyond the line's newline."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.numbers import read_number
from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.samples import UInt64s

Bytes = NDArray[np.uint8]

#: Stands for "no explicit timestamp"; no exposition can carry it.
NO_TIMESTAMP: Final = -(1 << 63)

NEWLINE, SPACE, TAB, HASH, OPEN, CLOSE, QUOTE, BACKSLASH = 10, 32, 9, 35, 123, 125, 34, 92
_ZERO, _NINE, _EQUAL, _COMMA = 48, 57, 61, 44


@bare
def same(page: Bytes, at: int, text: Bytes, start: int, length: int) -> bool:
    """Whether ``page`` goes on at ``at`` with ``text[start:start + length]``."""
    if length < 0 or at + length > len(page):
        return False
    step = length - 1  # names share their beginning, so the end tells first
    while step >= 0 and page[at + step] == text[start + step]:
        step -= 1
    return step < 0


@bare
def skip_blanks(page: Bytes, at: int) -> int:
    """The first position from ``at`` on that is neither a space nor a tab."""
    while at < len(page) and (page[at] == SPACE or page[at] == TAB):
        at += 1
    return at


@bare
def line_end(page: Bytes, at: int) -> int:
    """The position of the next newline, or the page's end."""
    while at < len(page) and page[at] != NEWLINE:
        at += 1
    return at


@bare
def token_end(page: Bytes, at: int) -> int:
    """The position of the next blank or newline, or the page's end."""
    while at < len(page) and page[at] != SPACE and page[at] != TAB and page[at] != NEWLINE:
        at += 1
    return at


@bare
def ends_line(page: Bytes, at: int) -> bool:
    """Whether the line is over at ``at``."""
    return at == len(page) or page[at] == NEWLINE


@bare
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


@bare
def read_seconds(page: Bytes, start: int, end: int, powers: UInt64s, scratch: UInt64s) -> tuple[int, bool]:
    """A timestamp of OpenMetrics: seconds, to be milliseconds."""
    bits, good = read_number(page, start, end, powers)
    scratch[0] = bits
    seconds = scratch.view(np.float64)[0]
    if not good or not (abs(seconds) < 9007199254740992.0):
        return 0, False
    return int(seconds * 1000.0), True


@bare
def read_timestamp(page: Bytes, at: int, strict: int, powers: UInt64s, scratch: UInt64s) -> tuple[int, int, bool]:
    """The timestamp that may follow a value, where the line goes on, and whether all of it was understood."""
    if at == len(page) or page[at] == NEWLINE:
        return NO_TIMESTAMP, at, True
    start = at + 1 if strict else skip_blanks(page, at)
    if start == len(page) or page[start] == NEWLINE:
        return NO_TIMESTAMP, start, not strict
    end = token_end(page, start)
    if strict:
        value, good = read_seconds(page, start, end, powers, scratch)
        return value, end, good
    value, good = read_milliseconds(page, start, end)
    end = skip_blanks(page, end)
    return value, end, good


@bare
def skip_label_name(page: Bytes, at: int) -> int:
    """The end of the unquoted label name at ``at``; -1 where there is none."""
    start = at
    while at < len(page) and (
        97 <= page[at] <= 122 or 65 <= page[at] <= 90 or page[at] == 95 or (at > start and _ZERO <= page[at] <= _NINE)
    ):
        at += 1
    return at if at > start else -1


@bare
def skip_label_value(page: Bytes, at: int) -> int:
    """The end of the quoted ASCII label value at ``at``; -1 where there is none."""
    if at >= len(page) or page[at] != QUOTE:
        return -1
    at += 1
    while at < len(page) and page[at] != NEWLINE and page[at] < 128:
        if page[at] == QUOTE:
            return at + 1
        at += 2 if page[at] == BACKSLASH and at + 1 < len(page) and page[at + 1] != NEWLINE else 1
    return -1


@bare
def has_exemplar(page: Bytes, at: int) -> bool:
    """Whether an exemplar begins at ``at``."""
    return at + 2 < len(page) and page[at] == SPACE and page[at + 1] == HASH and page[at + 2] == SPACE


@bare
def skip_exemplar(page: Bytes, at: int, powers: UInt64s, scratch: UInt64s) -> int:
    """The end of the exemplar `` # {…} value timestamp`` at ``at``; -1 where it is anything but plainly well-formed."""
    if at + 4 > len(page) or page[at] != SPACE or page[at + 1] != HASH or page[at + 2] != SPACE or page[at + 3] != OPEN:
        return -1
    at += 4
    while at < len(page) and page[at] != CLOSE:
        at = skip_label_name(page, at)
        if at < 0 or at == len(page) or page[at] != _EQUAL:
            return -1
        at = skip_label_value(page, at + 1)
        if at < 0 or at == len(page) or (page[at] != _COMMA and page[at] != CLOSE):
            return -1
        if page[at] == _COMMA:
            at += 1
    if at + 1 >= len(page) or page[at + 1] != SPACE:
        return -1
    stop = token_end(page, at + 2)
    _, good = read_number(page, at + 2, stop, powers)
    if not good:
        return -1
    _, rest, good = read_timestamp(page, stop, 1, powers, scratch)
    return rest if good else -1


@bare
def read_rest(
    page: Bytes,
    at: int,
    strict: int,
    powers: UInt64s,
    scratch: UInt64s,
) -> tuple[np.uint64, int, int, int, bool]:
    """Bits of the value at ``at``, its timestamp, where its exemplar begins (-1: none), the line's end, and whether all was understood."""
    stop = token_end(page, at)
    bits, good = read_number(page, at, stop, powers)
    time, rest, time_good = NO_TIMESTAMP, stop, True
    if not (strict and has_exemplar(page, stop)):
        time, rest, time_good = read_timestamp(page, stop, strict, powers, scratch)
    exemplar = -1
    if strict and good and time_good and has_exemplar(page, rest):
        exemplar = rest
        rest = skip_exemplar(page, rest, powers, scratch)
    return bits, time, exemplar, rest, good and time_good and rest >= 0 and ends_line(page, rest)
