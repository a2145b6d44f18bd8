"""What is remembered of users and tokens, and for how long it may be trusted."""

from __future__ import annotations

import asyncio

import pytest
from tests.access.conftest import ManualClock

from fusewatch.access.directory import Directory
from fusewatch.records.errors import RecordsError, SlowError
from fusewatch.records.light import LightDatabase
from fusewatch.telemetry.clock import SystemClock

pytestmark = pytest.mark.anyio


class Counting:
    """A real database that counts what is asked of it, and can be away."""

    def __init__(self, database: LightDatabase) -> None:
        self.database = database
        self.reads = 0
        self.away = False

    def read(self, work):
        return self.database.read(work)

    async def read_soon(self, work):
        self.reads += 1
        if self.away:
            raise SlowError("away")
        return await self.database.read_soon(work)


@pytest.fixture
def counting(server):
    return Counting(server.database.light)


@pytest.fixture
def directory(server, counting):
    made = Directory(counting, clock=server.clock)
    made.load()
    return made


async def test_requests_at_the_same_time_look_once(server, directory, counting):
    server.clock.advance(5)
    await asyncio.gather(*(directory.refresh() for _ in range(20)))
    assert counting.reads == 1
    await directory.refresh()
    assert counting.reads == 1


async def test_an_unchanged_database_is_not_read_again(server, directory):
    before = directory.view
    server.clock.advance(5)
    await directory.refresh()
    assert directory.view is before
    server.user()
    await directory.refresh()
    assert set(directory.view.users) == {"ada"}


async def test_with_the_database_away_the_last_view_holds_for_a_minute(server, directory, counting):
    server.user()
    await directory.refresh()
    counting.away = True
    server.clock.advance(59)
    await directory.refresh()
    assert set(directory.view.users) == {"ada"}
    server.clock.advance(5)
    with pytest.raises(RecordsError):
        await directory.refresh()
    counting.away = False
    await directory.refresh()


async def test_without_its_users_the_server_answers_503(start):
    server = start()
    async with server.client() as client:
        assert (await client.get("/need/viewer")).status_code == 200
        server.database.close()
        server.clock.advance(3600)
        answer = await client.get("/need/viewer")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_clocks_of_tests_are_clocks():
    for clock in (ManualClock(), SystemClock()):
        assert clock.now_ms() > 0
        assert clock.monotonic() > 0
