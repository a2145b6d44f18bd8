"""What a request brings to prove who sends it, read from its headers in one pass."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fusewatch.access.token_format import looks_like_token

#: The cookie that carries a session.
COOKIE: Final = "fusewatch_session"
_COOKIE_PREFIX: Final = COOKIE.encode() + b"="
_MAX_HEADER: Final = 8192


@dataclass(slots=True)
class Presented:
    """The headers that access looks at, undecoded; b"" for those that are not there."""

    authorization: bytes = b""
    cookie: bytes = b""
    csrf: bytes = b""
    host: bytes = b""
    origin: bytes = b""
    fetch_site: bytes = b""
    forwarded_for: bytes = b""
    forwarded_proto: bytes = b""

    @classmethod
    def read(cls, headers: Iterable[tuple[bytes, bytes]]) -> Presented:
        """Those headers of an ASGI scope; of a repeated one the last counts."""
        found = cls()
        for name, value in headers:
            attribute = _HEADERS.get(name)
            if attribute is not None:
                setattr(found, attribute, value)
        return found


_HEADERS: Final = {
    b"authorization": "authorization",
    b"cookie": "cookie",
    b"x-csrf-token": "csrf",
    b"host": "host",
    b"origin": "origin",
    b"sec-fetch-site": "fetch_site",
    b"x-forwarded-for": "forwarded_for",
    b"x-forwarded-proto": "forwarded_proto",
}


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """A user's name and password, by basic authentication."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class TokenCredential:
    """An API token, as bearer or as the password of basic authentication with any user name."""

    token: str


class MalformedCredentialError(Exception):
    """An Authorization header that is neither Bearer nor Basic, or not decodable."""


def parse_authorization(value: bytes) -> PasswordCredential | TokenCredential:
    """What the header says (RFC 7617 and RFC 6750).

    Raises:
        MalformedCredentialError: it says nothing that we understand.
    """
    scheme, _, rest = value.partition(b" ")
    kind, rest = scheme.lower(), rest.strip()
    if len(value) > _MAX_HEADER:
        raise MalformedCredentialError
    # "Token" is what InfluxDB's clients send, Telegraf among them.
    if kind in {b"bearer", b"token"}:
        return TokenCredential(rest.decode("latin-1"))
    if kind != b"basic":
        raise MalformedCredentialError
    try:
        name, colon, password = base64.b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedCredentialError from error
    if not colon:
        raise MalformedCredentialError
    return TokenCredential(password) if looks_like_token(password) else PasswordCredential(name, password)


def session_cookie(header: bytes) -> str:
    """Our cookie's value in a Cookie header, "" without one."""
    for part in header.split(b";"):
        name_and_value = part.strip()
        if name_and_value.startswith(_COOKIE_PREFIX):
            return name_and_value[len(_COOKIE_PREFIX) :].decode("latin-1")
    return ""
