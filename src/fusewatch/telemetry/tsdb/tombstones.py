"""What was deleted from a block and is still in it.

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/tombstones.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fusewatch.telemetry.protobuf import read_varint
from fusewatch.telemetry.tsdb.errors import DamagedError
from fusewatch.telemetry.tsdb.files import check_sum, map_file, number

_MAGIC: Final = 0x0130BA30
_VERSION: Final = 1
_HEADER_BYTES: Final = 5

#: First and last deleted timestamp (ms).
Interval = tuple[int, int]


def read_tombstones(path: Path) -> Mapping[int, Sequence[Interval]]:
    """The deleted intervals by reference of their series; none where there is no such file.

    Raises:
        BlockError: it can't be read; DamagedError: it is damaged.
    """
    if not path.exists():
        return {}
    data = map_file(path)
    if len(data) < _HEADER_BYTES + 4 or number(data, 0, 4) != _MAGIC:
        raise DamagedError(path, 0, "this is not a file of tombstones")
    if data[4] != _VERSION:
        raise DamagedError(path, 4, f"version {data[4]} of the format is not known")
    end = len(data) - 4
    check_sum(path, data, _HEADER_BYTES, end)
    found: dict[int, list[Interval]] = {}
    stones, at = data[:end].tobytes(), _HEADER_BYTES
    while at < end:
        try:
            reference, next_at = read_varint(stones, at)
            first, next_at = read_varint(stones, next_at)
            last, next_at = read_varint(stones, next_at)
        except IndexError:
            raise DamagedError(path, at, "a tombstone is cut off") from None
        found.setdefault(reference, []).append((_signed(first), _signed(last)))
        at = next_at
    return found


def _signed(number: int) -> int:
    return number >> 1 ^ -(number & 1)
