"""What must be open before anything runs: the store and the records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusewatch.records.database import Database
from fusewatch.records.errors import RecordsError
from fusewatch.server.errors import StartError
from fusewatch.server.settings.model import Settings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import StorageError


@dataclass(frozen=True, slots=True)
class Rooms:
    """The open store and records."""

    store: MetricStore
    database: Database

    def close(self) -> None:
        """Closes both; blocks until all acknowledged samples are where they belong."""
        try:
            self.store.close()
        finally:
            self.database.close()


def open_rooms(settings: Settings, data_dir: Path, *, clock: Clock) -> Rooms:
    """The store and the records of a data folder. Blocks.

    Raises:
        StartError: one of them can't be opened; says which and why.
    """
    try:
        # First, because it claims the folder: nothing may be written into one that is in use or not ours.
        store = MetricStore.open(settings.storage, data_dir, clock=clock)
    except (StorageError, OSError) as error:
        raise StartError(str(error)) from error
    try:
        return Rooms(store, Database.open(settings.records, data_dir))
    except RecordsError as error:
        store.close()
        raise StartError(str(error)) from error
