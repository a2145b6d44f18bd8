"""What the routes of access take and give, as JSON. Times are ms UTC."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from fusewatch.access.need import Role

_Password = Annotated[SecretStr, Field(max_length=1024)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Problem(_Answer):
    """What was wrong; ``field`` names the value that does not fit."""

    code: str
    message: str
    field: str | None = None


class ProblemAnswer(_Answer):
    """The body of every error."""

    error: Problem
    request_id: str


class LoginBody(_Body):
    """Who wants to log in."""

    name: str = Field(max_length=64)
    password: _Password


class SessionUser(_Answer):
    """Who is logged in."""

    name: str
    role: Role


class SessionAnswer(_Answer):
    """Whether logging in is needed, who is logged in, and the value for the header X-CSRF-Token."""

    authentication: bool
    user: SessionUser | None
    csrf: str | None


class NewUserBody(_Body):
    """A user to add."""

    name: str
    role: Role
    password: _Password


class UserUpdateBody(_Body):
    """What to change; ``current_password`` is asked of those who change their own without being an administrator."""

    role: Role | None = None
    disabled: bool | None = None
    password: _Password | None = None
    current_password: _Password | None = None


class UserAnswer(_Answer):
    """A user."""

    name: str
    role: Role
    disabled: bool
    created_at: int
    last_login: int | None


class UsersAnswer(_Answer):
    """All users, by name."""

    users: list[UserAnswer]


class NewTokenBody(_Body):
    """A token to make; ``expires`` is a duration from now such as 90d, without one it never ends."""

    name: str
    role: Role
    expires: str | None = None


class TokenAnswer(_Answer):
    """A token, without the token itself."""

    id: str
    name: str
    role: Role
    created_at: int
    created_by: str
    expires_at: int | None
    last_used_at: int | None


class NewTokenAnswer(TokenAnswer):
    """A new token; ``token`` is shown this once."""

    token: str


class TokensAnswer(_Answer):
    """Tokens, oldest first."""

    tokens: list[TokenAnswer]


class AuditEntryAnswer(_Answer):
    """One change: who, when, what, from where, before and after."""

    id: int
    timestamp: int
    actor: str
    action: str
    target: str
    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditAnswer(_Answer):
    """Changes, newest first."""

    entries: list[AuditEntryAnswer]
