"""Users over HTTP: added, changed, removed; and that somebody can always do so."""

from __future__ import annotations

import pytest
from tests.access.conftest import API, PASSWORD, cheap_hasher

from fusewatch.access.errors import ConflictError, InvalidError
from fusewatch.access.offline import add_user, has_users

pytestmark = pytest.mark.anyio


@pytest.fixture
async def admin(server):
    server.user("root")
    async with server.client() as client:
        await server.login(client, "root")
        yield client


async def _add(client, name="ada", role="viewer", password=PASSWORD):
    return await client.post(f"{API}/users", json={"name": name, "role": role, "password": password})


async def test_a_user_is_added_shown_and_removed(server, admin):
    answer = await _add(admin)
    ada = {"name": "ada", "role": "viewer", "disabled": False, "created_at": server.clock.now_ms(), "last_login": None}
    assert (answer.status_code, answer.json()) == (201, ada)
    users = (await admin.get(f"{API}/users")).json()["users"]
    assert [user["name"] for user in users] == ["ada", "root"]
    assert users[1]["last_login"] == server.clock.now_ms()
    assert (await admin.delete(f"{API}/users/ada")).status_code == 204
    assert (await admin.delete(f"{API}/users/ada")).status_code == 404


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("", PASSWORD, "name"),
        ("a b", PASSWORD, "name"),
        ("-ada", PASSWORD, "name"),
        ("a" * 65, PASSWORD, "name"),
        ("ada\n", PASSWORD, "name"),
        ("CLI", PASSWORD, "name"),
        ("ada", "short", "password"),
        ("ada", "x" * 2000, "password"),
        ("ada", "aaaaaaaaaa", "password"),
        ("adalovelace", "AdaLovelace", "password"),
        ("ada", "fw_" + "a" * 43, "password"),
    ],
)
async def test_names_and_passwords_have_rules(admin, name, password, field):
    answer = await _add(admin, name, password=password)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert password not in answer.text or field == "name"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": "ada"}', b'{"name":"ada","role":"king","password":"secret-word"}'])
async def test_a_body_that_does_not_fit_is_400_and_not_repeated(admin, body):
    answer = await admin.post(f"{API}/users", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_request"
    assert "secret-word" not in answer.text


@pytest.mark.parametrize("again", ["ada", "ADA"])
async def test_two_users_do_not_share_a_name(admin, again):
    assert (await _add(admin)).status_code == 201
    assert (await _add(admin, again)).status_code == 409


async def test_the_first_user_is_an_administrator(server):
    async with server.client() as client:
        answer = await _add(client, role="viewer")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "role")
        assert (await _add(client, role="admin")).status_code == 201


@pytest.mark.parametrize("change", [{"role": "editor"}, {"disabled": True}, None])
async def test_the_last_enabled_administrator_stays(admin, change):
    await _add(admin, "ada", "admin")
    assert (await admin.patch(f"{API}/users/ada", json={"disabled": True})).status_code == 200
    url = f"{API}/users/root"
    answer = await (admin.delete(url) if change is None else admin.patch(url, json=change))
    assert answer.status_code == 409
    assert "last enabled administrator" in answer.json()["error"]["message"]
    assert (await admin.get("/need/admin")).status_code == 200


async def test_a_disabled_user_can_not_log_in_until_enabled(server, admin):
    await _add(admin)
    async with server.client() as client:
        await admin.patch(f"{API}/users/ada", json={"disabled": True})
        assert (await client.get("/need/viewer", auth=("ada", PASSWORD))).status_code == 401
        await admin.patch(f"{API}/users/ada", json={"disabled": False})
        assert (await client.get("/need/viewer", auth=("ada", PASSWORD))).status_code == 200


async def test_a_changed_password_counts_at_once(server, admin):
    await _add(admin)
    async with server.client() as client:
        assert (await client.get("/need/viewer", auth=("ada", PASSWORD))).status_code == 200
        await admin.patch(f"{API}/users/ada", json={"password": "another password"})
        assert (await client.get("/need/viewer", auth=("ada", PASSWORD))).status_code == 401
        assert (await client.get("/need/viewer", auth=("ada", "another password"))).status_code == 200


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("ada", {"password": "another password", "current_password": PASSWORD}, 200),
        ("ada", {"password": "another password", "current_password": "wrong one"}, 400),
        ("ada", {"password": "another password"}, 400),
        ("ada", {"role": "admin", "current_password": PASSWORD}, 403),
        ("ada", {"disabled": False}, 403),
        ("root", {"password": "another password", "current_password": PASSWORD}, 403),
        ("nobody", {"password": "another password"}, 403),
    ],
)
async def test_a_user_changes_the_own_password_and_nothing_else(server, admin, name, body, status):
    await _add(admin)
    async with server.client() as client:
        await server.login(client)
        assert (await client.patch(f"{API}/users/{name}", json=body)).status_code == status


@pytest.mark.parametrize(("method", "path"), [("GET", "/users"), ("POST", "/users"), ("DELETE", "/users/root"), ("GET", "/audit")])
async def test_only_administrators_manage_users(server, admin, method, path):
    await _add(admin, role="editor")
    async with server.client() as client:
        await server.login(client)
        answer = await client.request(method, API + path, content=b"{")
    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == "this needs the role admin; ada is editor"


def test_the_command_line_adds_users_without_a_server(server):
    assert not has_users(server.database)
    add_user(server.database, name="ada", role="admin", password=PASSWORD, hasher=cheap_hasher())
    assert has_users(server.database)
    with pytest.raises(ConflictError, match="there is a user ada already"):
        add_user(server.database, name="ada", role="admin", password=PASSWORD, hasher=cheap_hasher())
    with pytest.raises(InvalidError, match="one of viewer, operator, editor, admin"):
        add_user(server.database, name="grace", role="boss", password=PASSWORD, hasher=cheap_hasher())


def test_a_token_alone_is_authentication_too(server):
    server.token()
    assert has_users(server.database)


async def test_what_another_process_changes_is_seen_within_five_seconds(server, start):
    other = start(clock=server.clock)
    async with server.client() as here, other.client() as there:
        assert (await here.get("/need/viewer")).status_code == 200
        add_user(server.database, name="ada", role="admin", password=PASSWORD, hasher=cheap_hasher())
        server.clock.advance(5)
        assert (await here.get("/need/viewer")).status_code == 401
        await server.login(here)
        server.clock.advance(5)
        cookie = {"Cookie": f"fusewatch_session={here.cookies['fusewatch_session']}"}
        assert (await there.get("/need/viewer", headers=cookie)).status_code == 200
        await here.delete(f"{API}/session")
        server.clock.advance(5)
        assert (await there.get("/need/viewer", headers=cookie)).status_code == 401
