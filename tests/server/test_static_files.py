from __future__ import annotations

import asyncio
import gzip
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from fusewatch.server.static_files import StaticFiles, accepted_encodings


class Client:
    """Asks an app in this process."""

    def __init__(self, folder) -> None:
        self.app = Starlette(routes=[Route("/{path:path}", StaticFiles(folder).answer, methods=["GET", "POST"])])

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
                async with client.stream("GET", path, headers=headers) as answer:
                    # Read as sent: the compressed files of these tests are no real ones.
                    answer._content = b"".join([part async for part in answer.aiter_raw()])
                return answer

        return asyncio.run(ask())


@pytest.fixture
def built(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<script nonce=__CSP_NONCE__></script><style nonce=__CSP_NONCE__></style>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("console.log(1)")
    (tmp_path / "assets" / "app-1a2b.js.br").write_bytes(b"brotli bytes")
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / ".stamp").write_text("private")
    return Client(tmp_path)


@pytest.mark.parametrize("path", ["/", "/targets", "/metrics-explorer/x", "/login"])
def test_every_page_path_gets_the_index_with_a_nonce_of_its_own(built, path):
    first, second = built.get(path), built.get(path)
    nonces = re.findall(r"nonce=(\S+?)>", first.text)
    assert len(set(nonces)) == 1
    assert f"'nonce-{nonces[0]}'" in first.headers["content-security-policy"]
    assert nonces[0] not in second.text
    assert first.headers["cache-control"] == "no-store"
    assert "unsafe" not in first.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/assets/gone-1.js", "/gone.png", "/assets/x", "/.stamp", "/assets/app-1a2b.js.br.map"])
def test_what_looks_like_a_file_and_is_none_is_not_found(built, path):
    assert built.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/-/nothing", "/health/nothing"])
def test_the_paths_of_the_apis_are_no_pages(built, path):
    assert built.get(path).status_code == 404


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [("br, gzip", "br"), ("gzip", "gzip"), ("gzip, br;q=0", "gzip"), ("identity", None), ("deflate", None)],
)
def test_assets_come_compressed_as_the_client_can_read_them(built, accepts, encoding):
    answer = built.get("/assets/app-1a2b.js", **{"Accept-Encoding": accepts})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")


def test_a_known_asset_is_not_sent_again(built):
    tag = built.get("/favicon.svg").headers["etag"]
    again = built.get("/favicon.svg", **{"If-None-Match": f'"other", W/{tag}'})
    assert again.status_code == 304
    assert again.headers["etag"] == tag
    assert built.get("/favicon.svg").headers["cache-control"] == "no-cache"


def test_each_encoding_has_a_tag_of_its_own(built):
    tags = {built.get("/assets/app-1a2b.js", **{"Accept-Encoding": name}).headers["etag"] for name in ("gzip", "identity")}
    assert len(tags) == 2


def test_without_a_built_ui_a_page_says_what_to_do(tmp_path):
    answer = Client(tmp_path / "static").get("/")
    assert answer.status_code == 503
    assert "make up" in answer.text


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", set()),
        ("gzip, deflate, br", {"gzip", "deflate", "br"}),
        ("GZIP;q=0.5, br;q=0.000", {"gzip"}),
        ("br;q=1.0;x=y, gzip ; q=0", {"br"}),
    ],
)
def test_accept_encoding(header, accepted):
    assert accepted_encodings(header) == accepted
