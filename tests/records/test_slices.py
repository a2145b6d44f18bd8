"""The tables of the slices behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from fusewatch.access import audit, sessions, tokens, users
from fusewatch.access.audit import Actor, Change
from fusewatch.access.directory import load_view
from fusewatch.access.errors import ConflictError
from fusewatch.access.need import Role
from fusewatch.access.offline import create_token
from fusewatch.access.records import SessionRow, TokenRow
from fusewatch.access.tokens import NewToken
from fusewatch.access.users import UserUpdate
from fusewatch.records.database import Database


@pytest.fixture
def database(settings, tmp_path):
    opened = Database.open(settings, tmp_path)
    yield opened
    opened.close()


def _change(database, work, now_ms=1000):
    with database.transaction() as session:
        return work(Change(session, actor=Actor("test", "192.0.2.1"), now_ms=now_ms))


def _add(database, name, role=Role.ADMIN):
    return _change(database, lambda change: users.add(change, name=name, role=role, password_hash="hash"))


def test_a_users_life(database):
    _add(database, "root")
    _add(database, "ada", Role.VIEWER)
    with pytest.raises(ConflictError):
        _add(database, "ADA")
    _change(database, lambda change: tokens.create(change, NewToken(name="mine", role=Role.VIEWER, owner="ada")))
    _change(database, lambda change: sessions.begin(change, "ada", lifetime_ms=1000))
    create_token(database, name="robot", role="viewer")
    view = database.light.read(load_view)
    assert (set(view.users), len(view.tokens), len(view.sessions)) == ({"root", "ada"}, 2, 1)

    _change(database, lambda change: users.modify(change, "ada", UserUpdate(role=Role.EDITOR)))
    _change(database, lambda change: users.remove(change, "ada"))
    with database.reading() as session:
        assert [row.name for row in session.scalars(select(TokenRow))] == ["robot"]
        assert list(session.scalars(select(SessionRow))) == []
        trail = audit.entries(session)
    assert [entry.action for entry in trail] == [
        "user.delete",
        "user.update",
        "token.create",
        "session.login",
        "token.create",
        "user.create",
        "user.create",
    ]
    assert trail[1].before == {"role": "viewer", "disabled": False}
    assert trail[5].before is None


def test_two_administrators_who_remove_each_other_leave_one(database):
    for name in ("ada", "grace"):
        _add(database, name)
    conflicts, together = [], threading.Barrier(2)

    def remove(name):
        together.wait()
        try:
            _change(database, lambda change: users.remove(change, name))
        except ConflictError as error:
            conflicts.append(error)

    threads = [threading.Thread(target=remove, args=[name]) for name in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert len(users.list_users(session)) == 1
    assert len(conflicts) == 1


def test_where_nobody_administers_the_rest_can_still_go(database):
    _add(database, "ada", Role.VIEWER)
    _change(database, lambda change: users.remove(change, "ada"))
    with database.reading() as session:
        assert users.list_users(session) == []
