"""The routes of access under ``/api/fusewatch/v1``: session, users, tokens, audit."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from fusewatch.access import audit, tokens, users
from fusewatch.access.answers import AnsweringRoute
from fusewatch.access.audit import Actor
from fusewatch.access.credentials import COOKIE
from fusewatch.access.errors import InvalidError, NotAllowedError
from fusewatch.access.identity import Identity
from fusewatch.access.models import (
    AuditAnswer,
    AuditEntryAnswer,
    LoginBody,
    NewTokenAnswer,
    NewTokenBody,
    NewUserBody,
    ProblemAnswer,
    SessionAnswer,
    SessionUser,
    TokenAnswer,
    TokensAnswer,
    UserAnswer,
    UsersAnswer,
    UserUpdateBody,
)
from fusewatch.access.need import Need
from fusewatch.access.passwords import check_password
from fusewatch.access.routing import needs
from fusewatch.access.service import Access
from fusewatch.access.tokens import NewToken
from fusewatch.access.users import UserUpdate
from fusewatch.telemetry.durations import parse_duration

Anybody = Annotated[Identity, needs(Need.PUBLIC)]
Viewer = Annotated[Identity, needs(Need.VIEWER)]
Admin = Annotated[Identity, needs(Need.ADMIN)]


def access_router(access: Access) -> APIRouter:
    """All routes of access; include it under ``/api/fusewatch/v1``."""
    router = APIRouter(route_class=AnsweringRoute, tags=["access"])
    _SessionRoutes(access).add_to(router)
    _UserRoutes(access).add_to(router)
    _TokenRoutes(access).add_to(router)
    _AuditRoutes(access).add_to(router)
    return router


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ProblemAnswer} for status in statuses}


_GUARDED: Final = _problems(401, 403)


class _SessionRoutes:
    def __init__(self, access: Access) -> None:
        self._access = access

    def add_to(self, router: APIRouter) -> None:
        router.get("/session")(self.show)
        router.post("/session", responses=_problems(400, 401, 403, 429))(self.log_in)
        router.delete("/session", status_code=204, responses=_GUARDED)(self.log_out)

    async def show(self, who: Anybody, response: Response) -> SessionAnswer:
        """Who is logged in, and whether anybody must be."""
        response.headers["Cache-Control"] = "no-store"
        user = None if who.role is None else SessionUser(name=who.name, role=who.role)
        return SessionAnswer(authentication=self._access.authentication, user=user, csrf=who.csrf)

    async def log_in(self, who: Anybody, body: LoginBody, request: Request, response: Response) -> SessionAnswer:
        """Logs in and sets the session cookie."""
        login = await self._access.login(body.name, body.password.get_secret_value(), who.address)
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(
            COOKIE,
            login.cookie,
            max_age=self._access.settings.session_lifetime // 1000,
            httponly=True,
            samesite="lax",
            secure=self._access.encrypted(request.scope),
        )
        return SessionAnswer(authentication=True, user=SessionUser(name=login.name, role=login.role), csrf=login.csrf)

    async def log_out(self, who: Viewer, request: Request, response: Response) -> None:
        """Ends the session at once, wherever its cookie was copied to."""
        await self._access.logout(who)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self._access.encrypted(request.scope))


class _UserRoutes:
    def __init__(self, access: Access) -> None:
        self._access = access

    def add_to(self, router: APIRouter) -> None:
        router.get("/users", responses=_GUARDED)(self.show)
        router.post("/users", status_code=201, responses=_problems(400, 401, 403, 409))(self.add)
        router.patch("/users/{name}", responses=_problems(400, 401, 403, 404, 409))(self.modify)
        router.delete("/users/{name}", status_code=204, responses=_problems(401, 403, 404, 409))(self.remove)

    async def show(self, _: Admin) -> UsersAnswer:
        """All users."""
        found = await self._access.read(users.list_users)
        return UsersAnswer(users=[UserAnswer.model_validate(user) for user in found])

    async def add(self, who: Admin, body: NewUserBody) -> UserAnswer:
        """Adds a user; from the first one on everybody must log in."""
        password_hash = await self._hash(body.name, body.password.get_secret_value())

        def work(change: audit.Change) -> users.UserSummary:
            users.require_administrator_first(change.session, body.role)
            return users.add(change, name=body.name, role=body.role, password_hash=password_hash)

        return UserAnswer.model_validate(await self._access.change(_actor(who), work))

    async def modify(self, who: Viewer, name: str, body: UserUpdateBody) -> UserAnswer:
        """Changes role, password or whether the user may log in; those who are no administrators may change their own password."""
        if not who.may(Need.ADMIN):
            await self._refuse_but_own_password(who, name, body)
        password_hash = None if body.password is None else await self._hash(name, body.password.get_secret_value())
        wanted = UserUpdate(role=body.role, disabled=body.disabled, password_hash=password_hash)
        changed = await self._access.change(_actor(who), lambda change: users.modify(change, name, wanted))
        return UserAnswer.model_validate(changed)

    async def remove(self, who: Admin, name: str) -> None:
        """Deletes a user with all sessions and tokens; never the last enabled administrator."""
        await self._access.change(_actor(who), lambda change: users.remove(change, name))

    async def _refuse_but_own_password(self, who: Identity, name: str, body: UserUpdateBody) -> None:
        if who.kind != "user" or who.name != name or body.role is not None or body.disabled is not None:
            raise NotAllowedError("only administrators change users; you may change your own password")
        current = "" if body.current_password is None else body.current_password.get_secret_value()
        if not await self._access.knows_password(name, current, who.address):
            raise InvalidError("the current password is wrong", "current_password")

    async def _hash(self, name: str, password: str) -> str:
        check_password(password, name)
        return await self._access.passwords.hash_soon(password)


class _TokenRoutes:
    def __init__(self, access: Access) -> None:
        self._access = access

    def add_to(self, router: APIRouter) -> None:
        router.get("/tokens", responses=_GUARDED)(self.show)
        router.post("/tokens", status_code=201, responses=_problems(400, 401, 403))(self.create)
        router.delete("/tokens/{token_id}", status_code=204, responses=_problems(401, 403, 404))(self.revoke)

    async def show(self, who: Viewer) -> TokensAnswer:
        """One's own tokens; an administrator sees all."""
        found = await self._access.read(lambda session: tokens.list_tokens(session, owner=_owner(who)))
        return TokensAnswer(tokens=[TokenAnswer.model_validate(token) for token in found])

    async def create(self, who: Viewer, body: NewTokenBody, response: Response) -> NewTokenAnswer:
        """Makes a token with at most one's own role. It goes with the user: disabled, lowered and deleted together."""
        role = who.role
        if role is None:
            raise NotAllowedError("nobody in particular can't have tokens")
        wanted = NewToken(
            name=body.name,
            role=body.role,
            owner=who.user,
            lifetime_ms=_lifetime(body.expires),
            role_limit=role,
            # A token that ends can't live on in one that it made.
            expiry_limit=who.expires_at,
        )
        summary, token = await self._access.change(_actor(who), lambda change: tokens.create(change, wanted))
        response.headers["Cache-Control"] = "no-store"
        return NewTokenAnswer(**TokenAnswer.model_validate(summary).model_dump(), token=token)

    async def revoke(self, who: Viewer, token_id: str) -> None:
        """Ends a token at once."""
        await self._access.change(_actor(who), lambda change: tokens.revoke(change, token_id, owner=_owner(who)))


class _AuditRoutes:
    def __init__(self, access: Access) -> None:
        self._access = access

    def add_to(self, router: APIRouter) -> None:
        router.get("/audit", responses=_GUARDED)(self.show)

    async def show(
        self, _: Admin, limit: Annotated[int, Query(ge=1, le=audit.MAX_ENTRIES)] = 100, before: int | None = None
    ) -> AuditAnswer:
        """The newest changes, or those older than the entry ``before``."""
        found = await self._access.read(lambda session: audit.entries(session, limit=limit, before=before))
        return AuditAnswer(entries=[AuditEntryAnswer.model_validate(entry) for entry in found])


def _actor(who: Identity) -> Actor:
    return Actor(who.name, who.address)


def _owner(who: Identity) -> str | None:
    """Whose tokens somebody may see and end: an administrator everybody's (None), others those of the user they are."""
    return None if who.may(Need.ADMIN) else (who.user or "")


def _lifetime(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidError(str(error), "expires") from error
