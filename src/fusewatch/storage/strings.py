"""Many byte strings in two arrays, and ClickHouse's Native form of them: the length as a varint, then the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Bytes, Int64s

#: The most bytes that a length takes.
LENGTH_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Strings:
    """String k (n) is ``blob[offsets[k]:offsets[k + 1]]``. Iterating makes ``bytes`` of them."""

    offsets: Int64s
    blob: Bytes

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[bytes]:
        text = self.blob.tobytes()
        return (text[start:stop] for start, stop in pairwise(self.offsets.tolist()))

    @property
    def size(self) -> int:
        """Bytes of all."""
        return int(self.offsets[-1])

    @classmethod
    def joined(cls, parts: Sequence[Strings]) -> Strings:
        """All strings of some parts, one part behind the other."""
        if len(parts) == 1:
            return parts[0]
        sizes = np.concatenate([np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)])
        blobs = [part.blob[: part.size] for part in parts]
        return cls(offsets_of(sizes), np.concatenate([np.empty(0, np.uint8), *blobs]))

    def native(self) -> Bytes:
        """Their Native form."""
        out = np.empty(self.size + LENGTH_BYTES * len(self), np.uint8)
        return out[: write_strings(self.offsets, self.blob, out)]


def offsets_of(sizes: Int64s) -> Int64s:
    """Where each of (n) parts begins when they lie one behind the other, and the end of the last (n + 1)."""
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


@inlined
def put_string(text: Bytes, start: int, stop: int, out: Bytes, at: int) -> int:
    """Writes ``text[start:stop]`` in its Native form; the position behind it."""
    size = stop - start
    while size > 127:
        out[at] = size & 127 | 128
        size >>= 7
        at += 1
    out[at] = size
    at += 1
    for k in range(start, stop):
        out[at] = text[k]
        at += 1
    return at


@kernel
def write_strings(offsets: Int64s, blob: Bytes, out: Bytes) -> int:
    """Writes all strings in their Native form; how many bytes that takes."""
    at = 0
    for row in range(len(offsets) - 1):
        at = put_string(blob, offsets[row], offsets[row + 1], out, at)
    return at


@kernel
def string_bounds(data: Bytes, at: int, out: Int64s) -> tuple[int, int]:
    """``out`` (n, 2): where each of the strings from ``at`` on starts and stops, as far as ``data`` has them whole.

    Returns how many it has, and the position behind the last of them.
    """
    for row in range(len(out)):
        size, shift, k = np.int64(0), 0, at
        while k < len(data) and data[k] >= 128:
            size |= (np.int64(data[k]) & 127) << shift
            shift += 7
            k += 1
        if k >= len(data):
            return row, at
        size |= np.int64(data[k]) << shift
        if k + 1 + size > len(data):
            return row, at
        out[row, 0], out[row, 1] = k + 1, k + 1 + size
        at = int(out[row, 1])
    return len(out), at


@kernel
def gather(blob: Bytes, starts: Int64s, offsets: Int64s, out: Bytes) -> None:
    """``out[offsets[k]:offsets[k + 1]]``: the bytes of ``blob`` from ``starts[k]`` on (n; ``offsets`` n + 1)."""
    for k in range(len(starts)):
        size = offsets[k + 1] - offsets[k]
        out[offsets[k] : offsets[k] + size] = blob[starts[k] : starts[k] + size]
