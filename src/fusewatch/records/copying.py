"""A copy of the database that can be kept: SQLite's while it is in use, PostgreSQL's by its own tool where that is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url

from fusewatch.records.config import DATABASE_FILE, RecordsSettings
from fusewatch.records.errors import AwayError

#: How a copy of PostgreSQL's is called; ``pg_restore`` reads it.
DUMP_FILE: Final = "records.pgdump"
#: Pages that are copied before others may write again.
_PAGES: Final = 1024


class NotCopiedError(AwayError):
    """The database is somebody else's to back up; the message says whose."""


def copy_database(settings: RecordsSettings, data_dir: Path, folder: Path) -> Path:
    """The copy, a file in ``folder``. Blocks.

    Raises:
        NotCopiedError: PostgreSQL's tools are not installed here.
        AwayError: the database can't be read.
    """
    url = make_url(settings.resolved_url(data_dir))
    return _copy_sqlite(url, folder) if url.get_backend_name() == "sqlite" else _dump_postgresql(url, folder)


def _copy_sqlite(url: URL, folder: Path) -> Path:
    """By SQLite's backup API, which shows one moment and starts anew when somebody writes meanwhile.

    https://www.sqlite.org/backup.html
    """
    copy = folder / DATABASE_FILE
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with (
            contextlib.closing(sqlite3.connect(_read_only(url), uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target, pages=_PAGES)
            # One file, also for whoever opens it without the log beside it.
            target.execute("PRAGMA journal_mode = DELETE")
            damage = target.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise AwayError(f"the records database {url.database} can't be copied: {error}") from error
    if damage != "ok":
        raise AwayError(f"the records database {url.database} is damaged: {damage}")
    return copy


def _read_only(url: URL) -> str:
    return Path(url.database or "").absolute().as_uri() + "?mode=ro"


def _dump_postgresql(url: URL, folder: Path) -> Path:
    program = shutil.which("pg_dump")
    if program is None:
        raise NotCopiedError("records: they are in PostgreSQL, and pg_dump is not installed here; whoever runs that server backs it up")
    copy = folder / DUMP_FILE
    # The password goes by the environment: command lines are visible to everybody.
    shown = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {}), "PGCONNECT_TIMEOUT": "10"}
    command = [program, "--format=custom", "--compress=0", f"--file={copy}", "--no-password", shown]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise AwayError(f"the records could not be copied by pg_dump: {' '.join(done.stderr.split())[:500]}")
    return copy
