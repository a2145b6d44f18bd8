"""Which backups a target holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fusewatch.storage.backup.errors import DamagedError, NoBackupError
from fusewatch.storage.backup.layout import MANIFESTS, backup_of, manifest_name
from fusewatch.storage.backup.manifest import Manifest
from fusewatch.storage.backup.moving import in_threads
from fusewatch.storage.backup.target import Target, read_whole


def find_backups(target: Target) -> list[str]:
    """The names of all backups, the oldest first."""
    return sorted(backup for found in target.find(MANIFESTS) if (backup := backup_of(found.name)) is not None)


def read_manifest(target: Target, backup: str) -> Manifest:
    """The manifest of a backup.

    Raises:
        NoBackupError: there is none of that name.
        DamagedError: it is not what was written.
    """
    name = manifest_name(backup)
    try:
        return Manifest.decode(read_whole(target, name), name=name)
    except FileNotFoundError:
        raise NoBackupError(f"{target.label} has no backup {backup}; `fusewatch backup list` shows them") from None


def read_manifests(target: Target, backups: Sequence[str]) -> Iterator[Manifest | DamagedError]:
    """The manifests of backups, in their order; in place of a damaged one what is wrong with it."""

    def read(backup: str) -> Manifest | DamagedError:
        try:
            return read_manifest(target, backup)
        except DamagedError as error:
            return error

    return in_threads(read, backups)


def newest_manifest(target: Target) -> Manifest | None:
    """The newest manifest that is whole; None without any."""
    for backup in reversed(find_backups(target)):
        try:
            return read_manifest(target, backup)
        except (DamagedError, NoBackupError):
            continue  # verify names it; the one before serves as well
    return None


def choose(target: Target, *, backup: str | None = None, at: int | None = None) -> Manifest:
    """The manifest of one backup: the named one, else the newest that shows no later moment than ``at`` (ms UTC), else the newest.

    Raises:
        NoBackupError: there is none.
        DamagedError: its manifest is not what was written.
    """
    if backup is not None:
        return read_manifest(target, backup)
    for found in reversed(find_backups(target)):
        manifest = read_manifest(target, found)
        if at is None or manifest.moment <= at:
            return manifest
    raise NoBackupError(f"{target.label} has no backup" + (" of that time or before" if at is not None else ""))
