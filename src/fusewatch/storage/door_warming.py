"""Runs every kernel of the door once, on next to nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from fusewatch.storage.book import SeriesBook
from fusewatch.storage.door import Door, DoorLimits
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.labels import Labels


def warm_door(folder: Path) -> Door:
    """A door in an empty folder, all of whose kernels are compiled, or loaded from what an earlier process compiled."""
    limits = DoorLimits(retention=0, future=1 << 60, queue=1 << 20, segment_rows=100, segment_age_s=1)
    # Past its first capacity, so that growing is compiled too.
    book = SeriesBook(capacity=2)
    door = Door(folder=folder, book=book, limits=limits, clock=SystemClock(), sync=False)
    for number in range(8):
        ref = book.learn(Labels({"__name__": "up", "n": str(number)}))
        book.remember(np.uint64(number), np.uint64(number), ref)
    refs = np.array([1], np.uint32)
    asyncio.run(door.write_decoded(Decoded(book.epoch, refs, np.zeros(1, np.int64), np.zeros(1, np.uint64))))
    return door
