"""A store that writes without end, and a restore that is killed from outside. Importing it prepares the kernels."""

from __future__ import annotations

import asyncio
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from tests.storage.backup.conftest import bring_back
from tests.storage.crashing_writer import batch

from fusewatch.storage.backup.target import open_target
from fusewatch.storage.store import MetricStore


class Writer:
    """Writes numbers from ``first`` on in a thread of its own, as fast as the store answers; ``acknowledged`` is the last one that is."""

    def __init__(self, store: MetricStore, first: int) -> None:
        self.acknowledged = first - 1
        self._store = store
        self._first = first
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write()), daemon=True)
        self._thread.start()

    async def _write(self) -> None:
        working = asyncio.gather(*(component.run() for component in self._store.components()))
        number = self._first
        while not self._stopping:
            await self._store.write(batch(number))
            with self._changed:
                self.acknowledged = number
                self._changed.notify_all()
            number += 1
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    def wait_for(self, number: int) -> None:
        """Returns when that number is acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.acknowledged >= number, 60)

    def stop(self) -> None:
        self._stopping = True
        self._thread.join()


def restore_until_killed(place: Path, folder: Path, made: Connection) -> None:
    """Restores the newest backup into a folder again and again."""
    target = open_target(str(place))
    made.send(None)
    while True:
        bring_back(target, folder, force=True)
        made.send(None)
