"""Passwords: what makes one acceptable, and argon2 kept away from the event loop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fusewatch.access.errors import InvalidError
from fusewatch.access.token_format import looks_like_token

T = TypeVar("T")

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 1024
#: Hashes computed at the same time: each takes 64 MiB and some 50 ms of several cores.
_THREADS: Final = 2
_MAX_WAITING: Final = 32
_TIME_LIMIT_S: Final = 10


class PasswordsBusyError(Exception):
    """Too many passwords wait to be checked already."""


def check_password(password: str, name: str) -> None:
    """Accepts a new password for that user.

    Raises:
        InvalidError: too short, too long, the user's own name, or what would be taken for an API token.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidError(f"the password needs at least {MIN_LENGTH} characters", "password")
    if len(password) > MAX_LENGTH:
        raise InvalidError(f"the password may have at most {MAX_LENGTH} characters", "password")
    if password.casefold() == name.casefold():
        raise InvalidError("the password must not be the user's name", "password")
    if looks_like_token(password):
        raise InvalidError("the password must not look like an API token", "password")
    if len(set(password)) == 1:
        raise InvalidError("the password must not be one character repeated", "password")


class Passwords:
    """Hashes and verifies in a few threads of its own; ``hash`` and ``verify`` block, the ``_soon`` forms do not."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    @functools.cached_property
    def _nobody(self) -> str:
        """Verified in place of a user that does not exist, so that the time an answer takes does not tell."""
        return self._hasher.hash("nobody")

    def hash(self, password: str) -> str:
        """The argon2id hash to keep."""
        return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits; None stands for a user that does not exist and takes as long."""
        try:
            return self._hasher.verify(password_hash or self._nobody, password[:MAX_LENGTH]) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    async def hash_soon(self, password: str) -> str:
        """As :meth:`hash`; raises PasswordsBusyError when too many wait."""
        return await self._in_thread(lambda: self.hash(password))

    async def verify_soon(self, password_hash: str | None, password: str) -> bool:
        """As :meth:`verify`; raises PasswordsBusyError when too many wait."""
        return await self._in_thread(lambda: self.verify(password_hash, password))

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MAX_WAITING:
            raise PasswordsBusyError
        self._waiting += 1
        try:
            async with asyncio.timeout(_TIME_LIMIT_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise PasswordsBusyError from error
        finally:
            self._waiting -= 1
