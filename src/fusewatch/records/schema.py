"""Brings a database to this program's schema, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from fusewatch.records.errors import NewerSchemaError, OpenError

#: Where the database says which migration it is at. A name of our own, so that another program's Alembic is not mistaken for us.
VERSION_TABLE: Final = "fusewatch_schema"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: PostgreSQL's advisory lock for upgrades: any number, as long as every Fusewatch takes the same.
_UPGRADE_LOCK: Final = 0x66757365


class SchemaUpgrade:
    """Runs the numbered migrations that a database lacks, all or none, one process at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._config = Config()
        self._config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        self._config.set_main_option("path_separator", "os")
        self._scripts = ScriptDirectory.from_config(self._config)

    @property
    def head(self) -> str:
        """The number of the newest migration this program knows."""
        return str(self._scripts.get_current_head())

    def run(self) -> None:
        """Leaves the database at :attr:`head`.

        Raises:
            NewerSchemaError: it is beyond that.
            OpenError: it has tables, but none of ours.
        """
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            current = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
            if current == self.head:
                return
            self._check(connection, current)
            self._config.attributes["connection"] = connection
            command.upgrade(self._config, "head")

    def _check(self, connection: Connection, current: str | None) -> None:
        if current is None:
            # PostgreSQL schemas are shared by programs, and our tables' names do not collide; a file is one program's.
            if connection.dialect.name == "sqlite" and inspect(connection).get_table_names():
                raise OpenError("holds tables of another program: give records.url a file of its own")
            return
        try:
            self._scripts.get_revision(current)
        except CommandError as error:
            message = f"has schema {current}, and this program knows up to {self.head}: start the Fusewatch that wrote it, or a newer one"
            raise NewerSchemaError(message) from error
