"""Everything the server knows about access, put together from its settings and its database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session
from starlette.types import Scope

from fusewatch.access import sessions
from fusewatch.access.audit import Actor, Change
from fusewatch.access.config import AccessSettings
from fusewatch.access.credentials import Presented
from fusewatch.access.errors import UnknownError
from fusewatch.access.identity import Identity
from fusewatch.access.need import Role
from fusewatch.access.passwords import Passwords
from fusewatch.access.recognition import Recognition
from fusewatch.access.refusals import Refused
from fusewatch.records.database import Database
from fusewatch.telemetry.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Login:
    """A user who has just logged in, the cookie to set, and what their pages must send along to change something."""

    name: str
    role: Role
    cookie: str = field(repr=False)
    csrf: str = field(repr=False)


class Access:
    """Who asks and whether they may; built once per server, closed at its end.

    ``loopback`` says that the server listens on a loopback address only: then nobody need log in until a user exists.
    """

    def __init__(
        self, *, database: Database, settings: AccessSettings, loopback: bool, clock: Clock, passwords: Passwords | None = None
    ) -> None:
        self.settings = settings
        self._database = database
        self._clock = clock
        self._recognition = Recognition(database=database.light, settings=settings, loopback=loopback, clock=clock, passwords=passwords)
        self.passwords = self._recognition.passwords
        self.authenticator = self._recognition.authenticator

    @property
    def authentication(self) -> bool:
        """Whether people must log in."""
        return not self.authenticator.open

    async def login(self, name: str, password: str, address: str) -> Login:
        """A new session for a user who knows the password.

        Raises:
            Refused: 401 for a wrong name or password, 429 after too many.
        """
        user = await self._recognition.check.fresh(name, password, address)
        if user is None:
            raise Refused(401, "wrong user name or password")
        lifetime = self.settings.session_lifetime
        actor = Actor(user.name, address)
        try:
            session_id = await self.change(actor, lambda change: sessions.begin(change, user.name, lifetime_ms=lifetime))
        except UnknownError as error:
            raise Refused(401, "wrong user name or password") from error
        return Login(
            user.name, user.role, cookie=self._recognition.signer.cookie(session_id), csrf=self._recognition.signer.csrf(session_id)
        )

    async def knows_password(self, name: str, password: str, address: str) -> bool:
        """Whether that is the user's password; guessing is slowed as for logging in (Refused, 429)."""
        return await self._recognition.check.fresh(name, password, address) is not None

    async def logout(self, identity: Identity) -> None:
        """Ends the session of that request, if it has one."""
        session_id = identity.session
        if session_id is not None:
            await self.change(Actor(identity.name, identity.address), lambda change: sessions.end(change, session_id))

    async def read(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns from one consistent view of the database."""
        return await self._database.read(work)

    async def change(self, actor: Actor, work: Callable[[Change], T]) -> T:
        """What ``work`` returns, done as one audited transaction; requests see it at once."""
        now_ms = self._clock.now_ms()
        result = await self._database.run(lambda session: work(Change(session, actor=actor, now_ms=now_ms)))
        await self._recognition.directory.refresh(changed=True)
        return result

    def encrypted(self, scope: Scope) -> bool:
        """Whether the client talks TLS, to us or to a trusted proxy, so that cookies must never go without."""
        return self._recognition.proxies.encrypted(scope, Presented.read(scope["headers"]))

    def close(self) -> None:
        """Writes what is left to write and ends the threads. Blocks."""
        self._recognition.close()
