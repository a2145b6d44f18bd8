"""What the gate lets through, for everybody who may stand in front of it."""

from __future__ import annotations

import base64

import pytest
from tests.access.conftest import API, PASSWORD

from fusewatch.access.config import AccessSettings
from fusewatch.access.gate import Gate

pytestmark = pytest.mark.anyio


def _basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def test_without_users_a_loopback_server_takes_everybody_for_the_local_administrator(server):
    async with server.client() as client:
        assert (await client.get("/need/admin")).text == "local local admin 127.0.0.1"
        assert (await client.get(f"{API}/session")).json() == {
            "authentication": False,
            "user": {"name": "local", "role": "admin"},
            "csrf": None,
        }


async def test_any_other_server_asks_even_without_users(start):
    async with start(loopback=False).client(address="10.1.2.3") as client:
        assert (await client.get("/need/viewer")).status_code == 401
        assert (await client.get(f"{API}/session")).json() == {"authentication": True, "user": None, "csrf": None}


async def test_with_the_first_user_the_door_closes(server):
    async with server.client() as client:
        body = {"name": "ada", "role": "admin", "password": PASSWORD}
        assert (await client.post(f"{API}/users", json=body)).status_code == 201
        assert (await client.get("/need/viewer")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/need/viewer"),
        ("POST", "/need/admin"),
        ("GET", "/dependency"),
        ("GET", "/forgotten"),
        ("GET", "/nowhere"),
        ("DELETE", "/need/public"),
        ("GET", "/need/public/"),
        ("POST", "/body"),
        ("POST", "/dependency/body"),
        ("GET", "/ui"),
        ("GET", "/login/x"),
        ("GET", f"{API}/users"),
        ("POST", f"{API}/tokens"),
    ],
)
async def test_nobody_in_particular_gets_401_whatever_there_is(server, method, path):
    server.user()
    async with server.client() as client:
        answer = await client.request(method, path, content=b"not json")
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "unauthorized", "message": "log in, or send an API token"}, "request_id": ""}
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Fusewatch", charset="UTF-8", Bearer realm="Fusewatch"'


@pytest.mark.parametrize("path", ["/need/public", "/assets/main.js", "/login", "/ui/main.js", f"{API}/session"])
@pytest.mark.parametrize("headers", [{}, _bearer("fw_wrong"), {"Cookie": "fusewatch_session=forged"}])
async def test_public_routes_answer_everybody(server, path, headers):
    server.user()
    async with server.client(headers=headers) as client:
        assert (await client.get(path)).status_code == 200


async def test_no_body_is_read_of_those_who_may_not_send_one(server):
    server.user()

    async def endless():
        yield b"x"
        pytest.fail("the body was read")

    async with server.client() as client:
        assert (await client.post("/body", content=endless())).status_code == 401
        assert (await client.post("/dependency/body", content=endless())).status_code == 401
        assert (await client.post(f"{API}/users", content=endless())).status_code == 401


async def test_prometheus_paths_answer_in_prometheus_words(server):
    server.user()
    token = server.token(role="viewer")
    async with server.client() as client:
        assert (await client.get("/api/v1/query")).json() == {
            "status": "error",
            "errorType": "unauthorized",
            "error": "log in, or send an API token",
        }
        assert (await client.get("/api/v1/query", headers=_bearer(token))).status_code == 200


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/targets?health=down", "/login?next=/targets%3Fhealth%3Ddown"),
        ("/", "/login?next=/"),
        ("//evil.example/x", "/login?next=/evil.example/x"),
    ],
)
async def test_a_page_leads_to_the_login_and_back_to_itself(server, target, location):
    server.user()
    async with server.client(headers={"Accept": "text/html,*/*"}) as client:
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=target.encode())
        answer = await client.send(request)
    assert (answer.status_code, answer.headers["Location"]) == (303, location)


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/query"), ("POST", "/targets"), ("GET", "/metrics")])
async def test_everything_but_a_page_says_401(server, method, path):
    server.user()
    async with server.client(headers={"Accept": "text/html"}) as client:
        assert (await client.request(method, path)).status_code == 401


async def test_a_browser_is_not_offered_its_own_password_window(server):
    server.user()
    async with server.client(headers={"User-Agent": "Mozilla/5.0 (X11)"}) as client:
        assert (await client.get("/need/viewer")).headers["WWW-Authenticate"] == 'Bearer realm="Fusewatch"'


