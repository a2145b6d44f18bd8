from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading

import pytest
from sqlalchemy import text

from fusewatch.records.config import DATABASE_FILE, RecordsSettings
from fusewatch.records.database import Database
from fusewatch.records.errors import AwayError, NewerSchemaError, OpenError, SlowError
from fusewatch.records.schema import VERSION_TABLE


@pytest.fixture
def database(tmp_path):
    opened = Database.open(RecordsSettings(), tmp_path)
    yield opened
    opened.close()


def _versions(session):
    return session.execute(text("SELECT version FROM access_state")).scalar_one()


def test_a_new_folder_gets_a_database_that_only_its_owner_reads(tmp_path, database):
    file = tmp_path / DATABASE_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with database.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_opening_again_keeps_what_is_there(tmp_path):
    for expected in (1, 2):
        database = Database.open(RecordsSettings(), tmp_path)
        with database.transaction() as session:
            assert _versions(session) == expected
            session.execute(text("UPDATE access_state SET version = version + 1"))
        database.close()


def test_what_raises_changes_nothing(database):
    def fail(session):
        session.execute(text("UPDATE access_state SET version = 99"))
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(database.run(fail))
    assert asyncio.run(database.read(_versions)) == 1


def test_writers_of_two_programs_take_turns(tmp_path, database):
    other = Database.open(RecordsSettings(), tmp_path)

    def add(one):
        for _ in range(25):
            with one.transaction() as session:
                version = _versions(session)
                session.execute(text("UPDATE access_state SET version = :next"), {"next": version + 1})

    threads = [threading.Thread(target=add, args=[one]) for one in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert asyncio.run(database.read(_versions)) == 51


def test_slow_work_ends_its_waiter_in_time(tmp_path):
    database = Database.open(RecordsSettings(timeout="50ms"), tmp_path)
    release = threading.Event()
    with pytest.raises(SlowError, match=r"within 0\.05 s"):
        asyncio.run(_released(database, release))
    database.close()


async def _released(database, release):
    try:
        await database.run(lambda _: release.wait(10))
    finally:
        release.set()


def test_a_database_locked_for_too_long_says_so(tmp_path):
    database = Database.open(RecordsSettings(timeout="50ms"), tmp_path)
    with sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AwayError, match="database is locked"), database.transaction() as session:
            session.execute(text("UPDATE access_state SET version = 2"))
        with database.reading() as session:
            assert _versions(session) == 1
        other.execute("ROLLBACK")
    other.close()
    database.close()


def test_a_closed_database_does_nothing_more(database):
    database.close()
    database.close()
    with pytest.raises(AwayError, match="closed"):
        asyncio.run(database.read(_versions))


def test_an_older_program_refuses_a_newer_database(tmp_path):
    Database.open(RecordsSettings(), tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    with pytest.raises(NewerSchemaError, match=r"has schema 9999, and this program knows up to \d{4}") as caught:
        Database.open(RecordsSettings(), tmp_path)
    assert "\n" not in str(caught.value)


def _not_a_database(path):
    path.write_text("these are notes, not a database, and there are enough of them to be sure" * 20)


def _foreign_tables(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (_not_a_database, "file is not a database"),
        (_foreign_tables, "holds tables of another program"),
        (lambda path: path.mkdir(), "can't be opened"),
    ],
)
def test_what_is_not_ours_is_refused_in_one_line(tmp_path, prepare, message):
    prepare(tmp_path / DATABASE_FILE)
    with pytest.raises(OpenError, match=message) as caught:
        Database.open(RecordsSettings(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_password_in_the_url_is_not_shown():
    settings = RecordsSettings(url="postgresql://fusewatch:hunter2@127.0.0.1:1/none", timeout="2s")
    with pytest.raises(OpenError) as caught:
        Database.open(settings, None)
    assert "hunter2" not in str(caught.value)


def test_the_settings_show_no_password():
    settings = RecordsSettings(url="postgresql://fusewatch:hunter2@db.example.org/fusewatch")
    assert "hunter2" not in repr(settings) + settings.model_dump_json()
    assert "postgresql://fusewatch:***@db.example.org/fusewatch" in settings.model_dump_json()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "records.sqlite"])
def test_other_databases_are_refused_by_the_settings(url):
    with pytest.raises(ValueError, match="expected postgresql://"):
        RecordsSettings(url=url)
