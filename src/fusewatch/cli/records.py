"""The records database, opened by a command; a running server does not mind."""

from __future__ import annotations

import contextlib
import getpass
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from sqlalchemy.orm import Session

from fusewatch.access.audit import Actor, Change
from fusewatch.access.errors import AccessError
from fusewatch.cli.failures import Failure
from fusewatch.documents.problems import SettingsError
from fusewatch.records.config import DATABASE_FILE
from fusewatch.records.database import Database
from fusewatch.records.errors import RecordsError
from fusewatch.server.settings.loading import DEFAULT_FILE
from fusewatch.server.settings.source import SettingsSource
from fusewatch.storage.folder import MARKER
from fusewatch.telemetry.clock import SystemClock

T = TypeVar("T")
Decorated = Callable[..., Any]

#: Who did it, in the audit trail.
ACTOR: Final = "cli"


def data_options(command: Decorated) -> Decorated:
    """Adds ``--data`` and ``--config``, by which a command finds the database."""
    command = click.option(
        "--config", type=click.Path(path_type=Path), metavar="FILE", help="Configuration of the server; fusewatch.yml when there is one."
    )(command)
    return click.option("--data", metavar="DIR", help="Data folder of the server.  [default: fusewatch-data]")(command)


@contextlib.contextmanager
def open_records(*, data: str | None, config: Path | None, create: bool = False) -> Iterator[Database]:
    """The database of a data folder; ``create`` makes a folder that is not there yet.

    Raises:
        Failure: the configuration, the folder or the database can't be used; says why.
    """
    # Migrations of a first use are nothing to tell somebody who adds a user.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if config is None and DEFAULT_FILE.is_file():
        config = DEFAULT_FILE
    try:
        settings = SettingsSource(config, data=data).load(rules=False)
    except SettingsError as error:
        raise Failure(str(error), 2) from None
    folder = Path(settings.data).absolute()
    if not settings.records.url:
        _check_folder(folder, create=create)
    try:
        database = Database.open(settings.records, folder)
    except (RecordsError, OSError) as error:
        raise Failure(str(error)) from None
    try:
        yield database
    except (AccessError, RecordsError) as error:
        raise Failure(str(error)) from None
    finally:
        database.close()


def change(database: Database, work: Callable[[Change], T]) -> T:
    """What ``work`` returns, done as one audited transaction."""
    with database.transaction() as session:
        return work(Change(session, actor=Actor(_who()), now_ms=SystemClock().now_ms()))


def read(database: Database, work: Callable[[Session], T]) -> T:
    """What ``work`` returns from one consistent view."""
    with database.reading() as session:
        return work(session)


def _who() -> str:
    """The command line, and who sits at it where the system knows."""
    try:
        return f"{ACTOR}:{getpass.getuser()}"
    except (KeyError, OSError):
        return ACTOR


def _check_folder(folder: Path, *, create: bool) -> None:
    """Nothing is written into a folder that is something else, nor into one that was only misspelt."""
    if not folder.is_dir():
        if folder.exists():
            raise Failure(f"{folder} is not a folder; name another with --data")
        if not create:
            raise Failure(f"there is no data folder {folder}; name the server's with --data")
        return
    known = (folder / MARKER).exists() or (folder / DATABASE_FILE).exists()
    if not known and any(folder.iterdir()):
        raise Failure(f"{folder} is not a data folder of Fusewatch; name another with --data")
