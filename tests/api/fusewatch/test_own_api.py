"""Our own API, asked as its pages and pipelines ask it."""

from __future__ import annotations

import pytest
from tests.api.fusewatch.own import get, running
from tests.api.serving import NOW, StillClock
from tests.promql.memory import MemoryReader

from fusewatch.access.need import Role
from fusewatch.access.routing import undeclared
from fusewatch.api.fusewatch.history import History
from fusewatch.api.fusewatch.router import PREFIX
from fusewatch.promql.engine import Engine
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget, OverloadedError, ReadOnlyError, StorageError

pytestmark = pytest.mark.anyio

MINUTE = 60_000


async def test_the_host(own):
    answer = (await get(own, "/host")).json()
    assert answer["hostname"] == "web-1"
    assert answer["load"] == {"1m": 1.0, "5m": 2.0, "15m": 3.0}
    assert answer["pressure"] == {"cpu": None, "memory": None, "io": None}
    assert answer["connections"] == {"established": 0, "listen": 0, "time_wait": 0, "close_wait": 0, "other": 0}


@pytest.mark.parametrize(("reason", "words"), [(None, "not been read yet"), ("host collection is off", "host collection is off")])
async def test_a_host_that_is_not_read_is_not_found_for_a_reason(reason, words):
    with running(host=lambda: None, host_off=lambda: reason) as served:
        answer = await get(served, "/host")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert words in answer.json()["error"]["message"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def history(*series):
    """A history of minutes: labels, and the value of each minute before now, the latest first."""
    reader = MemoryReader()
    for labels, values in series:
        reader.add(Labels(labels), [(NOW - minute * MINUTE, value) for minute, value in enumerate(values)])
    return History(engine=Engine(reader), clock=StillClock())


CPU = {"__name__": "node_cpu_usage", "instance": "web-1", "cpu_core": "0"}
DISK = {"__name__": "node_disk_usage", "instance": "web-1", "device": "x"}


async def test_findings_put_everything_together():
    past = history((CPU, [0.95] * 31 + [0.2] * 60), ({"__name__": "up", "job": "api", "instance": "b:80"}, [0.0] * 11 + [1.0] * 60))
    past.since("web-1", Budget())  # kernels are compiled before anybody waits for them
    past.disk_growth("web-1", Budget())
    with running(history=past, config_problem=lambda: "line 3") as served:
        answer = (await get(served, "/findings")).json()
    assert answer["as_of"] == NOW
    assert [(finding["title"], finding["since"]) for finding in answer["findings"]] == [
        ("Fusewatch's write queue is 99 % full", None),
        ("web-1 is using 95 % of its processor", NOW - 30 * MINUTE),
        ("1 of 2 targets of api do not answer", NOW - 10 * MINUTE),
        ("The configuration could not be loaded", None),
    ]
    assert set(answer["findings"][0]) == {"severity", "layer", "title", "detail", "since", "link"}


def test_history_tells_since_when_something_is_wrong():
    day = 24 * 60
    past = history(
        (CPU, [0.9] * 5 + [0.1] * 5),
        (
            {"__name__": "node_memory_usage", "instance": "web-1", "memory_type": "used"},
            [0.9] * (day + 10),
        ),  # for longer than it looks back
        ({"__name__": "node_memory_usage", "instance": "web-1", "memory_type": "cached"}, [0.9] * 60),
        ({**DISK, "mount_point": "/"}, [0.9] * 21 + [0.5] * 60),
        ({**DISK, "mount_point": "/data"}, [0.5] + [0.9] * 60),  # it has just got better
        ({**CPU, "instance": "another"}, [0.9] * 60),
        ({"__name__": "up", "job": "api", "instance": "a"}, [1.0] * 60),
        ({"__name__": "up", "job": "api", "instance": "b"}, [0.0] * 11 + [1.0] * 60),
    )
    assert past.since("web-1", Budget()) == {
        "cpu": NOW - 4 * MINUTE,
        "memory": NOW - day * MINUTE,
        "disk:/": NOW - 20 * MINUTE,
        "job:api": NOW - 10 * MINUTE,
    }
    assert history().since("web-1", Budget()) == {}


def test_the_growth_of_disks_is_read_from_the_machines_own_series():
    past = history(
        ({**DISK, "mount_point": "/"}, [0.5 - minute * 60e-6 for minute in range(120)]),
        ({**DISK, "mount_point": "/data"}, [0.5] * 120),
        ({**DISK, "mount_point": "/", "instance": "another"}, [minute / 1000 for minute in range(120)]),
    )
    assert past.disk_growth("web-1", Budget()) == pytest.approx({"/": 1e-6, "/data": 0.0})


def broken():
    raise ReadOnlyError("the store is gone")


class Unreadable(MemoryReader):
    def fetch(self, matchers, start, end, budget, windows=()):
        raise StorageError("the store is gone")


async def test_findings_survive_rooms_that_do_not_answer():
    past = History(engine=Engine(Unreadable()), clock=StillClock())
    with running(storage=broken, history=past) as served:
        answer = await get(served, "/findings")
    assert [finding["layer"] for finding in answer.json()["findings"]] == ["infrastructure", "service"]


@pytest.mark.parametrize(
    ("parameters", "instances"),
    [
        ({}, ["a:80", "b:80", "w:80"]),
        ({"job": "api"}, ["a:80", "b:80"]),
        ({"health": "down"}, ["b:80"]),
        ({"state": "unknown"}, ["w:80"]),
        ({"state": "any"}, ["a:80", "b:80", "w:80"]),
        ({"q": "EU"}, ["a:80"]),
        ({"q": "refused"}, ["b:80"]),
        ({"q": "nothing"}, []),
    ],
)
async def test_targets_are_filtered(own, parameters, instances):
    answer = (await get(own, "/targets", **parameters)).json()
    assert [target["instance"] for target in answer["targets"]] == instances
    assert answer["dropped"] == 7


async def test_components_storage_and_version(own):
    assert (await get(own, "/components")).json() == {
        "components": [{"name": "scrape", "state": "running", "since": NOW, "restarts": 0, "last_error": None, "reason": None}]
    }
    assert (await get(own, "/storage")).json()["retention"] == {"metrics": 0}
    assert (await get(own, "/version")).json()["listen"] == "127.0.0.1:9470"


async def tell(served, role=Role.OPERATOR, **event):
    async with served.client(role) as asking:
        return await asking.post("/events", json=event)


async def test_an_event_told_is_an_event_read(own):
    answer = await tell(own, kind="deployment", title="api 1.2", timestamp=NOW - 5_000, end=NOW, labels={"service": "api"}, source="ci")
    assert answer.status_code == 201
    [event] = (await get(own, "/events")).json()["events"]
    assert event == {
        "id": answer.json()["id"], "timestamp": NOW - 5_000, "end": NOW, "kind": "deployment", "title": "api 1.2",
        "text": "", "source": "ci", "labels": {"service": "api"},
    }  # fmt: skip


async def test_an_event_without_a_time_happened_now(own):
    await tell(own, kind="restart", title="x")
    assert next(iter(own.events.kept.values())).timestamp == NOW


async def test_telling_an_event_again_with_its_id_replaces_it(own):
    for title in ("begun", "done"):
        await tell(own, kind="deployment", title=title, id="deploy-7")
    assert [event.title for event in own.events.kept.values()] == ["done"]


async def test_events_are_read_by_time_and_kind(own):
    for before, kind in ((10, "deployment"), (2_000_000, "restart"), (90_000_000, "restart")):
        await tell(own, kind=kind, title=f"{before}", timestamp=NOW - before)
    titles = [event["title"] for event in (await get(own, "/events")).json()["events"]]
    assert titles == ["10", "2000000"]
    assert len((await get(own, "/events", start=0)).json()["events"]) == 3
    assert len((await get(own, "/events", start=0, kind="restart", limit=1)).json()["events"]) == 1


# what is sent, the field that is blamed, words
REFUSED = [
    ({"title": "x"}, "kind", "required"),
    ({"kind": "Deploy it", "title": "x"}, "kind", "pattern"),
    ({"kind": "x", "title": " "}, "title", "at least 1"),
    ({"kind": "x", "title": "x", "timestamp": NOW // 1000}, "timestamp", f"did you mean {NOW}"),
    ({"kind": "x", "title": "x", "timestamp": 5}, "timestamp", "expected milliseconds"),
    ({"kind": "x", "title": "x", "timestamp": NOW, "end": NOW - 1}, "", "end is before timestamp"),
    ({"kind": "x", "title": "x", "color": "red"}, "color", "Extra inputs"),
    ({"kind": "x", "title": "x", "labels": {"": "y"}}, "labels", "at least 1"),
]


@pytest.mark.parametrize(("event", "field", "words"), REFUSED)
async def test_a_bad_event_names_its_field(own, event, field, words):
    answer = await tell(own, **event)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_request")
    assert error.get("field", "").startswith(field)
    assert words in error["message"]
    assert own.events.kept == {}


@pytest.mark.parametrize(
    ("error", "status", "code"), [(OverloadedError("full", 3), 503, "unavailable"), (ReadOnlyError("disk"), 507, "storage_full")]
)
async def test_a_store_that_takes_nothing_says_so(own, error, status, code):
    own.events.error = error
    answer = await tell(own, kind="x", title="x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_every_route_declares_what_it_needs_and_is_described(own):
    assert undeclared(own.app.routes) == []
    own.app.openapi_url = "/openapi.json"
    document = own.app.openapi()
    for path, operations in document["paths"].items():
        assert path.startswith(PREFIX)
        for operation in operations.values():
            assert operation["description"], path
            assert operation["tags"], path


@pytest.mark.parametrize("path", ["/host", "/findings", "/targets", "/components", "/storage", "/version", "/events"])
async def test_reading_needs_a_viewer(own, path):
    assert (await get(own, path, role=None)).status_code == 401
    assert (await get(own, path)).status_code == 200


async def test_telling_needs_an_operator(own):
    assert (await tell(own, Role.VIEWER, kind="x", title="x")).status_code == 403
