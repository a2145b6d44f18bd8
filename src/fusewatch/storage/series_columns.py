"""Rows of the table ``series``, made from canonical label sets without a Python object per label."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.storage.native import Column, Encoded
from fusewatch.storage.records import SeriesRows
from fusewatch.storage.strings import LENGTH_BYTES, put_string
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

_SEPARATOR: Final = 0xFF
_NAME_KEY: Final = np.frombuffer(METRIC_NAME.encode(), np.uint8)


def series_columns(rows: SeriesRows, seq: int) -> list[Column | Encoded]:
    """The columns of ``series``."""
    count = len(rows)
    parts = int(np.count_nonzero(rows.labels == _SEPARATOR))
    room = len(rows.labels) + LENGTH_BYTES * (parts + count)
    ends, keys, values, metrics = np.empty(count, np.uint64), *(np.empty(room, np.uint8) for _ in range(3))
    sizes = split_labels(rows.offsets, rows.labels, _NAME_KEY, ends, (keys, values, metrics))
    labels = (ends.view(np.uint8).data, keys[: sizes[0]].data, values[: sizes[1]].data)
    return [
        Encoded("metric", "String", count, (metrics[: sizes[2]].data,)),
        Column("metric_hash", "UInt64", rows.metrics),
        Column("id", "UInt64", rows.ids),
        Encoded("labels", "Map(String, String)", count, labels),
        Column("seq", "UInt64", np.full(count, seq, np.uint64)),
    ]


@inlined
def _equals(text: Bytes, start: int, stop: int, other: Bytes) -> bool:
    size = 0
    while size < len(other) and start + size < stop and text[start + size] == other[size]:
        size += 1
    return size == len(other) and start + size == stop


@kernel
def split_labels(offsets: Int64s, labels: Bytes, name_key: Bytes, ends: UInt64s, out: tuple[Bytes, Bytes, Bytes]) -> tuple[int, int, int]:
    """Splits canonical label sets (n; ``offsets`` n + 1) into the Native form of a Map and of the metrics' names.

    ``ends`` (n): pairs up to the end of each set; ``out``: keys, values and names, each string with its length before it. Returns the sizes
    of these three. A set without a metric has the name "".
    """
    keys, values, names = out
    key_at, value_at, name_at, pairs = 0, 0, 0, 0
    for row in range(len(ends)):
        at, stop = offsets[row], offsets[row + 1]
        named = False
        while at < stop:
            middle = at
            while labels[middle] != 0xFF:
                middle += 1
            end = middle + 1
            while labels[end] != 0xFF:
                end += 1
            key_at = put_string(labels, at, middle, keys, key_at)
            value_at = put_string(labels, middle + 1, end, values, value_at)
            if _equals(labels, at, middle, name_key):
                name_at = put_string(labels, middle + 1, end, names, name_at)
                named = True
            pairs += 1
            at = end + 1
        if not named:
            names[name_at] = 0
            name_at += 1
        ends[row] = pairs
    return key_at, value_at, name_at


@kernel
def locate(offsets: Int64s, labels: Bytes, first_key: Bytes, second_key: Bytes, out: Int64s) -> None:
    """``out`` (n, 4): where in ``labels`` the value of the first and of the second key begins and ends, in each canonical label set (n).

    A set without a key has two equal positions.
    """
    for row in range(len(out)):
        at, stop = offsets[row], offsets[row + 1]
        out[row, :] = at
        while at < stop:
            middle = at
            while labels[middle] != 0xFF:
                middle += 1
            end = middle + 1
            while labels[end] != 0xFF:
                end += 1
            if _equals(labels, at, middle, first_key):
                out[row, 0], out[row, 1] = middle + 1, end
            elif _equals(labels, at, middle, second_key):
                out[row, 2], out[row, 3] = middle + 1, end
            at = end + 1
