"""Logging in, staying logged in, and everything that ends it."""

from __future__ import annotations

import pytest
from tests.access.conftest import API, PASSWORD

from fusewatch.access.config import AccessSettings
from fusewatch.access.session_signer import SessionSigner
from fusewatch.access.sessions import MAX_PER_USER

pytestmark = pytest.mark.anyio


async def _login(client, name="ada", password=PASSWORD):
    return await client.post(f"{API}/session", json={"name": name, "password": password})


async def test_a_login_lasts_and_says_who_it_is(server):
    server.user("ada", "editor")
    async with server.client() as client:
        answer = await server.login(client)
        assert answer.json() == {"authentication": True, "user": {"name": "ada", "role": "editor"}, "csrf": answer.json()["csrf"]}
        assert (await client.get(f"{API}/session")).json() == answer.json()
        assert (await client.get("/need/editor")).text == "user ada editor 127.0.0.1"


@pytest.mark.parametrize(("base", "secure"), [("http://localhost:9470", False), ("https://watch.example.org", True)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server, base, secure):
    server.user()
    async with server.client(base=base) as client:
        cookie = (await _login(client)).headers["Set-Cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts - {"secure"} == {"httponly", "samesite=lax", "path=/", "max-age=604800"}
    assert ("secure" in parts) == secure


async def test_behind_a_trusted_proxy_with_tls_the_cookie_is_secure(start):
    server = start(AccessSettings.model_validate({"trusted_proxies": ["10.0.0.1"]}), loopback=False)
    server.user()
    for address, secure in (("10.0.0.1", True), ("10.0.0.2", False)):
        async with server.client(address=address, headers={"X-Forwarded-Proto": "https"}) as client:
            assert ("Secure" in (await _login(client)).headers["Set-Cookie"]) == secure


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong password"), ("nobody", PASSWORD), ("ADA", PASSWORD), ("ada", "")])
async def test_a_wrong_name_and_a_wrong_password_look_the_same(server, name, password):
    server.user()
    async with server.client() as client:
        answer = await _login(client, name, password)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "wrong user name or password"
    assert "Set-Cookie" not in answer.headers


async def test_changes_need_the_token_that_only_our_pages_know(server):
    server.user()
    async with server.client() as client:
        await server.login(client)
        assert (await client.post("/need/admin")).status_code == 200
        for wrong in ("", "x" * 43):
            answer = await client.post("/need/admin", headers={"X-CSRF-Token": wrong})
            assert answer.status_code == 403
            assert "X-CSRF-Token" in answer.json()["error"]["message"]
        del client.headers["X-CSRF-Token"]
        assert (await client.post("/need/admin")).status_code == 403
        assert (await client.get("/need/admin")).status_code == 200


async def test_another_sessions_token_does_not_fit(server):
    server.user()
    async with server.client() as one, server.client() as other:
        await server.login(one)
        await server.login(other)
        assert (await one.post("/need/admin", headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})).status_code == 403


async def test_a_foreign_page_can_neither_act_nor_log_in(server):
    server.user()
    async with server.client() as client:
        await server.login(client)
        foreign = {"Origin": "https://evil.example"}
        assert (await client.post("/need/admin", headers=foreign)).status_code == 403
        assert (await client.post(f"{API}/session", json={"name": "ada", "password": PASSWORD}, headers=foreign)).status_code == 403


async def test_one_can_log_in_again_over_an_old_cookie(server):
    server.user()
    async with server.client() as client:
        await server.login(client)
        del client.headers["X-CSRF-Token"]
        assert (await _login(client)).status_code == 200


async def test_logging_out_ends_the_session_wherever_the_cookie_is(server):
    server.user()
    async with server.client() as client, server.client() as thief:
        await server.login(client)
        stolen = client.cookies["fusewatch_session"]
        assert (await client.delete(f"{API}/session")).status_code == 204
        assert "fusewatch_session" not in client.cookies
        assert (await thief.get("/need/viewer", headers={"Cookie": f"fusewatch_session={stolen}"})).status_code == 401


async def test_a_session_ends_by_itself(start):
    server = start(AccessSettings(session_lifetime="1h"))
    server.user()
    async with server.client() as client:
        await server.login(client)
        server.clock.advance(3599)
        assert (await client.get("/need/viewer")).status_code == 200
        server.clock.advance(1)
        assert (await client.get("/need/viewer")).status_code == 401


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}, {"password": "another password"}])
async def test_a_change_of_the_user_ends_its_sessions(server, change):
    server.user("root")
    server.user("ada", "editor")
    async with server.client() as client, server.client() as root:
        await server.login(client)
        await server.login(root, "root")
        assert (await root.patch(f"{API}/users/ada", json=change)).status_code == 200
        assert (await client.get("/need/viewer")).status_code == 401


async def test_the_oldest_of_too_many_sessions_ends(server):
    server.user()
    async with server.client() as first:
        await server.login(first)
        for _ in range(MAX_PER_USER):
            server.clock.advance(1)
            async with server.client() as another:
                await server.login(another)
        assert (await first.get("/need/viewer")).status_code == 401


async def test_sessions_outlive_the_server(start):
    before = start()
    before.user()
    async with before.client() as client:
        await before.login(client)
        cookie = {"Cookie": f"fusewatch_session={client.cookies['fusewatch_session']}"}
    after = start(clock=before.clock)
    async with after.client(headers=cookie) as client:
        assert (await client.get("/need/admin")).status_code == 200


async def test_guessing_is_slowed_and_says_for_how_long(server):
    server.user()
    async with server.client() as client:
        for _ in range(5):
            assert (await _login(client, password="guess")).status_code == 401
        answer = await _login(client)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json()["error"]["code"] == "too_many_requests"
        server.clock.advance(int(answer.headers["Retry-After"]))
        assert (await _login(client)).status_code == 200


async def test_basic_authentication_is_slowed_with_it(server):
    server.user()
    async with server.client(auth=("ada", "guess")) as client:
        assert [(await client.get("/need/viewer")).status_code for _ in range(7)] == [401] * 5 + [429] * 2
        assert (await client.get("/need/public")).status_code == 200
        assert (await _login(client)).status_code == 429


async def test_a_password_that_was_right_stays_quick_while_others_guess(server):
    server.user()
    async with server.client() as client:
        assert (await client.get("/need/viewer", auth=("ada", PASSWORD))).status_code == 200
        for _ in range(7):
            await client.get("/need/viewer", auth=("ada", "guess"))
        assert (await client.get("/need/viewer", auth=("ada", PASSWORD))).status_code == 200


def test_a_forged_cookie_is_worth_nothing():
    ours, theirs = SessionSigner(b"k" * 32), SessionSigner(b"x" * 32)
    assert ours.session_id(ours.cookie("abc")) == "abc"
    for cookie in (theirs.cookie("abc"), "abc", "", ours.cookie("abc") + "x", "abc." + ours.csrf("abc"), "\xff.\xff"):
        assert ours.session_id(cookie) is None
