"""API tokens, made and revoked: shown once, kept as a hash."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fusewatch.access.audit import Change
from fusewatch.access.errors import InvalidError, NotAllowedError, UnknownError
from fusewatch.access.names import check_name
from fusewatch.access.need import Role
from fusewatch.access.records import TokenRow
from fusewatch.access.token_format import new_token, token_hash


@dataclass(frozen=True, slots=True)
class TokenSummary:
    """A token as it is shown; times in ms UTC, ``expires_at`` None: never."""

    id: str
    name: str
    role: Role
    created_at: int
    created_by: str
    expires_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token should be: ``owner`` is the user it goes with, or None; ``role_limit`` is its creator's own role."""

    name: str
    role: Role
    owner: str | None = None
    lifetime_ms: int | None = None
    role_limit: Role = Role.ADMIN
    expiry_limit: int | None = None


def create(change: Change, wanted: NewToken) -> tuple[TokenSummary, str]:
    """The new token's summary, and the token itself, which nobody can ask for again.

    Raises:
        InvalidError: the name or lifetime is not acceptable.
        NotAllowedError: the role is higher than the creator's.
    """
    check_name(wanted.name)
    if wanted.role > wanted.role_limit:
        raise NotAllowedError(f"a token may not have the role {wanted.role.value}: yours is {wanted.role_limit.value}")
    if wanted.lifetime_ms is not None and wanted.lifetime_ms <= 0:
        raise InvalidError("a token must live longer than 0", "expires")
    token = new_token()
    row = TokenRow(
        id=secrets.token_hex(8),
        name=wanted.name,
        role=wanted.role.value,
        hash=token_hash(token),
        owner=wanted.owner,
        created_at=change.now_ms,
        created_by=change.actor.name,
        expires_at=_expiry(change.now_ms, wanted),
        last_used_at=None,
    )
    change.session.add(row)
    change.record("token.create", row.id, after=_shown(row))
    return _summary(row), token


def list_tokens(session: Session, *, owner: str | None = None) -> list[TokenSummary]:
    """All tokens, or those of one user; oldest first."""
    query = select(TokenRow).order_by(TokenRow.created_at, TokenRow.id)
    if owner is not None:
        query = query.where(TokenRow.owner == owner)
    return [_summary(row) for row in session.scalars(query)]


def revoke(change: Change, token_id: str, *, owner: str | None = None) -> None:
    """Ends a token at once; with ``owner``, only one of that user's.

    Raises:
        UnknownError: there is no such token.
    """
    row = change.session.get(TokenRow, token_id)
    if row is None or (owner is not None and row.owner != owner):
        raise UnknownError(f"there is no token {token_id[:32]}")
    before = _shown(row)
    change.session.delete(row)
    change.record("token.delete", token_id, before=before)


def _expiry(now_ms: int, wanted: NewToken) -> int | None:
    ends = [] if wanted.lifetime_ms is None else [now_ms + wanted.lifetime_ms]
    if wanted.expiry_limit is not None:
        ends.append(wanted.expiry_limit)
    return min(ends, default=None)


def _shown(row: TokenRow) -> dict[str, Any]:
    return {"name": row.name, "role": row.role, "expires_at": row.expires_at, "owner": row.owner}


def _summary(row: TokenRow) -> TokenSummary:
    return TokenSummary(row.id, row.name, Role(row.role), row.created_at, row.created_by, row.expires_at, row.last_used_at)
