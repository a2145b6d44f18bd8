"""Compiled steps from label names and values somewhere in a buffer to a canonical label set (:attr:`Labels.canonical`).

``parts`` (n, 4) int64 holds one label a row: name start and end, value start and end.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, load64
from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.protobuf_kernels import field_at
from fusewatch.telemetry.samples import Int64s

#: Rows of ``parts``; larger label sets are left to Python.
MOST_LABELS: Final = 256
#: What a label set is: as good as any, in need of a closer look, none that can be stored, or too large.
PLAIN, ODD, INVALID, LARGE = 0, 1, 2, 3
#: UTF-8 characters in all names and values of an exemplar, as OpenMetrics and Prometheus have it.
MOST_CHARACTERS: Final = 128
_ASCII: Final = U64(0x8080808080808080)
_SEPARATOR: Final = np.uint8(0xFF)


@bare
def is_text(buffer: Bytes, start: np.int64, end: np.int64) -> bool:
    """Whether ``buffer[start:end]`` is UTF-8 (RFC 3629: no surrogates, nothing longer than need be); eight bytes behind are readable."""
    at = start
    while at + 8 <= end and load64(buffer, U64(at)) & _ASCII == U64(0):
        at += 8
    while at < end:
        first = buffer[at]
        if first < 0x80:
            at += 1
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            more = 1
        elif 0xE0 <= first <= 0xEF:
            more = 2
            low, high = 0xA0 if first == 0xE0 else 0x80, 0x9F if first == 0xED else 0xBF
        elif 0xF0 <= first <= 0xF4:
            more = 3
            low, high = 0x90 if first == 0xF0 else 0x80, 0x8F if first == 0xF4 else 0xBF
        else:
            return False
        if at + more >= end or not low <= buffer[at + 1] <= high:
            return False
        for k in range(2, more + 1):
            if buffer[at + k] & 0xC0 != 0x80:
                return False
        at += more + 1
    return True


@bare
def compare(buffer: Bytes, start: int, end: int, other: int, other_end: int) -> int:
    """Below 0, 0 or above: how the bytes ``start:end`` sort beside ``other:other_end``."""
    while start < end and other < other_end:
        if buffer[start] != buffer[other]:
            return -1 if buffer[start] < buffer[other] else 1
        start += 1
        other += 1
    return (end - start) - (other_end - other)


@bare
def sort_labels(buffer: Bytes, parts: Int64s, count: int) -> bool:
    """Sorts the rows by name, in place: nearly all senders have done so. False where a name is empty or there twice."""
    for k in range(count):
        at = k
        while at > 0:
            order = compare(buffer, parts[at - 1, 0], parts[at - 1, 1], parts[at, 0], parts[at, 1])
            if order == 0:
                return False
            if order < 0:
                break
            for column in range(4):
                parts[at - 1, column], parts[at, column] = parts[at, column], parts[at - 1, column]
            at -= 1
    return count == 0 or parts[0, 0] < parts[0, 1]


@bare
def canonical_size(parts: Int64s, count: int) -> int:
    """How many bytes :func:`write_labels` writes."""
    size = 0
    for k in range(count):
        if parts[k, 2] < parts[k, 3]:
            size += parts[k, 1] - parts[k, 0] + parts[k, 3] - parts[k, 2] + 2
    return size


@bare
def write_labels(buffer: Bytes, parts: Int64s, count: int, out: Bytes, at: int) -> int:
    """Writes sorted labels in canonical form at ``out[at:]``; the position behind. An empty value is no label."""
    for k in range(count):
        if parts[k, 2] == parts[k, 3]:
            continue
        for side in range(2):
            for place in range(parts[k, 2 * side], parts[k, 2 * side + 1]):
                out[at] = buffer[place]
                at += 1
            out[at] = _SEPARATOR
            at += 1
    return at


@bare
def has_metric_name(buffer: Bytes, parts: Int64s, count: int) -> bool:
    """Whether one of the labels is ``__name__`` and not empty."""
    for k in range(count):
        start = parts[k, 0]
        if parts[k, 1] - start == 8 and load64(buffer, U64(start)) == U64(0x5F5F656D616E5F5F) and parts[k, 2] < parts[k, 3]:
            return True
    return False


@bare
def read_label(buffer: Bytes, start: np.uint64, end: np.uint64, part: Int64s) -> int:
    """Reads a Label message (1: name, 2: value) into a row of parts: PLAIN, ODD where anything else is in it, INVALID: not UTF-8."""
    part[:] = 0
    i = start
    while i < end:
        tag, first, i = field_at(buffer, i, end)
        if i > end or (tag != U64(0x0A) and tag != U64(0x12)):
            return ODD
        column = 0 if tag == U64(0x0A) else 2
        part[column], part[column + 1] = first, i
        if not is_text(buffer, np.int64(first), np.int64(i)):
            return INVALID
    return PLAIN


@bare
def read_labels(buffer: Bytes, start: int, end: int, parts: Int64s) -> tuple[int, int]:
    """Reads the Label fields (tag 1) in ``buffer[start:end]`` into ``parts``; how many, and PLAIN, ODD or INVALID."""
    count, i, stop = 0, U64(start), U64(end)
    while i < stop:
        tag, first, i = field_at(buffer, i, stop)
        if i > stop or tag != U64(0x0A) or count == len(parts):
            return count, ODD
        status = read_label(buffer, first, i, parts[count])
        if status != PLAIN:
            return count, status
        count += 1
    return count, PLAIN


@bare
def short_enough(buffer: Bytes, parts: Int64s, count: int) -> bool:
    """Whether the labels have at most MOST_CHARACTERS characters."""
    characters = 0
    for k in range(count):
        for side in range(2):
            for place in range(parts[k, 2 * side], parts[k, 2 * side + 1]):
                characters += buffer[place] & 0xC0 != 0x80
            if characters > MOST_CHARACTERS:
                return False
    return True