@pytest.mark.parametrize("role", ["viewer", "operator", "editor", "admin"])
async def test_each_role_passes_up_to_its_own_need(server, role):
    server.user()
    roles = ["viewer", "operator", "editor", "admin"]
    async with server.client(headers=_bearer(server.token(role=role))) as client:
        for need in roles:
            expected = 200 if roles.index(need) <= roles.index(role) else 403
            assert (await client.get(f"/need/{need}")).status_code == expected
        answer = await client.get("/dependency")
        assert answer.status_code == (200 if role in {"editor", "admin"} else 403)


async def test_a_token_is_also_a_password_for_any_name(server):
    server.user()
    token = server.token("prometheus")
    async with server.client() as client:
        for headers in (_bearer(token), _basic("anything", token), _basic("", token)):
            assert (await client.get("/need/viewer", headers=headers)).text == "token prometheus viewer 127.0.0.1"


async def test_a_user_may_send_the_password_with_each_request(server):
    server.user("ada")
    async with server.client() as client:
        for _ in range(20):
            assert (await client.get("/need/admin", headers=_basic("ada", PASSWORD))).text == "user ada admin 127.0.0.1"


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer fw_unknown",
        "Basic !!!",
        "Basic YWRh",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Negotiate abc",
        "x" * 9000,
    ],
)
async def test_credentials_that_say_nothing_are_401(server, value):
    server.user()
    async with server.client() as client:
        assert (await client.get("/need/viewer", headers={"Authorization": value})).status_code == 401


async def test_credentials_count_even_where_none_are_needed(server):
    token = server.token(role="viewer")
    async with server.client() as client:
        assert (await client.get("/need/admin", headers=_bearer(token))).status_code == 403
        assert (await client.get("/need/viewer", headers=_bearer("fw_wrong"))).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9470", 200),
        ("127.0.0.1", 200),
        ("127.8.9.1:80", 200),
        ("[::1]:9470", 200),
        ("app.localhost", 200),
        ("evil.example:9470", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("10.0.0.1:9470", 403),
        ("watch.example.org", 200),
        ("fusewatch.example.org:443", 200),
    ],
)
async def test_an_open_server_answers_to_its_own_names_only(start, host, status):
    settings = AccessSettings(allowed_hosts=("watch.example.org",), external_url="https://fusewatch.example.org/")
    async with start(settings).client(headers={"Host": host}) as client:
        assert (await client.get("/need/viewer")).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:9470"}, 200),
        ({"Origin": "http://127.0.0.1:5173"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "https://localhost@evil.example"}, 403),
        ({"Origin": "https://evil.example/localhost"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
async def test_a_foreign_page_may_not_change_an_open_server(server, headers, status):
    async with server.client(headers=headers) as client:
        assert (await client.post("/need/admin")).status_code == status
        assert (await client.get("/need/admin")).status_code == 200


async def test_a_foreign_page_may_use_a_token_but_no_remembered_password(server):
    server.user()
    token = server.token()
    async with server.client(headers={"Origin": "https://evil.example"}) as client:
        assert (await client.post("/need/viewer", headers=_bearer(token))).status_code == 200
        assert (await client.post("/need/viewer", headers=_basic("ada", PASSWORD))).status_code == 403


@pytest.mark.parametrize(
    ("client_address", "forwarded", "expected"),
    [
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "6.6.6.6, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
    ],
)
async def test_only_trusted_proxies_say_who_is_behind_them(start, client_address, forwarded, expected):
    server = start(AccessSettings.model_validate({"trusted_proxies": ["10.0.0.0/8"]}), loopback=False)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    async with server.client(address=client_address, headers={**headers, **_bearer(server.token())}) as client:
        assert (await client.get("/need/viewer")).text.endswith(f" {expected}")


@pytest.mark.parametrize(("origin", "closed"), [("http://localhost:9470", False), ("https://evil.example", True)])
async def test_a_foreign_page_may_not_open_a_websocket(server, origin, closed):
    assert await _websocket(server.access, [(b"host", b"localhost:9470"), (b"origin", origin.encode())]) == closed


async def test_a_websocket_needs_a_login_too(server):
    server.user()
    assert await _websocket(server.access, [(b"host", b"localhost:9470")])


async def _websocket(access, headers):
    """Whether the gate closed it, instead of passing it on."""
    sent, passed = [], []

    async def app(scope, receive, send):
        passed.append(scope)

    async def send(message):
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/live", "headers": headers, "client": ("127.0.0.1", 1)}
    await Gate(app, authenticator=access.authenticator)(scope, None, send)
    assert bool(passed) != bool(sent)
    return sent == ["websocket.close"]
