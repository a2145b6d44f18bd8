"""What a target calls a series: external labels are added, then the target's relabelling has its say.

As in Prometheus, an external label stands back where the series has one of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from fusewatch.collect.relabel import Relabeller
from fusewatch.storage.records import SeriesRows
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.protobuf_write import put_bytes, put_varint, varint_size
from fusewatch.telemetry.remote_write_encode import join_labels, label_fields
from fusewatch.telemetry.samples import Bytes, Int64s

_SEPARATOR: Final = 0xFF


class Renamer:
    """The labels of a series at the target, None where relabelling drops it."""

    def __init__(self, *, external: Mapping[str, str], relabeller: Relabeller) -> None:
        self.external = Labels(external)
        self.relabeller = relabeller

    def rename(self, canonical: bytes) -> Labels | None:
        """From canonical labels to those at the target. A set without any label is none."""
        labels: Mapping[str, str] | None = {**self.external, **Labels.from_canonical(canonical)}
        if self.relabeller:
            labels = self.relabeller.apply(labels or {})
        return Labels(labels) if labels else None


class FieldEncoder:
    """Labels as the Label fields of remote write 1.0's TimeSeries, sorted by name."""

    def __init__(self, renamer: Renamer) -> None:
        self._renamer = renamer
        self._external = np.frombuffer(renamer.external.canonical, np.uint8)

    def encode(self, rows: SeriesRows) -> tuple[Int64s, Bytes]:
        """See :class:`fusewatch.forward.label_book.LabelEncoder`."""
        if not self._renamer.relabeller:
            return merge_fields(rows, self._external)
        named = [self._renamer.rename(one) for one in rows.canonical]
        blob, offsets = join_labels([b"" if labels is None else label_fields(labels) for labels in named])
        return offsets, blob


def merge_fields(rows: SeriesRows, external: Bytes) -> tuple[Int64s, Bytes]:
    """The Label fields of each series and of the ``external`` labels (canonical) that it does not have itself."""
    offsets = np.zeros(len(rows) + 1, np.int64)
    labels = np.require(rows.labels, np.uint8, ["C", "W"])
    external = np.require(external, np.uint8, ["C", "W"])
    ends = np.require(rows.offsets, np.int64, ["C", "W"])
    # Each label has two separators less on the wire, and at most four lengths of five bytes and three tags more.
    parts = int(np.count_nonzero(labels == _SEPARATOR)) + len(rows) * int(np.count_nonzero(external == _SEPARATOR))
    out = np.empty(len(labels) + len(rows) * len(external) + 9 * parts, np.uint8)
    write_fields(ends, labels, external, offsets, out)
    return offsets, out[: int(offsets[-1])]


@inlined
def _end(text: Bytes, at: int) -> int:
    """Where the part that begins at ``at`` ends."""
    while text[at] != 0xFF:
        at += 1
    return at


@inlined
def _compare(left: Bytes, at: int, stop: int, right: Bytes, other: int, other_stop: int) -> int:
    """Below 0, 0 or above: how two names sort."""
    while at < stop and other < other_stop:
        if left[at] != right[other]:
            return -1 if left[at] < right[other] else 1
        at += 1
        other += 1
    return (stop - at) - (other_stop - other)


@inlined
def put_label(out: Bytes, at: int, text: Bytes, start: int) -> tuple[int, int]:
    """Writes the label at ``start`` of a canonical set as a Label field; the positions behind in ``out`` and in ``text``."""
    middle = _end(text, start)
    end = _end(text, middle + 1)
    name, value = middle - start, end - middle - 1
    out[at] = 0x0A
    size = 2 + varint_size(np.uint64(name)) + varint_size(np.uint64(value)) + name + value
    at = put_varint(out, at + 1, np.uint64(size))
    out[at] = 0x0A
    at = put_varint(out, at + 1, np.uint64(name))
    at = put_bytes(out, at, text, start, middle)
    out[at] = 0x12
    at = put_varint(out, at + 1, np.uint64(value))
    return put_bytes(out, at, text, middle + 1, end), end + 1


@inlined
def fields_size(text: Bytes, start: int, stop: int) -> int:
    """Bytes of a canonical set as Label fields."""
    size = 0
    while start < stop:
        middle = _end(text, start)
        end = _end(text, middle + 1)
        name, value = middle - start, end - middle - 1
        inner = 2 + varint_size(np.uint64(name)) + varint_size(np.uint64(value)) + name + value
        size += 1 + varint_size(np.uint64(inner)) + inner
        start = end + 1
    return size


@kernel
def write_fields(ends: Int64s, labels: Bytes, external: Bytes, offsets: Int64s, out: Bytes) -> None:
    """Merges each canonical set (n; ``ends`` n + 1) with the external one, both sorted by name, into Label fields (``offsets`` n + 1)."""
    at = 0
    for row in range(len(ends) - 1):
        place, stop, other = ends[row], ends[row + 1], 0
        while place < stop or other < len(external):
            if other == len(external):
                order = -1
            elif place == stop:
                order = 1
            else:
                order = _compare(labels, place, _end(labels, place), external, other, _end(external, other))
            if order > 0:
                at, other = put_label(out, at, external, other)
                continue
            if order == 0:
                other = _end(external, _end(external, other) + 1) + 1
            at, place = put_label(out, at, labels, place)
        offsets[row + 1] = at
