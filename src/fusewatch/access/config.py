"""The ``access`` block of fusewatch.yml."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from fusewatch.telemetry.config import Block, DurationMs

#: Pages served from this machine itself.
LOOPBACK_ORIGINS: Final = r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return value


def _network(value: Any) -> Any:
    try:
        return ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"expected an address or network such as 10.0.0.0/8, not {value!r}") from error


def _url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f"expected a URL such as https://fusewatch.example.org, not {value!r}")
    return value.rstrip("/")


Pattern = Annotated[str, AfterValidator(_pattern)]
Network = Annotated[ipaddress.IPv4Network | ipaddress.IPv6Network, BeforeValidator(_network)]


class TlsSettings(Block):
    """The server's certificate (with its chain) and key, as PEM files."""

    cert_file: Path
    key_file: Path


class LoginSettings(Block):
    """How guessing is slowed: after ``attempts`` wrong ones, each further waits, twice as long each time, at most ``longest_wait``."""

    attempts: Annotated[int, Field(ge=1, le=1000)] = 5
    first_wait: DurationMs = 1_000
    longest_wait: DurationMs = 300_000


class AccessSettings(Block):
    """Who may talk to the server, and how they prove who they are."""

    #: How long a login lasts.
    session_lifetime: DurationMs = 7 * 86_400_000
    #: Pages of these origins may read what the API answers them, with a token (a regular expression for the whole origin).
    cors_origin: Pattern = LOOPBACK_ORIGINS
    #: Names under which the server is reached, besides loopback ones and that of ``external_url``.
    allowed_hosts: tuple[str, ...] = ()
    #: Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
    trusted_proxies: tuple[Network, ...] = ()
    #: How users reach the server; its name is one of those it answers to.
    external_url: Annotated[str, AfterValidator(_url)] = ""
    login: LoginSettings = LoginSettings()
    tls: TlsSettings | None = None

    @model_validator(mode="after")
    def _lifetime_is_positive(self) -> AccessSettings:
        if self.session_lifetime <= 0:
            raise ValueError("session_lifetime must be longer than 0")
        return self


def is_loopback(host: str) -> bool:
    """Whether a listen address or host name reaches this machine only."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def listen_problem(host: str, *, has_users: bool) -> str | None:
    """Why the server must not listen there, or None: other machines could reach it without logging in.

    ``has_users``: whether any user or token exists.
    """
    if has_users or is_loopback(host):
        return None
    where = host or "every address"
    return (
        f"listening on {where} needs authentication, and there is no user yet: "
        "create one with `fusewatch user add NAME --role admin`, or listen on 127.0.0.1"
    )
