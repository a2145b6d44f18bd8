from __future__ import annotations

import sqlite3
import subprocess
import threading

import pytest

from fusewatch.access.records import UserRow
from fusewatch.records.config import RecordsSettings
from fusewatch.records.copying import NotCopiedError, copy_database
from fusewatch.records.database import Database
from fusewatch.records.errors import AwayError


def user(name):
    return UserRow(name=name, role="viewer", password_hash="x", disabled=False, created_at=0, last_login=None)


def test_a_copy_has_what_was_committed_and_nothing_else(settings, tmp_path):
    database = Database.open(settings, tmp_path)
    (tmp_path / "copies").mkdir()
    try:
        with database.transaction() as session:
            session.add(user("ana"))
        with database.transaction() as session:
            session.add(user("ben"))
            session.flush()
            copy = copy_database(settings, tmp_path, tmp_path / "copies")
    finally:
        database.close()
    assert names_in(copy) == ["ana"]
    assert copy.stat().st_mode & 0o077 == 0 or copy.suffix == ".pgdump"


def names_in(copy):
    if copy.suffix == ".pgdump":
        text = subprocess.run(["pg_restore", "--file=-", "--table=access_users", copy], capture_output=True, text=True, check=True).stdout
        return [line.split("\t")[0] for line in text.splitlines() if "\tviewer\t" in line]
    with sqlite3.connect(copy) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM access_users ORDER BY name")]


def test_an_unchanged_database_is_copied_to_the_same_bytes(tmp_path):
    Database.open(RecordsSettings(), tmp_path).close()
    copies = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        copies.append(copy_database(RecordsSettings(), tmp_path, tmp_path / name).read_bytes())
    assert copies[0] == copies[1]


def test_a_copy_under_writes_is_one_moment_of_them(tmp_path):
    database, stopping, written = Database.open(RecordsSettings(), tmp_path), threading.Event(), threading.Event()

    def write():
        for number in range(100_000):
            with database.transaction() as session:
                session.add_all([user(f"left {number}"), user(f"right {number}")])
            written.set()
            if stopping.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(30)
        for number in range(5):
            (tmp_path / str(number)).mkdir()
            names = names_in(copy_database(RecordsSettings(), tmp_path, tmp_path / str(number)))
            assert sorted(name.replace("right", "left") for name in names) == sorted(2 * [name for name in names if "left" in name])
    finally:
        stopping.set()
        writer.join()
        database.close()


def test_a_database_that_is_none_is_told(tmp_path):
    (tmp_path / "records.sqlite").write_bytes(b"no database at all" * 500)
    (tmp_path / "copies").mkdir()
    with pytest.raises(AwayError, match="can't be copied: file is not a database"):
        copy_database(RecordsSettings(), tmp_path, tmp_path / "copies")


def test_postgresql_without_its_tools_is_somebody_elses_to_back_up(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = RecordsSettings(url="postgresql://fusewatch:secret@db.example.com/fusewatch")
    with pytest.raises(NotCopiedError, match="pg_dump is not installed here") as caught:
        copy_database(settings, tmp_path, tmp_path)
    assert "secret" not in str(caught.value)
