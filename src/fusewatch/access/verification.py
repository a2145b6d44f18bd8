"""Checks passwords: slowly for those who guess, cheaply for those who are known."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Final

from fusewatch.access.directory import Directory, KnownUser
from fusewatch.access.passwords import Passwords, PasswordsBusyError
from fusewatch.access.refusals import Refused
from fusewatch.access.throttle import Throttle
from fusewatch.telemetry.clock import Clock

#: A password that was right is not hashed again for this long: polling clients send it with every request.
REMEMBER_S: Final = 60.0
_MAX_REMEMBERED: Final = 1024


class PasswordCheck:
    """Whether a name and a password belong to an enabled user."""

    def __init__(self, *, directory: Directory, passwords: Passwords, throttle: Throttle, clock: Clock) -> None:
        self._directory = directory
        self._passwords = passwords
        self._throttle = throttle
        self._clock = clock
        # What is remembered can't be turned back into passwords, not even from a memory dump of another day.
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[KnownUser | None]] = {}

    async def known(self, name: str, password: str, address: str) -> KnownUser | None:
        """The user, or None when name or password is wrong; a pair that was right a moment ago costs microseconds.

        Raises:
            Refused: 429 after too many wrong ones, 503 when too many are being checked.
        """
        key = hmac.digest(self._key, f"{name}\0{password}".encode(), hashlib.sha256)
        user = self._directory.view.users.get(name)
        if user is not None and not user.disabled and self._remembers(key, user):
            return user
        # Clients open several connections at once: all wait for one check, which counts as one attempt.
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self.fresh(name, password, address))
            running.add_done_callback(lambda task: self._done(key, task))
        found = await asyncio.shield(running)
        if found is not None:
            self._remember(key, found)
        return found

    async def fresh(self, name: str, password: str, address: str) -> KnownUser | None:
        """As :meth:`known`, without trusting an earlier check: for logging in."""
        wait = self._throttle.attempt(address, name)
        if wait:
            raise Refused(429, f"too many wrong passwords: try again in {wait} s", {"Retry-After": str(wait)})
        user = self._directory.view.users.get(name)
        enabled = user if user is not None and not user.disabled else None
        try:
            right = await self._passwords.verify_soon(enabled.password_hash if enabled else None, password)
        except PasswordsBusyError as error:
            raise Refused(503, "too many logins at the same time: try again in a moment", {"Retry-After": "1"}) from error
        if not right:
            return None
        self._throttle.succeeded(address, name)
        return enabled

    def _done(self, key: bytes, task: asyncio.Task[KnownUser | None]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # Looked at, for when nobody waits any more.

    def _remembers(self, key: bytes, user: KnownUser) -> bool:
        password_hash, until = self._remembered.get(key, ("", 0.0))
        return password_hash == user.password_hash and self._clock.monotonic() < until

    def _remember(self, key: bytes, user: KnownUser) -> None:
        self._remembered[key] = (user.password_hash, self._clock.monotonic() + REMEMBER_S)
        self._remembered.move_to_end(key)
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
