"""The one file that a receiver keeps beside its log: what it has summed up, which the log does not remember.

It begins with the number of the segment at whose end it was so, and is replaced before the engine may take over that segment.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

#: Its name in the log's folder.
SNAPSHOT: Final = "deltas"
_NUMBER: Final = struct.Struct("<Q")


def pack_snapshot(number: int, content: bytes) -> bytes:
    """The file."""
    return _NUMBER.pack(number) + content


def unpack_snapshot(data: bytes) -> tuple[int, bytes]:
    """The segment and the content.

    Raises:
        ValueError: no such file.
    """
    if len(data) < _NUMBER.size:
        raise ValueError("a snapshot that is cut off")
    return _NUMBER.unpack_from(data)[0], data[_NUMBER.size :]


def read_snapshot(folder: Path) -> tuple[int, bytes] | None:
    """The segment and the whole file; None where there is none that could be read.

    Raises:
        OSError: it can't be read.
    """
    try:
        data = (folder / SNAPSHOT).read_bytes()
        return unpack_snapshot(data)[0], data
    except (FileNotFoundError, ValueError):
        return None
