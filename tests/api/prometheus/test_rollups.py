"""An answer says when it came from roll-ups, and a client can do without them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.serving import Served, memory_services
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, commit
from tests.storage.rolled import write_day
from tests.storage.test_sealing import MONDAY

from fusewatch.promql.engine import Engine
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore

pytestmark = pytest.mark.anyio
RANGE = {"query": "avg_over_time(x_total[2h])", "start": (NOW + 2 * HOUR) // 1000, "end": (NOW + DAY - HOUR) // 1000, "step": "1h"}
INSTANT = {"query": "avg_over_time(x_total[2h])", "time": (NOW + 6 * HOUR) // 1000}
TOLD = ["PromQL info: answered from 1h roll-ups (1:15)"]


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("rolled") / "data"
    store = MetricStore.open(StorageSettings(), folder, clock=ManualClock(NOW + 2 * DAY))
    write_day(store, NOW, seed=1)
    commit(store)
    store._sealer.merge_day(MONDAY)
    services = memory_services(reader=store, engine=Engine(store))
    yield Served(services)
    services.pool.close()
    store.abandon()


@pytest.mark.parametrize(("path", "parameters"), [("/api/v1/query_range", RANGE), ("/api/v1/query", INSTANT)])
async def test_the_answer_says_that_it_came_from_roll_ups_and_a_parameter_switches_them_off(rolled, path, parameters):
    found = (await rolled.get(path, **parameters)).json()
    assert found["infos"] == TOLD
    for raw in (await rolled.get(path, **parameters, rollups="0"), await rolled.post(path, **parameters, rollups="0")):
        assert "infos" not in raw.json()
        assert [row["metric"] for row in raw.json()["data"]["result"]] == [row["metric"] for row in found["data"]["result"]]


async def test_a_header_does_the_same_for_clients_that_can_send_no_parameter(rolled):
    async with rolled.client() as asking:
        answer = await asking.get("/api/v1/query_range", params=RANGE, headers={"X-Fusewatch-Rollups": "0"})
    assert "infos" not in answer.json()


async def test_moved_windows_are_had_for_the_asking(rolled):
    late = {**RANGE, "start": RANGE["start"] + 77}
    assert "infos" not in (await rolled.get("/api/v1/query_range", **late)).json()
    (info,) = (await rolled.get("/api/v1/query_range", **late, rollups="1")).json()["infos"]
    assert info == "PromQL info: answered from 5m roll-ups, windows moved back to whole ones (1:15)"


async def test_anything_else_is_refused_with_the_name_of_the_parameter(rolled):
    answer = await rolled.get("/api/v1/query_range", **RANGE, rollups="off")
    assert answer.status_code == 400
    assert answer.json()["error"] == 'invalid parameter "rollups": expected 0 or 1'
