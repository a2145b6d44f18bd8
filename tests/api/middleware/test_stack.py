"""What every request meets before its endpoint, in one real app."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import cramjam
import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from fusewatch.api.middleware.body_limit import BodyLimit
from fusewatch.api.middleware.compression import choose_encoding
from fusewatch.api.middleware.failures import UnexpectedErrors
from fusewatch.api.middleware.stack import stack

pytestmark = pytest.mark.anyio

LONG = "0123456789" * 1000


async def echo(request: Request) -> Response:
    return JSONResponse({"id": request.state.request_id, "size": len(await request.body())})


async def stream(_: Request) -> Response:
    async def pieces():
        for piece in range(5):
            yield f"{piece}:{LONG}"

    return StreamingResponse(pieces(), media_type="text/plain")


async def fail(_: Request) -> Response:
    raise RuntimeError("the password is hunter2")


def client(**options) -> httpx.AsyncClient:
    routes = [
        Route("/echo", echo, methods=["GET", "POST"]),
        Route("/long", lambda _: PlainTextResponse(LONG)),
        Route("/short", lambda _: PlainTextResponse("short")),
        Route("/packed", lambda _: Response(gzip.compress(LONG.encode()), headers={"content-encoding": "gzip"})),
        Route("/stream", stream),
        Route("/fail", fail),
        Route("/api/v1/fail", fail),
    ]
    app = Starlette(routes=routes, middleware=stack(**options))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


async def test_every_answer_carries_the_request_id_that_the_endpoint_sees():
    async with client() as asking:
        answer = await asking.get("/echo")
        assert len(answer.headers["x-request-id"]) == 16
        assert answer.json()["id"] == answer.headers["x-request-id"]
        assert (await asking.get("/nowhere")).headers["x-request-id"] != answer.headers["x-request-id"]


@pytest.mark.parametrize(("given", "kept"), [("0a1b2c3d-proxy", True), ("short", False), ("with space 12", False), ("x" * 65, False)])
async def test_a_sane_request_id_of_a_proxy_is_taken_up(given, kept):
    async with client() as asking:
        answer = await asking.get("/echo", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is kept


ENCODINGS = [
    ("zstd, gzip, br", "zstd"),
    ("gzip, deflate", "gzip"),
    ("gzip;q=1.0, zstd;q=0.5", "gzip"),
    ("zstd;q=0, gzip", "gzip"),
    ("gzip;q=0", ""),
    ("*", "zstd"),
    ("identity", ""),
    ("", ""),
    ("br", ""),
    ("gzip;q=nonsense", ""),
]


@pytest.mark.parametrize(("accepted", "encoding"), ENCODINGS)
def test_the_encoding_is_what_the_client_can_read(accepted, encoding):
    assert choose_encoding(accepted) == encoding


async def raw(asking: httpx.AsyncClient, path: str, accepted: str) -> tuple[httpx.Response, bytes]:
    async with asking.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("path", ["/long", "/stream"])
@pytest.mark.parametrize(
    ("accepted", "unpack"),
    [("gzip", lambda body: zlib.decompress(body, 31)), ("zstd", lambda body: bytes(cramjam.zstd.decompress(body))), ("", bytes)],
)
async def test_long_answers_are_compressed_whole_or_streamed(path, accepted, unpack):
    async with client() as asking:
        answer, body = await raw(asking, path, accepted)
        whole = LONG if path == "/long" else "".join(f"{piece}:{LONG}" for piece in range(5))
        assert unpack(body).decode() == whole
        assert answer.headers.get("content-encoding", "") == accepted
        assert answer.headers["vary"] == "Accept-Encoding"
        assert not accepted or len(body) < len(whole) / 10


async def test_short_and_packed_answers_are_left_alone():
    async with client() as asking:
        assert "content-encoding" not in (await raw(asking, "/short", "gzip"))[0].headers
        assert gzip.decompress((await raw(asking, "/packed", "zstd"))[1]).decode() == LONG


@pytest.mark.parametrize("path", ["/fail", "/api/v1/fail"])
async def test_an_unexpected_error_names_its_request_id_and_nothing_else(path):
    with structlog.testing.capture_logs() as logs:
        async with client() as asking:
            answer = await asking.get(f"{path}?token=secret")
    request_id = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert request_id in answer.text
    assert "hunter2" not in answer.text
    [line] = logs
    assert line["event"] == "request failed"
    assert line["request_id"] == request_id
    assert "secret" not in str({**line, "exc_info": None})
    if path == "/api/v1/fail":
        assert answer.json()["status"] == "error"
        assert answer.json()["errorType"] == "internal"
    else:
        assert answer.json()["error"]["code"] == "internal"
        assert answer.json()["request_id"] == request_id


async def test_a_client_that_went_away_is_no_error():
    async def gone():
        return {"type": "http.disconnect"}

    async def read_all(scope, receive, send):
        await Request(scope, receive).body()

    with structlog.testing.capture_logs() as logs:
        await UnexpectedErrors(read_all)({"type": "http", "method": "POST", "path": "/", "headers": []}, gone, gone)
    assert logs == []


async def chunks(count: int):
    for _ in range(count):
        yield b"x" * 100


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_above_the_limit_of_its_path_is_refused(announced):
    async with client(body_limits={"/echo": 1000}) as asking:
        fitting = await asking.post("/echo", content=b"x" * 1000 if announced else chunks(10))
        assert fitting.json()["size"] == 1000
        refused = await asking.post("/echo", content=b"x" * 1001 if announced else chunks(11))
        assert refused.status_code == 413
        assert refused.json()["error"]["code"] == "too_large"
        assert refused.headers["x-request-id"]


async def test_a_body_that_stops_coming_is_given_up():
    sent = []

    async def receive():
        if not sent:
            sent.append("first piece")
            return {"type": "http.request", "body": b"x", "more_body": True}
        return await asyncio.Future()

    answers = []

    async def send(message):
        answers.append(message)

    async def read_all(scope, receive, send):
        await Request(scope, receive).body()

    scope = {"type": "http", "method": "POST", "path": "/echo", "headers": []}
    await BodyLimit(read_all, wait_s=0.01)(scope, receive, send)
    assert answers[0]["status"] == 408
    assert b"nothing more of the body arrived" in answers[1]["body"]


PREFLIGHT = {
    "Origin": "https://grafana.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization",
}


async def test_foreign_pages_read_nothing_unless_the_settings_admit_them():
    async with client() as asking:
        assert "access-control-allow-origin" not in (await asking.get("/echo", headers=PREFLIGHT)).headers
        assert (await asking.options("/echo", headers=PREFLIGHT)).status_code == 405


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    [
        (r"https://.*\.example", "https://grafana.example", "https://grafana.example"),
        (r"https://.*\.example", "https://grafana.example.evil", None),
        (".*", "https://anything", "*"),
    ],
)
async def test_an_admitted_origin_may_ask_and_read(pattern, origin, allowed):
    async with client(cors_origin=pattern) as asking:
        headers = {**PREFLIGHT, "Origin": origin}
        preflight = await asking.options("/echo", headers=headers)
        assert preflight.headers.get("access-control-allow-origin") == allowed
        assert preflight.status_code == (200 if allowed else 400)
        answer = await asking.get("/echo", headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in answer.headers
