"""Files that are mapped rather than read: their pages come and go with what is looked at."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from fusewatch.telemetry.checksums import crc32c_of
from fusewatch.telemetry.samples import Bytes
from fusewatch.telemetry.tsdb.errors import BlockError, DamagedError


def map_file(path: Path) -> Bytes:
    """The bytes of a file; it may be deleted meanwhile.

    Raises:
        BlockError: it can't be opened, or is empty.
    """
    try:
        with path.open("rb") as file:
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is empty"
        raise BlockError(f"{path} can't be read: {reason}") from error


def number(data: Bytes, at: int, size: int) -> int:
    """A number of ``size`` bytes, the highest first."""
    return int.from_bytes(data[at : at + size].tobytes(), "big")


def check_sum(path: Path, data: Bytes, start: int, end: int) -> None:
    """Compares the checksum of ``data[start:end]`` with the one behind it.

    Raises:
        DamagedError: they differ, or the file ends before.
    """
    if not start <= end <= len(data) - 4:
        raise DamagedError(path, start, f"the file ends at {len(data)}, before what is said to be there")
    if crc32c_of(data, start, end) != number(data, end, 4):
        raise DamagedError(path, start, "the checksum does not match")
