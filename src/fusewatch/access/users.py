"""Users: added, changed and removed, never so that nobody could administer any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from fusewatch.access.audit import Change
from fusewatch.access.errors import ConflictError, InvalidError, UnknownError
from fusewatch.access.names import check_name
from fusewatch.access.need import Role
from fusewatch.access.records import SessionRow, TokenRow, UserRow


@dataclass(frozen=True, slots=True)
class UserSummary:
    """A user as it is shown; times in ms UTC."""

    name: str
    role: Role
    disabled: bool
    created_at: int
    last_login: int | None


@dataclass(frozen=True, slots=True)
class UserUpdate:
    """What should change about a user; None leaves a field as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password_hash: str | None = None


def list_users(session: Session) -> list[UserSummary]:
    """All users, by name."""
    return [_summary(row) for row in session.scalars(select(UserRow).order_by(UserRow.name))]


def add(change: Change, *, name: str, role: Role, password_hash: str) -> UserSummary:
    """The new user.

    Raises:
        InvalidError: the name is not acceptable.
        ConflictError: somebody has it, in whatever case.
    """
    check_name(name)
    if change.session.scalar(select(UserRow.name).where(func.lower(UserRow.name) == name.lower())) is not None:
        raise ConflictError(f"there is a user {name} already")
    row = UserRow(name=name, role=role.value, password_hash=password_hash, disabled=False, created_at=change.now_ms, last_login=None)
    change.session.add(row)
    change.record("user.create", name, after=_shown(row))
    return _summary(row)


def require_administrator_first(session: Session, role: Role) -> None:
    """Accepts the role of a user about to be added where logging in will be needed from then on.

    Raises:
        InvalidError: it is the first user and no administrator, so nobody could add the next.
    """
    if role is not Role.ADMIN and not session.scalar(select(func.count()).select_from(UserRow)):
        raise InvalidError("the first user must be an administrator: nobody could add the next otherwise", "role")


def modify(change: Change, name: str, wanted: UserUpdate) -> UserSummary:
    """The user with those changes; any of them ends the user's sessions, so that nobody goes on as who they were.

    Raises:
        UnknownError: there is no such user.
        ConflictError: no enabled administrator would be left.
    """
    row = _find(change.session, name)
    before, administrated = _shown(row), _administrates(row)
    if wanted.role is not None:
        row.role = wanted.role.value
    if wanted.disabled is not None:
        row.disabled = wanted.disabled
    after = _shown(row)
    if wanted.password_hash is not None:
        row.password_hash = wanted.password_hash
        after["password"] = "changed"  # noqa: S105 - says that it was, not what it is
    if after != before:
        if administrated:
            _keep_an_administrator(change.session)
        change.session.execute(delete(SessionRow).where(SessionRow.user_name == name))
        change.record("user.update", name, before=before, after=after)
    return _summary(row)


def remove(change: Change, name: str) -> None:
    """Deletes the user with all sessions and tokens.

    Raises:
        UnknownError: there is no such user.
        ConflictError: no enabled administrator would be left.
    """
    row = _find(change.session, name)
    tokens = change.session.scalars(select(TokenRow.id).where(TokenRow.owner == name))
    before = {**_shown(row), "tokens": list(tokens)}
    change.session.delete(row)
    if _administrates(row):
        _keep_an_administrator(change.session)
    change.record("user.delete", name, before=before)


def _find(session: Session, name: str) -> UserRow:
    row = session.get(UserRow, name)
    if row is None:
        raise UnknownError(f"there is no user {name[:64]}")
    return row


def _administrates(row: UserRow) -> bool:
    return row.role == Role.ADMIN.value and not row.disabled


def _keep_an_administrator(session: Session) -> None:
    session.flush()
    left = select(func.count()).where(UserRow.role == Role.ADMIN.value, UserRow.disabled.is_(False))
    if not session.scalar(left):
        raise ConflictError("this is the last enabled administrator: make somebody else one first")


def _shown(row: UserRow) -> dict[str, Any]:
    return {"role": row.role, "disabled": row.disabled}


def _summary(row: UserRow) -> UserSummary:
    return UserSummary(row.name, Role(row.role), disabled=row.disabled, created_at=row.created_at, last_login=row.last_login)
