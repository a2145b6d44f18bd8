from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from tests.collect.exporter import Exporter, running

from fusewatch.collect.errors import LimitError, ScrapeError, SendError
from fusewatch.collect.http_client import MOST_TEXT, HttpClient, bypasses_proxy
from fusewatch.collect.http_config import HttpConfig


@asynccontextmanager
async def client(base_dir=Path(), **settings):
    made = HttpClient(HttpConfig.model_validate(settings), base_dir)
    try:
        yield made
    finally:
        await made.close()


async def get(made, url, limit=1_000):
    return await made.get(url, headers={"Accept": "*/*"}, timeout_s=10, limit=limit)


def request_of(base_dir=Path(), **settings):
    """What a server sees of a request with these settings."""

    async def ask():
        exporter = Exporter()
        async with running(exporter), client(base_dir, **settings) as made:
            await get(made, f"http://{exporter.address}/metrics")
            return exporter.requests[0]

    return asyncio.run(ask())


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"basic_auth": {"username": "me", "password": "pässword"}}, basic("me", "pässword")),
        ({"basic_auth": {"username_file": "user", "password_file": "secret"}}, basic("them", "hidden")),
        ({"authorization": {"credentials": "token"}}, "Bearer token"),
        ({"authorization": {"type": "Custom", "credentials_file": "secret"}}, "Custom hidden"),
        ({"bearer_token": "token"}, "Bearer token"),
        ({"bearer_token_file": "secret"}, "Bearer hidden"),
    ],
)
def test_authentication(tmp_path, settings, header):
    (tmp_path / "user").write_text("them\n")
    (tmp_path / "secret").write_text("hidden\n")
    assert request_of(tmp_path, **settings).headers["Authorization"] == header


def test_headers_of_the_configuration_are_sent(tmp_path):
    (tmp_path / "file").write_text("three\n")
    request = request_of(tmp_path, http_headers={"X-Scope": {"values": ["one"], "secrets": ["two"], "files": ["file"]}})
    assert request.headers["X-Scope"] == "one, two, three"


def test_a_proxy_is_asked_instead_of_the_target():
    async def ask():
        proxy = Exporter("from the proxy 1")
        async with running(proxy), client(proxy_url=f"http://{proxy.address}") as made:
            answer = await get(made, "http://exporter.invalid:9100/metrics")
            return answer.body, str(proxy.requests[0].url)

    assert asyncio.run(ask()) == (b"from the proxy 1", "http://exporter.invalid:9100/metrics")


def test_the_environment_may_name_the_proxy(monkeypatch):
    async def ask():
        proxy, target = Exporter("proxy 1"), Exporter("target 1")
        async with running(proxy), running(target), client(proxy_from_environment=True) as made:
            monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            return (await get(made, "http://exporter.invalid/")).body, (await get(made, f"http://{target.address}/")).body

    assert asyncio.run(ask()) == (b"proxy 1", b"target 1")


