"""Statements without SQLAlchemy, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import pytest

from fusewatch.records.config import RecordsSettings
from fusewatch.records.database import Database
from fusewatch.records.errors import AwayError
from fusewatch.records.light import LightDatabase

VERSION = "SELECT version FROM access_state WHERE id = :id"


@pytest.fixture
def light(settings, tmp_path):
    Database.open(settings, tmp_path).close()
    opened = LightDatabase(settings, tmp_path)
    yield opened
    opened.close()


def test_values_are_bound_by_name(light):
    assert [tuple(row) for row in light.read(lambda execute: execute(VERSION, id=1))] == [(1,)]
    assert list(light.read(lambda execute: execute(VERSION, id=2))) == []


def test_a_change_that_fails_is_undone_and_the_next_one_is_not(light):
    def change(execute):
        execute("UPDATE access_state SET version = :version", version=7)
        raise KeyError

    with pytest.raises(KeyError):
        light.run(change)
    assert light.read(lambda execute: execute(VERSION, id=1)[0][0]) == 1
    light.run(lambda execute: execute("UPDATE access_state SET version = :version", version=8))
    assert light.read(lambda execute: execute(VERSION, id=1)[0][0]) == 8


def test_what_only_reads_changes_nothing_on_postgresql(light, settings):
    if not settings.url:
        pytest.skip("SQLite has no such transactions")
    with pytest.raises(AwayError, match="read-only"):
        light.read(lambda execute: execute("UPDATE access_state SET version = 9"))


def test_an_error_of_the_database_is_ours_and_the_next_statement_works(light):
    with pytest.raises(AwayError, match="nowhere"):
        light.read(lambda execute: execute("SELECT 1 FROM nowhere"))
    assert light.read(lambda execute: execute(VERSION, id=1)[0][0]) == 1


def test_a_closed_one_says_so(light):
    light.close()
    with pytest.raises(AwayError, match="closed"):
        light.read(lambda execute: execute(VERSION, id=1))


def test_a_file_that_is_gone_is_not_made_anew(tmp_path):
    light = LightDatabase(RecordsSettings(), tmp_path)
    with pytest.raises(AwayError, match="unable to open"):
        light.read(lambda execute: execute(VERSION, id=1))
    light.close()
    assert list(tmp_path.iterdir()) == []
