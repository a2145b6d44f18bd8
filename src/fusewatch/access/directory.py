"""Users, tokens and sessions as one immutable view in memory, so that a request costs no query."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from fusewatch.access.need import Role
from fusewatch.records.errors import RecordsError
from fusewatch.records.light import Execute, LightDatabase
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
    """All that was true at ``version``; tokens and sessions by their hashes. ``signing_key`` is the one of sessions' cookies."""

    version: int = 0
    signing_key: bytes = field(default=b"", repr=False)
    users: Mapping[str, KnownUser] = field(default_factory=dict)
    tokens: Mapping[bytes, KnownToken] = field(default_factory=dict)
    sessions: Mapping[bytes, KnownSession] = field(default_factory=dict)


def load_view(execute: Execute) -> View:
    """The view as the database has it now."""
    ((version, signing_key),) = execute("SELECT version, signing_key FROM access_state")
    users = execute("SELECT name, role, password_hash, disabled FROM access_users")
    tokens = execute("SELECT hash, id, name, role, owner, expires_at FROM access_tokens")
    sessions = execute("SELECT hash, user_name, expires_at FROM access_sessions")
    return View(
        version,
        signing_key,
        users={name: KnownUser(name, Role(role), password_hash, bool(disabled)) for name, role, password_hash, disabled in users},
        tokens={key: KnownToken(token, name, Role(role), owner, expires) for key, token, name, role, owner, expires in tokens},
        sessions={key: KnownSession(user_name, expires) for key, user_name, expires in sessions},
    )


class Directory:
    """Keeps :attr:`view` at most :data:`LOOK_AGAIN_S` old while requests come, and costs nothing while none do.

    Looking is one query for a number; only when that has changed everything is read again.
    """

    def __init__(self, database: LightDatabase, *, clock: Clock) -> None:
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
        self._remember(self._database.read(load_view))

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
                self._remember(await self._database.read_soon(self._look))
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
            with contextlib.suppress(RecordsError):
                self._database.run(self._take_use())

    def _look(self, execute: Execute) -> View:
        ((version,),) = execute("SELECT version FROM access_state")
        return self.view if version == self.view.version else load_view(execute)

    def _remember(self, view: View) -> None:
        now = self._clock.monotonic()
        self.view, self._look_at, self._trusted_until = view, now + LOOK_AGAIN_S, now + TRUST_S

    async def _write_use(self) -> None:
        if self._used and self._clock.monotonic() - self._use_written >= _WRITE_USE_S:
            with contextlib.suppress(RecordsError):  # They are for people to look at; the next ones will be written.
                await self._database.run_soon(self._take_use())

    def _take_use(self) -> Callable[[Execute], None]:
        used, self._used = self._used, {}
        self._use_written = self._clock.monotonic()

        def write(execute: Execute) -> None:
            for token_id, when in used.items():
                execute("UPDATE access_tokens SET last_used_at = :when WHERE id = :id", when=when, id=token_id)

        return write
