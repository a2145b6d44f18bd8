"""Queries that are saved for the team, over a real database."""

from __future__ import annotations

import json

import pytest
from tests.access.conftest import ManualClock, cheap_hasher
from tests.api.fusewatch.own import running

from fusewatch.access import audit
from fusewatch.access.config import AccessSettings
from fusewatch.access.need import Role
from fusewatch.access.passwords import Passwords
from fusewatch.access.service import Access
from fusewatch.records.config import RecordsSettings
from fusewatch.records.database import Database
from fusewatch.saved_queries.book import SavedQueryBook

pytestmark = pytest.mark.anyio

LOAD = {"name": "Load of the day", "description": "per core", "search": "q=node_load1&draw=stacked"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def database(tmp_path):
    opened = Database.open(RecordsSettings(), tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def access(database, clock):
    made = Access(database=database, settings=AccessSettings(), loopback=True, clock=clock, passwords=Passwords(cheap_hasher()))
    yield made
    made.close()


@pytest.fixture
def served(access):
    with running(saved_queries=SavedQueryBook(access)) as own:
        yield own


async def listed(client):
    return (await client.get("/saved-queries")).json()["queries"]


async def test_a_query_is_saved_found_changed_and_deleted(served, access, clock):
    async with served.client(Role.OPERATOR) as client:
        answer = await client.post("/saved-queries", json=LOAD)
        saved = answer.json()
        assert answer.status_code == 201
        assert saved == {**LOAD, "id": saved["id"], "changed_at": clock.now_ms(), "changed_by": "test"}
        clock.advance(60)
        changed = {**LOAD, "name": "Load", "search": "q=node_load5"}
        answer = await client.put(f"/saved-queries/{saved['id']}", json=changed)
        assert (answer.status_code, answer.json()["changed_at"]) == (200, clock.now_ms())
        assert [(one["name"], one["search"]) for one in await listed(client)] == [("Load", "q=node_load5")]
        assert (await client.delete(f"/saved-queries/{saved['id']}")).status_code == 204
        assert await listed(client) == []
    entries = await access.read(lambda session: audit.entries(session, limit=10))
    assert [(one.action, one.target) for one in entries] == [
        ("query.delete", "Load"),
        ("query.change", "Load of the day"),
        ("query.save", "Load of the day"),
    ]
    assert entries[1].before == LOAD


async def test_they_are_listed_by_name(served):
    async with served.client() as client:
        for name in ("b", "c", "a"):
            await client.post("/saved-queries", json={**LOAD, "name": name})
        assert [one["name"] for one in await listed(client)] == ["a", "b", "c"]


async def test_a_name_is_given_once(served):
    async with served.client() as client:
        first = (await client.post("/saved-queries", json=LOAD)).json()
        again = await client.post("/saved-queries", json={**LOAD, "search": "q=other"})
        assert (again.status_code, again.json()["error"]["field"]) == (409, "name")
        other = (await client.post("/saved-queries", json={**LOAD, "name": "other"})).json()
        renamed = await client.put(f"/saved-queries/{other['id']}", json=LOAD)
        assert (renamed.status_code, renamed.json()["error"]["field"]) == (409, "name")
        kept = await client.put(f"/saved-queries/{first['id']}", json={**LOAD, "description": "new"})
        assert kept.status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"description": "x" * 1001}, "description"),
        ({"search": ""}, "search"),
        ({"search": "q=%20&draw=heat"}, "search"),
        ({"search": "q=" + "x" * 20_000}, "search"),
        ({"more": 1}, "more"),
        ({"name": "half \udfff"}, "name"),
        ({"search": "q=\ud800"}, "search"),
        ({"description": "nul \0"}, "description"),
    ],
)
async def test_what_does_not_fit_is_named(served, change, field):
    async with served.client() as client:
        # As ASCII: JSON can name half of a character, UTF-8 can not.
        answer = await client.post("/saved-queries", content=json.dumps({**LOAD, **change}), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
        assert await listed(client) == []


async def test_what_is_not_there_cannot_be_changed(served):
    async with served.client() as client:
        assert (await client.put("/saved-queries/7", json=LOAD)).status_code == 404
        assert (await client.delete("/saved-queries/7")).status_code == 404


async def test_a_database_that_is_away_is_told_as_busy(served, database):
    database.close()
    async with served.client() as client:
        assert (await client.get("/saved-queries")).status_code == 503
        assert (await client.post("/saved-queries", json=LOAD)).status_code == 503


async def test_viewers_read_and_do_not_write(served):
    async with served.client(Role.VIEWER) as client:
        assert (await client.get("/saved-queries")).status_code == 200
        for answer in (
            await client.post("/saved-queries", json=LOAD),
            await client.put("/saved-queries/1", json=LOAD),
            await client.delete("/saved-queries/1"),
        ):
            assert answer.status_code == 403


async def test_not_more_are_kept_than_anyone_finds_again(access):
    with running(saved_queries=SavedQueryBook(access, most=2)) as served:
        async with served.client() as client:
            codes = [(await client.post("/saved-queries", json={**LOAD, "name": name})).status_code for name in ("a", "b", "c")]
    assert codes == [201, 201, 409]
