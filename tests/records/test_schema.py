from __future__ import annotations

import asyncio
import importlib
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from fusewatch.records.database import Database
from fusewatch.records.errors import NewerSchemaError
from fusewatch.records.schema import MIGRATIONS, VERSION_TABLE, newest_migration
from fusewatch.records.tables import Table

#: Every slice's, once its module is known.
SLICES = ("fusewatch.access.records", "fusewatch.saved_queries.records")


def test_the_migrations_lead_to_the_tables_that_the_code_declares(settings, tmp_path):
    for slice_ in SLICES:
        importlib.import_module(slice_)
    database = Database.open(settings, tmp_path)
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"version_table": VERSION_TABLE})
        differences = compare_metadata(context, Table.metadata)
    database.close()
    assert differences == []


def test_programs_that_start_together_upgrade_once(settings, tmp_path):
    opened, errors = [], []

    def start():
        try:
            opened.append(Database.open(settings, tmp_path))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for database in opened:
        with database.reading() as session:
            assert session.execute(text("SELECT count(*) FROM access_state")).scalar_one() == 1
        database.close()


def test_a_newer_database_is_refused_whatever_keeps_it(settings, tmp_path):
    database = Database.open(settings, tmp_path)
    with database.transaction() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    database.close()
    with pytest.raises(NewerSchemaError, match="schema 9999"):
        Database.open(settings, tmp_path)


def test_work_runs_and_rolls_back_whatever_keeps_it(settings, tmp_path):
    database = Database.open(settings, tmp_path)

    def fail(session):
        session.execute(text("UPDATE access_state SET version = 99"))
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(database.run(fail))
    assert asyncio.run(database.read(lambda session: session.execute(text("SELECT version FROM access_state")).scalar_one())) == 1
    database.close()


def test_the_newest_migration_is_the_one_that_alembic_ends_at():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == newest_migration()
