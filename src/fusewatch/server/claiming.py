"""What an engine does before all else: it claims the data folder, makes sure that it may serve, and lets the receiver in.

Nothing heavy is imported for that, so that the receiver starts while the engine is still being imported.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from fusewatch.access.config import is_loopback, listen_problem
from fusewatch.access.offline import has_users
from fusewatch.records.database import Database
from fusewatch.records.errors import RecordsError
from fusewatch.server.certificate import check_certificate
from fusewatch.server.errors import StartError
from fusewatch.server.parent import hand_up
from fusewatch.server.settings.model import Settings
from fusewatch.storage.folder import DataFolder
from fusewatch.storage.log_folder import log_folder
from fusewatch.telemetry.ports import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the engine reaches the others, and they it.

    ``listener`` is the open socket of the port, which the receiver serves; it passes on to ``relay`` what is not ingest. ``door`` is the
    way to its door, ``control`` the socket shared with the parent, ``claim`` the claim on the data folder of an engine before this one.
    """

    listener: socket.socket
    relay: socket.socket
    door: Path
    control: socket.socket | None = None
    claim: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRooms:
    """The claimed data folder and the open records; the store comes next."""

    folder: DataFolder
    database: Database

    def close(self) -> None:
        """Closes both. Blocks."""
        self.database.close()
        self.folder.close()


def claim(settings: Settings, ways: Ways) -> ClaimedRooms:
    """The data folder claimed, its records open; the receiver may start. Blocks.

    Raises:
        StartError: something is not to be had, or must not be served; says which and why.
    """
    check_certificate(settings.access.tls)
    claimed = _claim_rooms(settings, inherited=ways.claim)
    try:
        _refuse_open_doors(settings, claimed.database)
        log_folder(settings.data_dir).mkdir(exist_ok=True)
    except BaseException:
        claimed.close()
        raise
    if ways.control is not None and claimed.folder.descriptor is not None:
        hand_up(ways.control, ways.listener, claimed.folder.descriptor)
    return claimed


def _claim_rooms(settings: Settings, *, inherited: int | None) -> ClaimedRooms:
    try:
        # First: nothing may be written into a folder that is in use or not ours.
        folder = DataFolder.claim(settings.data_dir, inherited=inherited)
    except (StorageError, OSError) as error:
        raise StartError(str(error)) from error
    try:
        return ClaimedRooms(folder, Database.open(settings.records, settings.data_dir))
    except RecordsError as error:
        folder.close()
        raise StartError(str(error)) from error


def _refuse_open_doors(settings: Settings, database: Database) -> None:
    """Other machines must not reach a server that asks nobody who they are."""
    users = has_users(database) if any(not is_loopback(host) for host in settings.reachable_hosts) else True
    for host in settings.reachable_hosts:
        if problem := listen_problem(host, has_users=users):
            raise StartError(problem)
