"""Our own API, asked as its pages and pipelines ask it."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from tests.api.serving import NOW, As, StillClock
from tests.promql.memory import MemoryReader

from fusewatch.access.need import Role
from fusewatch.access.refusals import Refused, refused_handler
from fusewatch.access.routing import undeclared
from fusewatch.api.config import EventsSettings, WebhooksSettings
from fusewatch.api.fusewatch.errors import exception_handlers
from fusewatch.api.fusewatch.forecast import disk_growth
from fusewatch.api.fusewatch.models import Cpu, Host, Load, Memory, MemoryByType, Storage, Target, Version
from fusewatch.api.fusewatch.router import PREFIX, own_router
from fusewatch.api.fusewatch.services import OwnServices
from fusewatch.api.middleware.stack import stack
from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.promql.engine import Engine
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError

pytestmark = pytest.mark.anyio


class EventList:
    """Events by id, as the store keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, Event] = {}
        self.error: Exception | None = None

    async def write_event(self, event: Event) -> None:
        if self.error:
            raise self.error
        self.kept[event.id] = event

    def events(self, start, end, kinds=(), limit=1000):
        found = [
            e for e in self.kept.values() if e.timestamp <= end and max(e.end, e.timestamp) >= start and (not kinds or e.kind in kinds)
        ]
        return sorted(found, key=lambda event: -event.timestamp)[:limit]


@dataclass(frozen=True)
class Status:
    name: str
    state: str
    since: int
    restarts: int = 0
    last_error: str | None = None
    reason: str | None = None


def host():
    return Host(
        hostname="web-1", platform="Linux", timestamp=NOW, boot_time=0, uptime_seconds=1.5, cpu=Cpu(usage=0.95, cores=[]),
        load=Load(one_minute=1, five_minutes=2, fifteen_minutes=3), memory=Memory(total_bytes=1, available_bytes=1, by_type=MemoryByType()),
    )  # fmt: skip


TARGETS = [
    Target(job="api", instance="a:80", scrape_url="http://a:80/metrics", health="up", scrape_interval_seconds=15, labels={"zone": "eu"}),
    Target(job="api", instance="b:80", scrape_url="http://b:80/metrics", health="down", last_error="refused", scrape_interval_seconds=15),
    Target(job="web", instance="w:80", scrape_url="http://w:80/metrics", health="unknown", scrape_interval_seconds=15),
]


@dataclass
class Own:
    """The app, its events, and a client's view of it."""

    app: FastAPI
    events: EventList

    def client(self, role=Role.ADMIN):
        return httpx.AsyncClient(transport=httpx.ASGITransport(As(self.app, role)), base_url=f"http://here{PREFIX}")


@contextmanager
def running(**changes):
    events = EventList()
    parts = {
        "clock": StillClock(),
        "pool": QueryPool(PoolLimits(workers=1)),
        "host": host,
        "targets": lambda: (TARGETS, 7),
        "components": lambda: [Status("scrape", "running", NOW)],
        "storage": lambda: Storage(series=5, queue_bytes=99, queue_limit_bytes=100),
        "version": lambda: Version(version="1", python="3.11", platform="Linux", started_at=NOW, listen="127.0.0.1:9470"),
        "event_sink": events,
        "event_reader": events,
    }
    services = OwnServices(**{**parts, **changes})
    app = FastAPI(openapi_url=None, middleware=stack(), exception_handlers={Refused: refused_handler, **exception_handlers()})
    app.include_router(own_router(services))
    try:
        yield Own(app, events)
    finally:
        services.pool.close()


@pytest.fixture
def own():
    with running() as served:
        yield served


async def get(served, path, role=Role.VIEWER, **parameters):
    async with served.client(role) as asking:
        return await asking.get(path, params=parameters)


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


async def test_findings_put_everything_together():
    with running(disk_growth=lambda: {"/": 1.0}, config_problem=lambda: "line 3") as served:
        answer = (await get(served, "/findings")).json()
    assert answer["as_of"] == NOW
    assert [finding["title"] for finding in answer["findings"]] == [
        "Fusewatch's write queue is 99 % full",
        "web-1 is using 95 % of its processor",
        "1 of 2 targets of api do not answer",
        "The configuration could not be loaded",
    ]
    assert set(answer["findings"][0]) == {"severity", "layer", "title", "detail", "since", "link"}


def broken():
    raise ReadOnlyError("the store is gone")


def unanswerable():
    raise ZeroDivisionError


async def test_findings_survive_rooms_that_do_not_answer():
    with running(storage=broken, disk_growth=unanswerable, host=lambda: None) as served:
        answer = await get(served, "/findings")
    assert [finding["layer"] for finding in answer.json()["findings"]] == ["service"]


