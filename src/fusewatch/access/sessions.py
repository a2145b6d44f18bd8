"""Logins that last: a random id in a signed cookie, and a row that can be taken away."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from itsdangerous import BadSignature, Signer
from sqlalchemy import delete, select

from fusewatch.access.audit import Change
from fusewatch.access.errors import UnknownError
from fusewatch.access.records import SessionRow, UserRow

#: Logins of one user that may last at the same time; the oldest ends when there is one more.
MAX_PER_USER: Final = 20


class SessionSigner:
    """Signs session ids for cookies, and derives the token against cross-site requests from them.

    Both are HMAC-SHA256 under keys of their own, so that neither tells the other.
    """

    def __init__(self, key: bytes) -> None:
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


def begin(change: Change, user_name: str, *, lifetime_ms: int) -> str:
    """A new session of that user; returns its id, and ends what has expired or is too much.

    Raises:
        UnknownError: the user was disabled or deleted a moment ago.
    """
    user = change.session.get(UserRow, user_name)
    if user is None or user.disabled:
        raise UnknownError(f"there is no user {user_name} who may log in")
    session_id = secrets.token_urlsafe(32)
    change.session.execute(delete(SessionRow).where(SessionRow.expires_at <= change.now_ms))
    mine = select(SessionRow.hash).where(SessionRow.user_name == user_name).order_by(SessionRow.created_at.desc())
    surplus = list(change.session.scalars(mine.offset(MAX_PER_USER - 1)))
    change.session.execute(delete(SessionRow).where(SessionRow.hash.in_(surplus)))
    change.session.add(
        SessionRow(
            hash=session_hash(session_id),
            user_name=user_name,
            address=change.actor.address,
            created_at=change.now_ms,
            expires_at=change.now_ms + lifetime_ms,
        )
    )
    user.last_login = change.now_ms
    change.record("session.login", user_name)
    return session_id


def end(change: Change, session_id: str) -> None:
    """Logs out; a session that is gone already is no error."""
    row = change.session.get(SessionRow, session_hash(session_id))
    if row is not None:
        change.session.delete(row)
        change.record("session.logout", row.user_name)
