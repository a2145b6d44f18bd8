"""API tokens: made, used, ended, and never more powerful than who made them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from tests.access.conftest import API

from fusewatch.access.errors import InvalidError
from fusewatch.access.offline import create_token
from fusewatch.access.records import TokenRow

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000


@pytest.fixture
async def admin(server):
    server.user("root")
    async with server.client() as client:
        await server.login(client, "root")
        yield client


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def _create(client, role="viewer", **more):
    return await client.post(f"{API}/tokens", json={"name": "grafana", "role": role, **more})


async def test_a_token_is_shown_once_and_kept_as_a_hash(server, admin):
    answer = await _create(admin, expires="90d")
    created, now = answer.json(), server.clock.now_ms()
    token = created.pop("token")
    assert answer.status_code == 201
    assert re.fullmatch(r"fw_[A-Za-z0-9_-]{43}", token)
    assert created == {
        "id": created["id"],
        "name": "grafana",
        "role": "viewer",
        "created_at": now,
        "created_by": "root",
        "expires_at": now + 90 * DAY_MS,
        "last_used_at": None,
    }
    assert (await admin.get(f"{API}/tokens")).json() == {"tokens": [created]}
    with server.database.reading() as session:
        row = session.scalars(select(TokenRow)).one()
        assert token.encode() not in row.hash
        assert len(row.hash) == 32


async def test_a_token_ends_when_it_should(server, admin):
    token = (await _create(admin, expires="1h")).json()["token"]
    async with server.client(headers=_bearer(token)) as client:
        server.clock.advance(3599)
        assert (await client.get("/need/viewer")).status_code == 200
        server.clock.advance(1)
        assert (await client.get("/need/viewer")).status_code == 401


async def test_a_revoked_token_ends_at_once(server, admin):
    created = (await _create(admin)).json()
    async with server.client(headers=_bearer(created["token"])) as client:
        assert (await client.get("/need/viewer")).status_code == 200
        assert (await admin.delete(f"{API}/tokens/{created['id']}")).status_code == 204
        assert (await client.get("/need/viewer")).status_code == 401
    assert (await admin.delete(f"{API}/tokens/{created['id']}")).status_code == 404


@pytest.mark.parametrize("expires", ["0", "soon", "-1d", "", "90"])
async def test_a_lifetime_that_is_none_is_refused(admin, expires):
    answer = await _create(admin, expires=expires)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "expires")


@pytest.mark.parametrize(("own", "wanted", "status"), [("viewer", "viewer", 201), ("viewer", "operator", 403), ("editor", "admin", 403)])
async def test_nobody_makes_a_token_more_powerful_than_themselves(server, admin, own, wanted, status):
    server.user("ada", own)
    async with server.client() as client:
        await server.login(client)
        assert (await _create(client, wanted)).status_code == status


async def test_a_token_goes_with_its_user(server, admin):
    server.user("ada", "editor")
    async with server.client() as client:
        await server.login(client)
        token = (await _create(client, "editor")).json()["token"]
    async with server.client(headers=_bearer(token)) as client:
        assert (await client.get("/need/editor")).status_code == 200
        await admin.patch(f"{API}/users/ada", json={"role": "viewer"})
        assert (await client.get("/need/editor")).status_code == 403
        assert (await client.get("/need/viewer")).status_code == 200
        await admin.patch(f"{API}/users/ada", json={"disabled": True})
        assert (await client.get("/need/viewer")).status_code == 401
        await admin.delete(f"{API}/users/ada")
        assert (await client.get("/need/viewer")).status_code == 401
    assert (await admin.get(f"{API}/tokens")).json() == {"tokens": []}


async def test_users_see_and_end_their_own_tokens_only(server, admin):
    server.user("ada", "editor")
    foreign = (await _create(admin)).json()["id"]
    async with server.client() as client:
        await server.login(client)
        mine = (await _create(client)).json()["id"]
        assert [token["id"] for token in (await client.get(f"{API}/tokens")).json()["tokens"]] == [mine]
        assert (await client.delete(f"{API}/tokens/{foreign}")).status_code == 404
        assert (await client.delete(f"{API}/tokens/{mine}")).status_code == 204


async def test_a_token_that_ends_does_not_live_on_in_one_that_it_made(server, admin):
    first = (await _create(admin, "admin", expires="1d")).json()
    async with server.client(headers=_bearer(first["token"])) as client:
        second = (await _create(client, "viewer", expires="90d")).json()
        third = (await _create(client, "viewer")).json()
        shorter = (await _create(client, "viewer", expires="1h")).json()
    assert second["expires_at"] == third["expires_at"] == first["expires_at"]
    assert shorter["expires_at"] < first["expires_at"]
    assert second["created_by"] == "grafana"


async def test_when_a_token_was_last_used_is_known_after_a_while(server, admin):
    token = (await _create(admin)).json()["token"]
    async with server.client(headers=_bearer(token)) as client:
        await client.get("/need/viewer")
        used_at = server.clock.now_ms()
    server.clock.advance(120)
    await admin.get("/need/viewer")
    assert (await admin.get(f"{API}/tokens")).json()["tokens"][0]["last_used_at"] == used_at


def test_the_command_line_makes_tokens_without_a_server(server):
    token = create_token(server.database, name="robot", role="operator", lifetime_ms=DAY_MS, clock=server.clock)
    assert token.startswith("fw_")
    with server.database.reading() as session:
        row = session.scalars(select(TokenRow)).one()
    assert (row.created_by, row.owner, row.expires_at) == ("cli", None, server.clock.now_ms() + DAY_MS)
    with pytest.raises(InvalidError):
        create_token(server.database, name="robot", role="operator", lifetime_ms=0)
