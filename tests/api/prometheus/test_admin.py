"""Deleting series through Prometheus' own admin API."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.api.serving import NOW, Served, StillClock, memory_services

from fusewatch.access.need import Role
from fusewatch.promql.engine import Engine
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import SampleBatch

pytestmark = pytest.mark.anyio

UP = [Labels({"__name__": "up", "instance": name}) for name in "ab"]
S = NOW // 1000
DELETE = "/api/v1/admin/tsdb/delete_series"
CLEAN = "/api/v1/admin/tsdb/clean_tombstones"


@pytest.fixture
def told():
    """What the audit trail was told."""
    return []


@pytest.fixture
def store(tmp_path):
    store = MetricStore.open(StorageSettings(), tmp_path / "data", clock=StillClock())
    yield store
    store.abandon()


@pytest.fixture
async def deleting(store, told):
    """The API over a store with three samples of two series."""
    ids, times = np.repeat(np.array([labels.id for labels in UP], np.uint64), 3), np.array([NOW - 2000, NOW - 1000, NOW] * 2)
    await store.write(SampleBatch(ids, times, np.arange(6.0), {labels.id: labels for labels in UP}))

    async def audit(who, action, target):
        told.append((who.name, action, target))

    services = memory_services(reader=store, engine=Engine(store), admin=store, audit=audit)
    yield Served(services)
    services.pool.close()


async def samples(served):
    """Values by instance."""
    answer = await served.get("/api/v1/query", query="up[1m]", time=S)
    return {row["metric"]["instance"]: [value for _, value in row["values"]] for row in answer.json()["data"]["result"]}


async def test_deleted_series_are_in_no_answer_and_the_trail_says_who_did_it(deleting, told):
    answer = await deleting.post(DELETE, **{"match[]": ['up{instance="a"}', "nothing"]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert await samples(deleting) == {"b": ["3", "4", "5"]}
    assert (await deleting.get("/api/v1/label/instance/values")).json()["data"] == ["b"]
    assert (await deleting.post(CLEAN)).status_code == 204
    assert await samples(deleting) == {"b": ["3", "4", "5"]}
    assert told == [("test", "series.delete", 'up{instance="a"} nothing'), ("test", "series.clean", "")]


async def test_start_and_end_are_both_included(deleting):
    async with deleting.client() as asking:
        answer = await asking.put(DELETE, params={"match[]": "up", "start": S - 1, "end": S - 1})
    assert answer.status_code == 204
    assert await samples(deleting) == {"a": ["0", "2"], "b": ["3", "5"]}


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "no match[] parameter provided"),
        ({"match[]": "up{"}, 'invalid parameter "match[]": '),
        ({"match[]": "rate(up[1m])"}, 'invalid parameter "match[]": '),
        ({"match[]": "up", "start": "yesterday"}, 'invalid parameter "start": '),
        ({"match[]": "up", "end": "x"}, 'invalid parameter "end": '),
    ],
)
async def test_what_can_not_be_read_deletes_nothing(deleting, told, form, message):
    answer = await deleting.post(DELETE, **form)
    assert answer.status_code == 400
    assert answer.json()["errorType"] == "bad_data"
    assert answer.json()["error"].startswith(message)
    assert len(await samples(deleting)) == 2
    assert told == []


async def test_only_administrators_may_and_only_by_post_or_put(deleting):
    for path in (DELETE, CLEAN):
        assert (await replace(deleting, role=Role.EDITOR).post(path, **{"match[]": "up"})).status_code == 403
        assert (await deleting.get(path)).status_code == 405
    assert len(await samples(deleting)) == 2


async def test_without_a_store_that_can_delete_it_says_so_as_prometheus_does(served):
    for path in (DELETE, CLEAN):
        answer = await served.post(path, **{"match[]": "up"})
        assert (answer.status_code, answer.json()["errorType"], answer.json()["error"]) == (503, "unavailable", "admin APIs disabled")
