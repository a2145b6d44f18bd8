"""Users, tokens and sessions as one immutable view in memory, so that a request costs no query."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fusewatch.access.need import Role
from fusewatch.access.records import SessionRow, StateRow, TokenRow, UserRow
from fusewatch.records.database import Database
from fusewatch.records.errors import RecordsError
from fusewatch.telemetry.clock import Clock

#: Other processes (the command line, a second server) change users too; we look after this many seconds.
LOOK_AGAIN_S: Final = 2.0
#: With the database away, what is remembered holds this long; then nobody passes, for it could have been revoked.
TRUST_S: Final = 60.0
#: Dates of last use are written at most this often.
_WRITE_USE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What a request by a user is judged by."""

    name: str
    role: Role
    password_hash: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What a request with a token is judged by; ``expires_at`` in ms UTC."""

    id: str
    name: str
    role: Role
    owner: str | None
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class KnownSession:
    """What a request with a cookie is judged by; ``expires_at`` in ms UTC."""

    user_name: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class View:
    """All that was true at ``version``; tokens and sessions by their hashes."""

    version: int = 0
    users: Mapping[str, KnownUser] = field(default_factory=dict)
    tokens: Mapping[bytes, KnownToken] = field(default_factory=dict)
    sessions: Mapping[bytes, KnownSession] = field(default_factory=dict)


def load_view(session: Session) -> View:
    """The view as the database has it now."""
    version = session.scalars(select(StateRow.version)).one()
    users = {row.name: KnownUser(row.name, Role(row.role), row.password_hash, row.disabled) for row in session.scalars(select(UserRow))}
    tokens = {
        row.hash: KnownToken(row.id, row.name, Role(row.role), row.owner, row.expires_at) for row in session.scalars(select(TokenRow))
    }
    sessions = {row.hash: KnownSession(row.user_name, row.expires_at) for row in session.scalars(select(SessionRow))}
    return View(version, users, tokens, sessions)


class Directory:
    """Keeps :attr:`view` at most :data:`LOOK_AGAIN_S` old while requests come, and costs nothing while none do.

    Looking is one query for a number; only when that has changed everything is read again.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = asyncio.Lock()
        self._log = structlog.get_logger(component="access")
        self._used: dict[str, int] = {}
        self._use_written = clock.monotonic()
        self.view = View()
        self._look_at = self._trusted_until = float("-inf")

    def load(self) -> None:
        """Reads everything now. Blocks; for the start."""
        with self._database.reading() as session:
            self._remember(load_view(session))

    @property
    def stale(self) -> bool:
        """Whether the view must be looked after before it is used."""
        return self._clock.monotonic() >= self._look_at

    async def refresh(self, *, changed: bool = False) -> None:
        """Leaves a fresh view; ``changed``: something did change, so look whatever the time.

        Raises:
            RecordsError: the database has been away for longer than what is remembered may be trusted.
        """
        async with self._lock:
            if not changed and not self.stale:
                return
            try:
                self._remember(await self._database.read(self._look))
                await self._write_use()
            except RecordsError:
                if self._clock.monotonic() >= self._trusted_until:
                    raise
                self._look_at = self._clock.monotonic() + LOOK_AGAIN_S
                self._log.warning("users and tokens could not be read again; the last known ones hold for a while")

    def used(self, token: KnownToken) -> None:
        """Notes that a token was used now."""
        self._used[token.id] = self._clock.now_ms()

    def flush(self) -> None:
        """Writes the dates of last use, if that is possible. Blocks; for the end."""
        if self._used:
            with contextlib.suppress(RecordsError), self._database.transaction() as session:
                self._take_use()(session)

    def _look(self, session: Session) -> View:
        unchanged = session.scalars(select(StateRow.version)).one() == self.view.version
        return self.view if unchanged else load_view(session)

    def _remember(self, view: View) -> None:
        now = self._clock.monotonic()
        self.view, self._look_at, self._trusted_until = view, now + LOOK_AGAIN_S, now + TRUST_S

    async def _write_use(self) -> None:
        if self._used and self._clock.monotonic() - self._use_written >= _WRITE_USE_S:
            with contextlib.suppress(RecordsError):  # They are for people to look at; the next ones will be written.
                await self._database.run(self._take_use())

    def _take_use(self) -> Callable[[Session], None]:
        used, self._used = self._used, {}
        self._use_written = self._clock.monotonic()

        def write(session: Session) -> None:
            for token_id, when in used.items():
                session.execute(update(TokenRow).where(TokenRow.id == token_id).values(last_used_at=when))

        return write
