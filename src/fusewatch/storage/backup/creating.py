"""One backup, from the moment it shows to its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from fusewatch.storage.backup.catalog import newest_manifest
from fusewatch.storage.backup.freezing import Freezer, Frozen, FrozenPart
from fusewatch.storage.backup.layout import manifest_name, new_backup
from fusewatch.storage.backup.locks import locked
from fusewatch.storage.backup.manifest import Figures, FileEntry, Manifest, Origin, PartEntry, TableEntry
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.sending import LocalFile, Sender
from fusewatch.storage.backup.target import Target
from fusewatch.storage.folder import MARKER
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.log_snapshot import SNAPSHOT
from fusewatch.telemetry.clock import Clock

_log = structlog.get_logger(component="backup")
_SERVER: Final = (
    "metrics and events: storage.url names a ClickHouse server, which backs itself up: BACKUP DATABASE {} TO S3(…) or Disk(…), "
    "see https://clickhouse.com/docs/operations/backup"
)

#: The entries of a part that an earlier backup has sent, by table and ClickHouse's checksum of the part, then by path.
Known = Mapping[tuple[str, str], Mapping[str, FileEntry]]


@dataclass(frozen=True, slots=True)
class Copied:
    """Further files of a data folder, copied so that they don't change; ``left_out`` is what could not be, and who has it."""

    files: Sequence[LocalFile] = ()
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is backed up: the store, and what ``copy`` puts into the folder ``staging``, which it may use as it likes."""

    freezer: Freezer
    copy: Callable[[Path], Copied]
    staging: Path
    origin: Origin


def create_backup(source: Source, target: Target, *, clock: Clock, progress: Progress) -> Manifest:
    """Makes a backup and returns its manifest. Blocks.

    Until the manifest is written, last, there is no backup; what was sent by then need not be sent again by the next.

    Raises:
        BackupError: see the classes.
        ClickHouseError, RecordsError, OSError: something could not be read.
    """
    backup = new_backup(clock.now_ms())
    with locked(target, "backup", clock) as lock:
        progress.begin("looking at what is there")
        known, sender = _known(newest_manifest(target)), Sender(target, lock, progress)
        with _frozen(source.freezer, backup, progress) as frozen, _copied(source) as copied:
            moment = clock.now_ms() if frozen is None else frozen.moment
            others = [LocalFile(source.freezer.data_dir / MARKER, MARKER), *copied.files, *_snapshot(frozen, source.staging)]
            _announce(frozen, others, progress)
            tables = () if frozen is None else tuple(_send_tables(frozen, known, sender))
            entries = tuple(sender.send(others))
        left_out = copied.left_out if frozen is not None else (_SERVER.format(source.freezer.database), *copied.left_out)
        manifest = Manifest(
            id=backup,
            moment=moment,
            ended=clock.now_ms(),
            origin=source.origin,
            tables=tables,
            files=entries,
            figures=Figures() if frozen is None else frozen.figures,
            left_out=tuple(left_out),
            sent=sender.sent,
        )
        progress.begin("writing the manifest")
        target.write(manifest_name(backup), manifest.encode())
    held = 0.0 if frozen is None else round(frozen.held_s, 3)
    _log.info("made a backup", backup=backup, target=target.label, bytes=manifest.size, sent=manifest.sent, commits_waited_seconds=held)
    return manifest


@contextmanager
def _frozen(freezer: Freezer, backup: str, progress: Progress) -> Iterator[Frozen | None]:
    if not freezer.embedded:
        yield None
        return
    freezer.clear()
    with freezer.frozen(backup, progress) as frozen:
        yield frozen


@contextmanager
def _copied(source: Source) -> Iterator[Copied]:
    def clear() -> None:
        for path in source.staging.glob("*"):
            path.unlink()

    source.staging.mkdir(mode=0o700, exist_ok=True)
    clear()
    try:
        yield source.copy(source.staging)
    finally:
        clear()
        source.staging.rmdir()


def _snapshot(frozen: Frozen | None, staging: Path) -> Iterator[LocalFile]:
    """What the receiver has summed up, as a file."""
    if frozen is not None and frozen.snapshot is not None:
        path = staging / SNAPSHOT
        path.write_bytes(frozen.snapshot)
        yield LocalFile(path, (log_folder(Path()) / SNAPSHOT).as_posix())


def _announce(frozen: Frozen | None, others: Sequence[LocalFile], progress: Progress) -> None:
    parts = [] if frozen is None else [part.path for table in frozen.tables for part in table.parts]
    sizes = [file.stat().st_size for path in parts for file in path.rglob("*") if file.is_file()]
    sizes += [file.path.stat().st_size for file in others]
    progress.begin("sending", len(sizes), sum(sizes))


def _known(manifest: Manifest | None) -> Known:
    if manifest is None:
        return {}
    return {
        (table.name, part.checksum): {entry.path: entry for entry in part.files}
        for table in manifest.tables
        for part in table.parts
        if part.checksum
    }


def _send_tables(frozen: Frozen, known: Known, sender: Sender) -> Iterator[TableEntry]:
    """Sends the parts of every table, as one stream of files so that threads don't wait at the end of each part."""
    parts = [(table.name, part) for table in frozen.tables for part in table.parts]
    files = {(name, part.name): _files_of(part, known.get((name, part.checksum), {})) for name, part in parts}
    entries = iter(list(sender.send(file for found in files.values() for file in found)))
    sent = {key: tuple(next(entries) for _ in found) for key, found in files.items()}
    for table in frozen.tables:
        found = [PartEntry(part.name, part.checksum, part.rows, sent[table.name, part.name]) for part in table.parts]
        yield TableEntry(table.name, table.create, tuple(found))


def _files_of(part: FrozenPart, known: Mapping[str, FileEntry]) -> list[LocalFile]:
    """The files of a part, also those in folders of its own."""
    names = sorted(file.relative_to(part.path).as_posix() for file in part.path.rglob("*") if file.is_file())
    return [LocalFile(part.path / name, name, known.get(name)) for name in names]
