"""What the command line does to a database, with a server running or not: a server takes it up within seconds."""

from __future__ import annotations

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from fusewatch.access import tokens, users
from fusewatch.access.audit import Actor, Change
from fusewatch.access.names import parse_role
from fusewatch.access.passwords import check_password
from fusewatch.access.records import TokenRow, UserRow
from fusewatch.access.tokens import NewToken
from fusewatch.records.database import Database
from fusewatch.telemetry.clock import Clock, SystemClock


def add_user(
    database: Database,
    *,
    name: str,
    role: str,
    password: str,
    actor: str = "cli",
    clock: Clock | None = None,
    hasher: PasswordHasher | None = None,
) -> None:
    """Adds a user; ``hasher`` is argon2id with its own defaults unless given. Blocks.

    Raises:
        InvalidError: name, role or password is not acceptable.
        ConflictError: there is such a user.
    """
    check_password(password, name)
    wanted = parse_role(role)
    password_hash = (hasher or PasswordHasher()).hash(password)
    with database.transaction() as session:
        users.add(_change(session, actor, clock), name=name, role=wanted, password_hash=password_hash)


def create_token(
    database: Database, *, name: str, role: str, lifetime_ms: int | None = None, actor: str = "cli", clock: Clock | None = None
) -> str:
    """The new token, which belongs to no user; it can't be asked for again. Blocks.

    Raises:
        InvalidError: name, role or lifetime is not acceptable.
    """
    wanted = NewToken(name=name, role=parse_role(role), lifetime_ms=lifetime_ms)
    with database.transaction() as session:
        return tokens.create(_change(session, actor, clock), wanted)[1]


def has_users(database: Database) -> bool:
    """Whether any user or token exists, so that a server may listen beyond this machine. Blocks."""
    with database.reading() as session:
        return any(session.scalar(select(column).limit(1)) is not None for column in (UserRow.name, TokenRow.id))


def _change(session: Session, actor: str, clock: Clock | None) -> Change:
    return Change(session, actor=Actor(actor), now_ms=(clock or SystemClock()).now_ms())
