"""Makes a store of restored parts and opens it; a process of its own, because ClickHouse serves one folder in each.

``python -m fusewatch.storage.backup.attaching FOLDER`` works on what :mod:`fusewatch.storage.backup.restoring` has put there. It says
nothing when all is well; what is wrong is one line on its standard error, with exit code 1. It ends with its parent, whose end of its
standard input closes then: nobody else would know that it still works there.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Final

import structlog

from fusewatch.storage.backup.errors import DamagedError
from fusewatch.storage.backup.freezing import read_figures
from fusewatch.storage.backup.layout import RESTORED_MANIFEST, RESTORED_PARTS
from fusewatch.storage.backup.manifest import Manifest, TableEntry
from fusewatch.storage.client import DATABASE, ClientPool, Endpoint, Handle
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.log_snapshot import read_snapshot
from fusewatch.storage.opening import highest_seq
from fusewatch.storage.sql import identifier
from fusewatch.storage.store import MetricStore
from fusewatch.storage.wal import Position
from fusewatch.telemetry.ports import StorageError

_FOLDER: Final = "SELECT data_paths[1] FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
_ATTACHED: Final = """
SELECT count(), sum(rows)
FROM system.parts
WHERE active AND database = currentDatabase() AND table = {name:String}
"""
#: Nothing that was restored is too old, and nothing removes it meanwhile.
_SETTINGS: Final = StorageSettings.model_validate({"retention": {"metrics": 0}})


def attach(folder: Path) -> None:
    """Makes a store in a folder from the parts and the manifest in it, and opens it once. Blocks.

    Raises:
        DamagedError: the store does not show what the manifest says.
        StorageError, OSError: it can't be made or opened.
    """
    manifest = Manifest.decode((folder / RESTORED_MANIFEST).read_bytes(), name=RESTORED_MANIFEST)
    pool = ClientPool(Endpoint(_SETTINGS, folder))
    try:
        with pool.handle() as handle:
            for table in manifest.tables:
                _attach_table(handle, table, folder / RESTORED_PARTS / table.name)
            found = read_figures(handle)
        if found != manifest.figures:
            raise DamagedError(f"the restored store shows {found}, the backup {manifest.figures}")
        last = highest_seq(pool)
    finally:
        pool.close()
    snapshot = read_snapshot(log_folder(folder))
    _write_position(folder, last if snapshot is None else max(last, snapshot[0]))
    # Brings the tables to this program's schema, and shows that it can be opened at all.
    MetricStore.open(_SETTINGS, folder).close()


def _attach_table(handle: Handle, table: TableEntry, parts: Path) -> None:
    if not table.create.startswith(f"CREATE TABLE {DATABASE}.{table.name} "):
        raise DamagedError(f"the backup makes the table {table.name} in a way that no Fusewatch would")
    handle.command(table.create)
    if not table.parts:
        return
    # So that the parts can be counted as they came.
    handle.command(f"SYSTEM STOP MERGES {identifier(table.name)}")
    detached = Path(str(handle.rows(_FOLDER, {"name": table.name})[0][0])) / "detached"
    for part in table.parts:
        (parts / part.name).rename(detached / part.name)
    handle.command(f"ALTER TABLE {identifier(table.name)} ATTACH PARTITION ALL")
    count, rows = (int(value) for value in handle.rows(_ATTACHED, {"name": table.name})[0])
    expected = sum(part.rows for part in table.parts)
    if (count, rows) != (len(table.parts), expected):
        raise DamagedError(f"table {table.name} has {count} parts with {rows} rows, the backup {len(table.parts)} with {expected}")


def _write_position(folder: Path, last: int) -> None:
    """Lets the log go on behind everything that is stored or summed up, whatever the clock of this machine says."""
    log = log_folder(folder)
    log.mkdir(exist_ok=True)
    position = Position(log)
    position.publish(last, 0)
    position.close()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> int:
    """The entry point; the exit code."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        attach(Path(sys.argv[1]))
    except (StorageError, OSError) as error:
        kind = "damaged" if isinstance(error, DamagedError) else "failed"
        sys.stderr.write(f"\n{kind}: {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the thread above waits in a read