def test_the_growth_of_disks_is_read_from_the_machines_own_series():
    reader = MemoryReader()
    for mount, rate in (("/", 1e-6), ("/data", 0.0)):
        labels = Labels({"__name__": "node_disk_usage", "mount_point": mount, "device": "x"})
        reader.add(labels, [(NOW - before * 1000, 0.5 - before * rate) for before in range(0, 7200, 600)])
    growth = disk_growth(Engine(reader), NOW)
    assert growth == pytest.approx({"/": 1e-6, "/data": 0.0})


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


SECRETS = EventsSettings.model_validate({"webhooks": {"github": {"secret": "g-secret"}, "gitlab": {"secret": "l-secret"}}}).webhooks
RELEASE = {
    "action": "published",
    "release": {"id": 7, "tag_name": "v2", "published_at": "2023-11-14T22:00:00Z"},
    "repository": {"full_name": "octo/repo"},
}
GITLAB = {
    "object_kind": "release",
    "id": 1,
    "tag": "v1",
    "action": "create",
    "released_at": "2023-11-14 22:00:00 UTC",
    "project": {"path_with_namespace": "a/b"},
}
ARGO = {"metadata": {"name": "shop"}, "status": {"operationState": {"phase": "Succeeded", "startedAt": "2023-11-14T22:00:00Z"}}}


def signed(body, secret="g-secret"):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def deliver(served, platform, payload, headers=None, role=None):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    async with served.client(role) as asking:
        return await asking.post(f"/events/{platform}", content=body, headers=headers or {})


async def github(served, payload=RELEASE, *, signature=None, role=None, name="release"):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return await deliver(served, "github", body, {"X-GitHub-Event": name, "X-Hub-Signature-256": signature or signed(body)}, role)


async def test_a_signed_delivery_needs_no_login_and_its_repetition_is_harmless():
    with running(webhooks=lambda: SECRETS) as served:
        first, again = await github(served), await github(served)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json() == {"status": "stored", "id": "github/octo/repo/release/7"}
        assert len(served.events.kept) == 1
        by_gitlab = await deliver(served, "gitlab", GITLAB, {"X-Gitlab-Token": "l-secret"})
        assert (by_gitlab.status_code, by_gitlab.json()["id"]) == (201, "gitlab/a/b/release/1")


async def test_a_delivery_as_a_form_is_understood_too():
    with running(webhooks=lambda: SECRETS) as served:
        body = str(httpx.QueryParams({"payload": json.dumps(RELEASE)})).encode()
        headers = {"X-GitHub-Event": "release", "X-Hub-Signature-256": signed(body), "Content-Type": "application/x-www-form-urlencoded"}
        assert (await deliver(served, "github", body, headers)).status_code == 201


async def test_a_delivery_with_a_wrong_signature_is_refused():
    with running(webhooks=lambda: SECRETS) as served:
        assert (await github(served, signature="sha256=00")).status_code == 401
        assert (await github(served, signature=signed(b"other"))).status_code == 401
        assert (await github(served, signature=signed(json.dumps(RELEASE).encode(), "guess"), role=Role.ADMIN)).status_code == 401
        assert (await deliver(served, "gitlab", GITLAB, {"X-Gitlab-Token": "guess"})).status_code == 401
        assert (await deliver(served, "gitlab", GITLAB)).status_code == 401
        assert served.events.kept == {}


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.VIEWER, 403), (Role.OPERATOR, 201)])
async def test_without_a_secret_a_delivery_needs_a_token(own, role, status):
    assert (await github(own, role=role)).status_code == status
    assert (await deliver(own, "gitlab", GITLAB, role=role)).status_code == status
    assert (await deliver(own, "argocd", ARGO, role=role)).status_code == status


async def test_a_secret_that_can_not_be_read_opens_nothing(tmp_path):
    settings = WebhooksSettings.model_validate({"github": {"secret_file": "missing"}})
    with running(webhooks=lambda: settings, secrets_base=tmp_path) as served:
        assert (await github(served)).status_code == 503
        (tmp_path / "missing").write_text("g-secret\n")
        assert (await github(served)).status_code == 201


@pytest.mark.parametrize(
    ("payload", "status", "field"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        ({"action": "published", "release": {"id": 7}}, 400, "release.tag_name"),
        ({"action": "created"}, 202, None),
    ],
)
async def test_what_a_delivery_lacks_is_named(own, payload, status, field):
    answer = await github(own, payload, role=Role.OPERATOR)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"].get("field") == field
    else:
        assert answer.json() == {"status": "ignored", "id": None}


def test_a_webhook_has_one_secret():
    with pytest.raises(ValueError, match="at most one of secret and secret_file"):
        WebhooksSettings.model_validate({"github": {"secret": "x", "secret_file": "y"}})


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