@pytest.mark.parametrize(
    ("host", "no_proxy", "bypasses"),
    [
        ("a.example.org", "example.org", True),
        ("example.org", "example.org", True),
        ("example.org", ".example.org", False),
        ("badexample.org", "example.org", False),
        ("10.1.2.3", "192.168.0.0/16, 10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("::1", "::1", True),
        ("anything", "*", True),
        ("anything", "", False),
    ],
)
def test_hosts_that_bypass_the_proxy(host, no_proxy, bypasses):
    assert bypasses_proxy(host, no_proxy) is bypasses


@pytest.mark.parametrize("follow", [True, False])
def test_redirects_are_followed_only_where_the_job_says_so(follow):
    async def ask():
        exporter = Exporter("a 1")

        async def answer(request):
            if request.path == "/old":
                raise web.HTTPFound("/new")
            return web.Response(text="new")

        exporter.answer = answer
        async with running(exporter), client(follow_redirects=follow) as made:
            return (await get(made, f"http://{exporter.address}/old")).body

    if follow:
        assert asyncio.run(ask()) == b"new"
    else:
        with pytest.raises(ScrapeError, match="server returned HTTP status 302 Found"):
            asyncio.run(ask())


def test_a_long_body_is_not_read_to_its_end():
    async def ask():
        exporter = Exporter(b"x" * 10_000_000)
        async with running(exporter), client() as made:
            await get(made, f"http://{exporter.address}/", limit=1_000)

    with pytest.raises(LimitError, match="body size limit exceeded"):
        asyncio.run(ask())


def test_connections_are_kept():
    async def ask():
        exporter = Exporter()
        async with running(exporter), client() as made:
            for _ in range(3):
                await get(made, f"http://{exporter.address}/")
            return {request.transport.get_extra_info("peername") for request in exporter.requests if request.transport}

    assert len(asyncio.run(ask())) <= 1


def test_a_secret_that_can_not_be_read_fails_the_request_without_showing_it(tmp_path):
    with pytest.raises(ScrapeError, match="No such file"):
        request_of(tmp_path, bearer_token_file="missing")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def ask_by_tls(authority, base_dir, tls, *, server=None, name="localhost", verify_client=False):
    """The body that a TLS server with a certificate for ``name`` answers a client of these settings."""

    async def ask():
        context = server or ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        if verify_client:
            authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        exporter = Exporter("secure 1")
        async with running(exporter, context), client(base_dir, tls_config=tls) as made:
            return (await get(made, f"https://{exporter.address}/")).body

    return asyncio.run(ask())


def test_a_closed_port_is_told_in_the_systems_words():
    async def ask():
        async with client() as made:
            await get(made, "http://127.0.0.1:1/metrics")

    with pytest.raises(ScrapeError) as refused:
        asyncio.run(ask())
    assert str(refused.value) == 'Get "http://127.0.0.1:1/metrics": connect to 127.0.0.1:1: connection refused'


def test_tls_trusts_the_configured_authority_for_the_configured_name(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    assert ask_by_tls(authority, tmp_path, {"ca_file": "ca.pem", "server_name": "localhost"}) == b"secure 1"
    inline = {"ca": authority.cert_pem.bytes().decode(), "server_name": "localhost", "min_version": "TLS12"}
    assert ask_by_tls(authority, tmp_path, inline) == b"secure 1"


@pytest.mark.parametrize("tls", [{}, {"ca": "ours", "server_name": "elsewhere.org"}])
def test_tls_refuses_strangers(authority, tmp_path, tls):
    if "ca" in tls:
        tls = {**tls, "ca": authority.cert_pem.bytes().decode()}
    with pytest.raises(ScrapeError, match="certificate"):
        ask_by_tls(authority, tmp_path, tls)


def test_tls_verification_can_be_skipped(authority, tmp_path):
    assert ask_by_tls(authority, tmp_path, {"insecure_skip_verify": True}) == b"secure 1"


@pytest.mark.parametrize("inline", [True, False])
def test_a_client_certificate_is_shown(authority, tmp_path, inline):
    own = authority.issue_cert("client")
    cert, key = own.cert_chain_pems[0].bytes().decode(), own.private_key_pem.bytes().decode()
    (tmp_path / "cert.pem").write_text(cert)
    (tmp_path / "key.pem").write_text(key)
    pair = {"cert": cert, "key": key} if inline else {"cert_file": "cert.pem", "key_file": "key.pem"}
    assert ask_by_tls(authority, tmp_path, {"insecure_skip_verify": True, **pair}, verify_client=True) == b"secure 1"


def test_a_certificate_file_that_is_missing_is_named(authority, tmp_path):
    with pytest.raises(ScrapeError, match=r"missing\.pem"):
        ask_by_tls(authority, tmp_path, {"ca_file": "missing.pem"})


def test_a_post_gives_the_answer_whatever_its_status_and_the_connection_is_kept():
    async def ask():
        exporter = Exporter()

        async def answer(request):
            return web.Response(status=400, text=f"{await request.text()} is wrong\n", headers={"Retry-After": "7"})

        exporter.answer = answer
        async with running(exporter), client(basic_auth={"username": "me", "password": "x"}) as made:
            replies = [await made.post(f"http://{exporter.address}/", b"body", headers={"A": "b"}, timeout_s=10) for _ in range(3)]
            return replies[0], exporter.requests

    reply, requests = asyncio.run(ask())
    assert (reply.status, reply.reason, reply.text, reply.headers["Retry-After"]) == (400, "Bad Request", "body is wrong", "7")
    assert (requests[0].headers["A"], requests[0].headers["Authorization"]) == ("b", basic("me", "x"))
    assert len({request.transport.get_extra_info("peername") for request in requests if request.transport}) <= 1


def test_of_a_long_answer_to_a_post_only_the_beginning_is_read():
    async def ask():
        exporter = Exporter("x" * 10_000_000)
        async with running(exporter), client() as made:
            return await made.post(f"http://{exporter.address}/", b"", headers={}, timeout_s=10)

    assert asyncio.run(ask()).text == "x" * MOST_TEXT


def test_a_post_that_is_not_answered_says_why_without_the_password():
    async def ask():
        async with client() as made:
            await made.post("http://me:secret@127.0.0.1:1/", b"", headers={}, timeout_s=10)

    with pytest.raises(SendError, match=r'Post "http://me:<secret>@127.0.0.1:1/": connect to 127.0.0.1:1: connection refused'):
        asyncio.run(ask())
