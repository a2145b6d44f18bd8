"""Finds out whose request it is."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from fusewatch.access.credentials import (
    MalformedCredentialError,
    PasswordCredential,
    Presented,
    TokenCredential,
    parse_authorization,
    session_cookie,
)
from fusewatch.access.directory import Directory, KnownUser
from fusewatch.access.identity import Identity
from fusewatch.access.need import Role
from fusewatch.access.origins import Origins
from fusewatch.access.proxies import Proxies
from fusewatch.access.refusals import Refused, unauthorized
from fusewatch.access.session_signer import SessionSigner, session_hash
from fusewatch.access.token_format import token_hash
from fusewatch.access.verification import PasswordCheck
from fusewatch.records.errors import RecordsError
from fusewatch.telemetry.clock import Clock

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_MAX_LOCAL: Final = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who it is. ``refused`` is what somebody without (or with wrong) credentials hears wherever a route is not public."""

    identity: Identity
    refused: Refused | None = None


class Authenticator:
    """Judges requests by their headers and what the directory knows."""

    def __init__(
        self,
        *,
        directory: Directory,
        check: PasswordCheck,
        signer: SessionSigner,
        origins: Origins,
        proxies: Proxies,
        loopback: bool,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._check = check
        self._signer = signer
        self._origins = origins
        self._proxies = proxies
        self._loopback = loopback
        self._clock = clock
        self._local: dict[str, Verdict] = {}

    @property
    def open(self) -> bool:
        """Whether nobody need log in: only this machine reaches the server, and no user exists."""
        return self._loopback and not self._directory.view.users

    async def judge(self, scope: Scope) -> Verdict:
        """Whose request or websocket this is.

        Raises:
            Refused: it must not be answered at all: a foreign page or host sent it, or the users can't be read.
        """
        if self._directory.stale:
            await self._look_again()
        presented = Presented.read(scope["headers"])
        address = self._proxies.address(scope, presented)
        if presented.authorization:
            return await self._by_header(scope, presented, address)
        self._refuse_foreign_page(scope, presented)
        if self.open:
            return self._as_local(presented, address)
        if presented.cookie:
            return self._by_cookie(scope, presented, address)
        return _nobody(address, unauthorized(scope))

    async def _look_again(self) -> None:
        try:
            await self._directory.refresh()
        except RecordsError as error:
            raise Refused(503, "users and tokens can't be read at the moment", {"Retry-After": "5"}) from error

    def _as_local(self, presented: Presented, address: str) -> Verdict:
        if presented.host and not self._origins.host_is_ours(presented.host):
            name = presented.host.decode("latin-1")[:100]
            raise Refused(403, f"this server does not answer to the name {name}: add it to access.allowed_hosts, or use localhost")
        verdict = self._local.get(address)
        if verdict is None:
            verdict = Verdict(Identity(name="local", role=Role.ADMIN, kind="local", address=address))
            if len(self._local) < _MAX_LOCAL:
                self._local[address] = verdict
        return verdict

    async def _by_header(self, scope: Scope, presented: Presented, address: str) -> Verdict:
        try:
            credential = parse_authorization(presented.authorization)
        except MalformedCredentialError:
            return _nobody(address, unauthorized(scope, "the Authorization header is neither `Bearer TOKEN` nor valid Basic"))
        if isinstance(credential, TokenCredential):
            return self._by_token(scope, credential, address)
        # A browser may add a password it remembers to what a foreign page sends; nothing adds tokens by itself.
        self._refuse_foreign_page(scope, presented)
        return await self._by_password(scope, credential, address)

    def _by_token(self, scope: Scope, credential: TokenCredential, address: str) -> Verdict:
        view = self._directory.view
        token = view.tokens.get(token_hash(credential.token))
        if token is None or (token.expires_at is not None and token.expires_at <= self._clock.now_ms()):
            return _nobody(address, unauthorized(scope, "the API token is unknown, expired or revoked"))
        role = token.role
        if token.owner is not None:
            owner = view.users.get(token.owner)
            if owner is None or owner.disabled:
                return _nobody(address, unauthorized(scope, "the user whose API token this is may not log in"))
            role = min(role, owner.role)
        self._directory.used(token)
        return Verdict(Identity(name=token.name, role=role, kind="token", address=address, user=token.owner, expires_at=token.expires_at))

    async def _by_password(self, scope: Scope, credential: PasswordCredential, address: str) -> Verdict:
        try:
            user = await self._check.known(credential.name, credential.password, address)
        except Refused as refused:
            return _nobody(address, refused)
        if user is None:
            return _nobody(address, unauthorized(scope, "wrong user name or password"))
        return Verdict(_user_identity(user, address))

    def _by_cookie(self, scope: Scope, presented: Presented, address: str) -> Verdict:
        view, session_id = self._directory.view, self._signer.session_id(session_cookie(presented.cookie))
        session = view.sessions.get(session_hash(session_id)) if session_id else None
        user = view.users.get(session.user_name) if session else None
        if session_id is None or session is None or user is None or user.disabled or session.expires_at <= self._clock.now_ms():
            return _nobody(address, unauthorized(scope))
        csrf = self._signer.csrf(session_id)
        if _changes(scope) and not hmac.compare_digest(presented.csrf, csrf.encode()):
            message = "send the header X-CSRF-Token as GET /api/fusewatch/v1/session gives it"
            return _nobody(address, Refused(403, message))
        return Verdict(_user_identity(user, address, session=session_id, csrf=csrf))

    def _refuse_foreign_page(self, scope: Scope, presented: Presented) -> None:
        if not presented.origin and not presented.fetch_site:
            return
        if scope["type"] == "http" and not _changes(scope):
            return
        if presented.origin:
            foreign = not self._origins.origin_is_ours(presented.origin, presented.host)
        else:
            foreign = presented.fetch_site in {b"cross-site", b"same-site"}
        if foreign:
            raise Refused(403, "a page of another site may not change anything here: send an API token instead")


def _changes(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] not in _SAFE_METHODS


def _user_identity(user: KnownUser, address: str, *, session: str | None = None, csrf: str | None = None) -> Identity:
    return Identity(name=user.name, role=user.role, kind="user", address=address, user=user.name, session=session, csrf=csrf)


def _nobody(address: str, refused: Refused) -> Verdict:
    return Verdict(Identity(name="anonymous", role=None, kind="anonymous", address=address), refused)
