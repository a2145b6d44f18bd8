"""Logins that last: a random id in a signed cookie, and a row that can be taken away."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import delete, select

from fusewatch.access.audit import Change
from fusewatch.access.errors import UnknownError
from fusewatch.access.records import SessionRow, UserRow
from fusewatch.access.session_signer import session_hash

#: Logins of one user that may last at the same time; the oldest ends when there is one more.
MAX_PER_USER: Final = 20


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
