"""The built web UI: compressed at build time, hashed names cached for ever, pages under a Content-Security-Policy without inline script."""

from __future__ import annotations

import hashlib
import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

_NONCE: Final = "__CSP_NONCE__"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
# In order of preference: what the build wrote beside each file.
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; style-src-elem 'self' 'nonce-{nonce}'; "
    "style-src-attr 'none'; connect-src 'self'; img-src 'self' data: blob:; font-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
_NOT_PAGES: Final = ("api/", "-/", "health/", "v1/")
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_NOT_BUILT: Final = """<!doctype html><meta charset="utf-8"><title>Fusewatch</title><h1>Fusewatch runs, without its web UI</h1>
<p>This installation was built without the pages (FUSEWATCH_BUILD_UI=0, or a checkout that was
never built). Run <code>make up</code> in the checkout, or install a release.</p>
<p>The API answers: <a href="/api/v1/query?query=up">a query</a>,
<a href="/metrics">own metrics</a>, <a href="/health/ready">health</a>.</p>
"""


@dataclass(frozen=True, slots=True)
class _Asset:
    path: Path
    etag: str
    encodings: Mapping[str, Path]


class StaticFiles:
    """Answers every path that no route knows from the folder of the built UI.

    A page path gets index.html, whatever it is (the UI routes itself); a path that looks like a file or an API and is none gets 404.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or Path(str(files("fusewatch.server"))) / "static"
        self._assets = _read_folder(folder) if folder.is_dir() else {}
        index = self._assets.pop("index.html", None)
        self._index = index.path.read_text(encoding="utf-8") if index else None

    async def answer(self, request: Request) -> Response:
        """The file or page that was asked for.

        Raises:
            HTTPException: 404, under the paths of the APIs.
        """
        path = request.url.path.lstrip("/")
        if request.method not in {"GET", "HEAD"} or path.startswith(_NOT_PAGES):
            raise HTTPException(404, f"there is no {request.method} /{path}")
        asset = self._assets.get(path)
        if asset is not None:
            return await self._asset(request, path, asset)
        if not _is_page(path):
            return PlainTextResponse(f"there is no /{path}\n", 404, headers=_SECURITY)
        return self._page()

    async def _asset(self, request: Request, path: str, asset: _Asset) -> Response:
        accepted = accepted_encodings(request.headers.get("accept-encoding", ""))
        encoding = next((name for name, _ in _ENCODINGS if name in accepted and name in asset.encodings), None)
        etag = f'"{asset.etag}{"-" + encoding if encoding else ""}"'
        headers = {
            **_SECURITY,
            "Cache-Control": _IMMUTABLE if path.startswith("assets/") else "no-cache",
            "ETag": etag,
            "Vary": "Accept-Encoding",
        }
        if encoding:
            headers["Content-Encoding"] = encoding
        if etag in [known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        file = asset.encodings[encoding] if encoding else asset.path
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return FileResponse(file, headers=headers, media_type=media_type, stat_result=await anyio.to_thread.run_sync(file.stat))

    def _page(self) -> Response:
        nonce = secrets.token_urlsafe(16)
        headers = {**_SECURITY, "Cache-Control": "no-store", "Content-Security-Policy": _POLICY.format(nonce=nonce)}
        if self._index is None:
            return HTMLResponse(_NOT_BUILT, 503, headers=headers)
        return HTMLResponse(self._index.replace(_NONCE, nonce), headers=headers)


def accepted_encodings(header: str) -> set[str]:
    """The content codings that an Accept-Encoding header allows by name (RFC 9110, 12.5.3); ``q=0`` refuses one."""
    accepted = set()
    for part in header.lower().split(","):
        name, *parameters = [piece.strip() for piece in part.split(";")]
        weights = [piece.removeprefix("q=").strip() for piece in parameters if piece.startswith("q=")]
        if name and not (weights and weights[0].strip("0.") == ""):
            accepted.add(name)
    return accepted


def _is_page(path: str) -> bool:
    """Pages have no dot in their last part."""
    return "." not in path.rpartition("/")[2] and not path.startswith("assets/")


def _read_folder(folder: Path) -> dict[str, _Asset]:
    names = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    assets = {}
    for name, file in names.items():
        hidden = any(part.startswith(".") for part in name.split("/"))
        compressed = any(name.endswith(suffix) and name.removesuffix(suffix) in names for _, suffix in _ENCODINGS)
        if hidden or compressed:
            continue
        encodings = {coding: names[name + suffix] for coding, suffix in _ENCODINGS if name + suffix in names}
        assets[name] = _Asset(file, hashlib.blake2b(file.read_bytes(), digest_size=12).hexdigest(), encodings)
    return assets
