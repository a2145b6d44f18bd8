"""Whether a database is at this program's schema; where not, it is brought there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

#: Where the database says which migration it is at. A name of our own, so that another program's Alembic is not mistaken for us.
VERSION_TABLE: Final = "fusewatch_schema"
#: The folder of Alembic's files; the migrations lie in ``versions`` and begin with their number, as in ``m0001_access.py``.
MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: PostgreSQL's advisory lock for upgrades: any number, as long as every Fusewatch takes the same.
_UPGRADE_LOCK: Final = 0x66757365


def newest_migration() -> str:
    """The number of the newest migration this program knows."""
    return max(file.name.removeprefix("m").partition("_")[0] for file in (MIGRATIONS / "versions").glob("m*.py"))


def bring_up_to_date(engine: Engine) -> None:
    """Leaves the database at :func:`newest_migration`: runs those that it lacks, all or none, one process at a time.

    Raises:
        NewerSchemaError: it is beyond that.
        OpenError: it has tables, but none of ours.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        current = _current(connection)
        if current == newest_migration():
            return
        # Alembic takes 80 ms and 10 MB, and nearly every start finds nothing to do.
        from fusewatch.records.upgrade import upgrade  # noqa: PLC0415

        upgrade(connection, current)


def _current(connection: Connection) -> str | None:
    """The migration that the database is at, None before the first."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    number = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - our own name
    return None if number is None else str(number)
