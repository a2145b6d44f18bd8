"""Runs the numbered migrations that a database lacks."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from fusewatch.records.errors import NewerSchemaError, OpenError
from fusewatch.records.schema import MIGRATIONS


def upgrade(connection: Connection, current: str | None) -> None:
    """Leaves the database, which is at ``current``, at the newest migration; within the transaction that the caller began.

    Raises:
        NewerSchemaError: it is beyond that.
        OpenError: it has tables, but none of ours.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    _check(ScriptDirectory.from_config(config), connection, current)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check(scripts: ScriptDirectory, connection: Connection, current: str | None) -> None:
    if current is None:
        # PostgreSQL schemas are shared by programs, and our tables' names do not collide; a file is one program's.
        if connection.dialect.name == "sqlite" and inspect(connection).get_table_names():
            raise OpenError("holds tables of another program: give records.url a file of its own")
        return
    try:
        scripts.get_revision(current)
    except CommandError as error:
        message = f"has schema {current}, and this program knows up to {scripts.get_current_head()}"
        raise NewerSchemaError(f"{message}: start the Fusewatch that wrote it, or a newer one") from error
