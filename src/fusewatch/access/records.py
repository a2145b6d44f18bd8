"""The tables of access. Their migrations are numbered in ``records/migrations``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Identity, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fusewatch.records.tables import Table


class UserRow(Table):
    """Somebody who may log in."""

    __tablename__ = "access_users"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    #: argon2id, with its parameters and salt.
    password_hash: Mapped[str] = mapped_column(Text)
    disabled: Mapped[bool]
    created_at: Mapped[int] = mapped_column(BigInteger)
    last_login: Mapped[int | None] = mapped_column(BigInteger)


class TokenRow(Table):
    """An API token, known only by its hash."""

    __tablename__ = "access_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    #: SHA-256 of the token: 256 random bits need no slow hash.
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    #: The user whose token it is, and with whom it goes; nobody's when the command line or the local admin made it.
    owner: Mapped[str | None] = mapped_column(String(64), ForeignKey("access_users.name", ondelete="CASCADE"))
    created_at: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)


class SessionRow(Table):
    """A login that lasts; removing the row ends it."""

    __tablename__ = "access_sessions"

    #: SHA-256 of what the cookie carries, so that whoever reads the table can't take a session over.
    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_name: Mapped[str] = mapped_column(String(64), ForeignKey("access_users.name", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Table):
    """One change: who, when, what, from where, before and after."""

    __tablename__ = "access_audit"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    timestamp: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class StateRow(Table):
    """The one row by which processes notice each other's changes, and the key that signs sessions."""

    __tablename__ = "access_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    signing_key: Mapped[bytes] = mapped_column(LargeBinary)
