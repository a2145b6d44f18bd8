"""What a browser carries of a session: its id in a signed cookie, and what pages send along to change something."""

from __future__ import annotations

import hashlib

from itsdangerous import BadSignature, Signer


class SessionSigner:
    """Signs session ids for cookies, and derives the token against cross-site requests from them.

    Both are HMAC-SHA256 under keys of their own, so that neither tells the other.

    Raises:
        ValueError: without a key anybody could sign.
    """

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("the records database has no key to sign sessions with")
        self._cookies = Signer(key, salt="fusewatch.session", key_derivation="hmac", digest_method=hashlib.sha256)
        self._csrf = Signer(key, salt="fusewatch.csrf", key_derivation="hmac", digest_method=hashlib.sha256)

    def cookie(self, session_id: str) -> str:
        """The cookie's value for a session."""
        return self._cookies.sign(session_id).decode()

    def session_id(self, cookie: str) -> str | None:
        """The session a cookie stands for; None when we did not sign it."""
        try:
            return self._cookies.unsign(cookie).decode()
        except BadSignature:
            return None

    def csrf(self, session_id: str) -> str:
        """What a page must send along to change something."""
        return self._csrf.get_signature(session_id).decode()


def session_hash(session_id: str) -> bytes:
    """What is kept of a session's id."""
    return hashlib.sha256(session_id.encode()).digest()
