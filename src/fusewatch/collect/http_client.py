"""The HTTP client of scrapes, discoveries and remote write: one per job or target, connections kept alive.

aiohttp, because it speaks to proxies, takes a TLS name per request, leaves the body compressed (so that unpacking can be bounded) and
costs about 0.3 ms of the event loop per request. It speaks HTTP/1.1, which every exporter does.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.request import getproxies

import aiohttp
from yarl import URL

from fusewatch.collect.errors import LimitError, ScrapeError, SendError
from fusewatch.collect.http_config import HttpConfig, TLSConfig, redact
from fusewatch.collect.tls import TLSContext
from fusewatch.telemetry.config import read_secret

_MAX_REDIRECTS: Final = 10
_KEEP_ALIVE_S: Final = 300.0
#: Of an answer to a POST; more is no message.
MOST_TEXT: Final = 1_024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent; ``body`` as it came, maybe compressed."""

    body: bytes
    content_type: str
    content_encoding: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said to a POST: status, headers, and the beginning of its text."""

    status: int
    reason: str
    headers: Mapping[str, str]
    text: str


class HttpClient:
    """Requests with the authentication, TLS, proxy and headers of ``config``.

    ``base_dir`` is where relative file names begin. Secrets and certificates in files are read anew when they change.
    """

    def __init__(self, config: HttpConfig, base_dir: Path) -> None:
        self._config = config
        self._base = base_dir
        self._tls = TLSContext(config.tls_config, base_dir)
        self._own_tls = config.tls_config != TLSConfig()  # else the library's context, which all jobs share
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, *, headers: Mapping[str, str], timeout_s: float, limit: int) -> Answer:
        """The body of a 200 answer, at most ``limit`` bytes long.

        Raises:
            LimitError: the body is longer.
            ScrapeError: no connection, no answer in time, another status, or a secret or certificate can't be read.
        """
        try:
            async with asyncio.timeout(timeout_s), self._request("GET", URL(url, encoded=True), headers) as response:
                if response.status != HTTPStatus.OK:
                    message = f"server returned HTTP status {response.status} {response.reason}"
                    raise ScrapeError(message)
                body = await _read_bounded(response.content, limit)
                return Answer(body, response.headers.get("Content-Type", ""), response.headers.get("Content-Encoding", ""))
        except TimeoutError as error:
            message = f'Get "{redact(url)}": context deadline exceeded'
            raise ScrapeError(message) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            message = f'Get "{redact(url)}": {_reason(error)}'
            raise ScrapeError(message) from error

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], timeout_s: float) -> Reply:
        """The answer to a body, whatever its status; of its text at most :data:`MOST_TEXT` bytes.

        Raises:
            SendError: no connection, no answer in time, or a secret or certificate can't be read.
        """
        try:
            async with asyncio.timeout(timeout_s), self._request("POST", URL(url, encoded=True), headers, body) as response:
                text = b""
                # To its end, as a rule, so that the connection can be used again.
                while len(text) < MOST_TEXT and (part := await response.content.readany()):
                    text += part
                return Reply(response.status, response.reason or "", response.headers, text[:MOST_TEXT].decode(errors="replace").strip())
        except TimeoutError as error:
            message = f'Post "{redact(url)}": context deadline exceeded'
            raise SendError(message) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            message = f'Post "{redact(url)}": {_reason(error)}'
            raise SendError(message) from error

    async def close(self) -> None:
        """Ends all connections; a later request opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _request(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None = None
    ) -> aiohttp.client._RequestContextManager:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S, ttl_dns_cache=30)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        config = self._config
        return self._session.request(
            method,
            url,
            data=body,
            headers={**headers, **self._own_headers()},
            allow_redirects=config.follow_redirects,
            max_redirects=_MAX_REDIRECTS,
            proxy=self._proxy(url),
            ssl=self._tls.current() if self._own_tls else True,
            server_hostname=config.tls_config.server_name or None,
        )

    def _own_headers(self) -> dict[str, str]:
        config = self._config
        headers = {}
        for name, header in config.http_headers.items():
            values = [*header.values, *(secret.get_secret_value() for secret in header.secrets)]
            values += [read_secret(None, file, self._base) or "" for file in header.files]
            headers[name] = ", ".join(values)
        if config.basic_auth is not None:
            basic = config.basic_auth
            user = basic.username or read_secret(None, basic.username_file, self._base) or ""
            password = read_secret(basic.password, basic.password_file, self._base) or ""
            headers["Authorization"] = aiohttp.encode_basic_auth(user, password)
        elif config.authorization is not None:
            given = config.authorization
            credentials = read_secret(given.credentials, given.credentials_file, self._base)
            headers["Authorization"] = f"{given.type} {credentials or ''}".strip()
        elif config.bearer_token is not None or config.bearer_token_file:
            headers["Authorization"] = f"Bearer {read_secret(config.bearer_token, config.bearer_token_file, self._base)}"
        return headers

    def _proxy(self, url: URL) -> str | None:
        host = url.host or ""
        if self._config.proxy_from_environment:
            proxies = getproxies()
            proxy = proxies.get(url.scheme)
            return None if proxy is None or bypasses_proxy(host, proxies.get("no", "")) else proxy
        if not self._config.proxy_url or bypasses_proxy(host, self._config.no_proxy):
            return None
        return self._config.proxy_url


def bypasses_proxy(host: str, no_proxy: str) -> bool:
    """Whether ``no_proxy`` names the host: host names, endings of domains, addresses, CIDR blocks, or ``*`` for all."""
    entries = [entry.strip().lower() for entry in no_proxy.split(",") if entry.strip()]
    return "*" in entries or any(_names(entry, host.lower()) for entry in entries)


def _names(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return host.endswith(f".{domain}") or (host == domain and domain == entry)


async def _read_bounded(content: aiohttp.StreamReader, limit: int) -> bytes:
    parts, size = [], 0
    while part := await content.readany():
        size += len(part)
        if size > limit:
            raise LimitError("body size limit exceeded")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _reason(error: Exception) -> str:
    """What went wrong, in words; a failed connection by the system's own (`connection refused`), without the library's notation."""
    # Its subclasses tell of names and certificates, and say so well themselves.
    if type(error) is aiohttp.ClientConnectorError:
        number = error.os_error.errno
        if number is not None and number > 0:
            return f"connect to {error.host}:{error.port}: {os.strerror(number).lower()}"
    return str(error) or type(error).__name__
