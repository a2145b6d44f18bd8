"""Runs every kernel of the receivers once, on next to nothing."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

import cramjam

from fusewatch.ingest.remote_writes import RemoteWrites
from fusewatch.storage.warming import warm_door

#: A WriteRequest with one sample of {__name__="up"}, at 0 s.
_REQUEST: Final = b"\x0a\x14\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x02\x10\x01"


def warm() -> None:
    """Compiles the kernels of decoding and of the door, or loads them from their cache. Blocks; some seconds the first time."""
    body = bytes(cramjam.snappy.compress_raw(_REQUEST))
    with tempfile.TemporaryDirectory() as folder:
        door = warm_door(Path(folder))
        # Unknown at first, known the second time.
        for _ in range(2):
            asyncio.run(RemoteWrites(door).write_remote(body))
        door.close()
