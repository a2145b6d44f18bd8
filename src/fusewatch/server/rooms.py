"""What must be open before anything runs: the store and the records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusewatch.forward.backlog import FOLDER, Backlog
from fusewatch.forward.config import named_targets
from fusewatch.records.database import Database
from fusewatch.server.claiming import ClaimedRooms
from fusewatch.server.errors import StartError
from fusewatch.server.settings.model import Settings
from fusewatch.storage.door_client import DoorClient
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import StorageError


@dataclass(frozen=True, slots=True)
class Rooms:
    """The open store and records."""

    store: MetricStore
    database: Database
    #: What targets of remote write have not taken yet.
    backlog: Backlog

    def close(self) -> None:
        """Closes both; blocks until all acknowledged samples are where they belong."""
        try:
            self.store.close()
        finally:
            self.database.close()


def open_rooms(settings: Settings, claimed: ClaimedRooms, *, door: DoorClient, clock: Clock) -> Rooms:
    """The rooms with the store, whose door is in the receiver's process. Blocks.

    Raises:
        StartError: the store can't be opened; says why. The rooms are closed then.
    """
    try:
        backlog = open_backlog(settings, claimed.folder.path)
        store = MetricStore.open_behind(door, settings.storage, claimed.folder, clock=clock, hand_over=backlog.take)
        store.prepare()
        return Rooms(store, claimed.database, backlog)
    except (StorageError, OSError) as error:
        claimed.close()
        raise StartError(str(error)) from error


def open_backlog(settings: Settings, data_dir: Path) -> Backlog:
    """The backlog in a data folder; before the store, whose log it must not miss a segment of.

    Raises:
        OSError: it can't be written.
    """
    storage = settings.storage
    return Backlog(
        log=log_folder(data_dir),
        folder=data_dir / FOLDER,
        limit=storage.remote_write_backlog,
        sync=storage.fsync,
        names=named_targets(settings.remote_write),
    )
