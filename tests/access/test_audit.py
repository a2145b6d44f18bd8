"""Every change leaves a trace, and no trace holds a secret."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from tests.access.conftest import API, PASSWORD

pytestmark = pytest.mark.anyio


async def _entries(client, **parameters):
    return (await client.get(f"{API}/audit", params=parameters)).json()["entries"]


async def test_each_change_says_who_when_what_from_where_before_and_after(server):
    server.user("root")
    async with server.client(address="192.0.2.7") as client:
        await server.login(client, "root")
        await client.post(f"{API}/users", json={"name": "ada", "role": "viewer", "password": PASSWORD})
        await client.patch(f"{API}/users/ada", json={"role": "editor"})
        await client.patch(f"{API}/users/ada", json={"password": "another password"})
        await client.patch(f"{API}/users/ada", json={"role": "editor"})
        token = (await client.post(f"{API}/tokens", json={"name": "grafana", "role": "viewer"})).json()
        await client.delete(f"{API}/tokens/{token['id']}")
        await client.delete(f"{API}/users/ada")
        entries = await _entries(client)
    grafana = {"name": "grafana", "role": "viewer", "expires_at": None, "owner": "root"}
    assert [(entry["action"], entry["target"], entry["before"], entry["after"]) for entry in reversed(entries)] == [
        ("user.create", "root", None, {"role": "admin", "disabled": False}),
        ("session.login", "root", None, None),
        ("user.create", "ada", None, {"role": "viewer", "disabled": False}),
        ("user.update", "ada", {"role": "viewer", "disabled": False}, {"role": "editor", "disabled": False}),
        ("user.update", "ada", {"role": "editor", "disabled": False}, {"role": "editor", "disabled": False, "password": "changed"}),
        ("token.create", token["id"], None, grafana),
        ("token.delete", token["id"], grafana, None),
        ("user.delete", "ada", {"role": "editor", "disabled": False, "tokens": []}, None),
    ]
    assert [(entry["actor"], entry["address"]) for entry in reversed(entries)] == [("cli", "")] + [("root", "192.0.2.7")] * 7
    assert {entry["timestamp"] for entry in entries[:-1]} == {server.clock.now_ms()}


async def test_the_trail_is_read_in_pages(server):
    server.user("root")
    async with server.client() as client:
        await server.login(client, "root")
        for number in range(5):
            server.token(f"token{number}")
        newest = await _entries(client, limit=3)
        older = await _entries(client, limit=100, before=newest[-1]["id"])
        assert (await client.get(f"{API}/audit", params={"limit": 0})).status_code == 400
    assert [entry["id"] for entry in newest + older] == [7, 6, 5, 4, 3, 2, 1]


async def test_no_secret_is_written_anywhere_but_hashed(server):
    server.user("root")
    async with server.client() as client:
        answer = await server.login(client, "root")
        cookie = client.cookies["fusewatch_session"]
        token = (await client.post(f"{API}/tokens", json={"name": "grafana", "role": "viewer"})).json()["token"]
        await client.patch(f"{API}/users/root", json={"password": "another password"})
    with server.database.reading() as session:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        rows = [repr(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}"))]
    for secret in (PASSWORD, "another password", token, cookie, cookie.rpartition(".")[0], answer.json()["csrf"]):
        assert not [row for row in rows if secret in row]


async def test_what_fails_leaves_no_trace(server):
    server.user("root")
    async with server.client() as client:
        await server.login(client, "root")
        before = await _entries(client)
        await client.delete(f"{API}/users/root")
        await client.post(f"{API}/users", json={"name": "root", "role": "viewer", "password": PASSWORD})
        assert await _entries(client) == before
