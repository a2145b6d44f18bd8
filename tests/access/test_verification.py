"""Passwords that come with every request."""

from __future__ import annotations

import asyncio

import pytest
from tests.access.conftest import PASSWORD, cheap_hasher

from fusewatch.access.config import LoginSettings
from fusewatch.access.directory import Directory
from fusewatch.access.passwords import Passwords
from fusewatch.access.refusals import Refused
from fusewatch.access.throttle import Throttle
from fusewatch.access.verification import REMEMBER_S, PasswordCheck

pytestmark = pytest.mark.anyio


class CountingHasher:
    """A real argon2 that counts how often it is asked."""

    def __init__(self):
        self._hasher = cheap_hasher()
        self.verified = 0

    def hash(self, password):
        return self._hasher.hash(password)

    def verify(self, password_hash, password):
        self.verified += 1
        return self._hasher.verify(password_hash, password)


@pytest.fixture
def hasher():
    return CountingHasher()


@pytest.fixture
def check(server, hasher):
    server.user()
    directory = Directory(server.database.light, clock=server.clock)
    directory.load()
    passwords = Passwords(hasher)
    throttle = Throttle(LoginSettings(), clock=server.clock)
    yield PasswordCheck(directory=directory, passwords=passwords, throttle=throttle, clock=server.clock)
    passwords.close()


async def test_a_known_password_is_hashed_once_a_minute(server, check, hasher):
    for _ in range(100):
        assert (await check.known("ada", PASSWORD, "192.0.2.1")).name == "ada"
    assert hasher.verified == 1
    server.clock.advance(REMEMBER_S)
    await check.known("ada", PASSWORD, "192.0.2.1")
    assert hasher.verified == 2


async def test_connections_that_start_together_wait_for_one_check(check, hasher):
    found = await asyncio.gather(*(check.known("ada", PASSWORD, "192.0.2.1") for _ in range(50)))
    assert {user.name for user in found} == {"ada"}
    assert hasher.verified == 1


async def test_a_cancelled_request_does_not_cancel_the_others(check):
    first = asyncio.create_task(check.known("ada", PASSWORD, "192.0.2.1"))
    second = asyncio.create_task(check.known("ada", PASSWORD, "192.0.2.1"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).name == "ada"


async def test_unknown_users_cost_as_much_as_known_ones(check, hasher):
    assert await check.known("nobody", PASSWORD, "192.0.2.1") is None
    assert hasher.verified == 1


async def test_wrong_passwords_are_never_remembered(check, hasher):
    for _ in range(5):
        assert await check.known("ada", "guess", "192.0.2.1") is None
    with pytest.raises(Refused) as caught:
        await check.known("ada", "guess", "192.0.2.1")
    assert (caught.value.status_code, hasher.verified) == (429, 5)
