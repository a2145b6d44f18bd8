"""Deliveries of the platforms: checked, understood, stored once."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx
import pytest
from tests.api.fusewatch.own import running

from fusewatch.access.need import Role
from fusewatch.api.config import EventsSettings, WebhooksSettings

pytestmark = pytest.mark.anyio

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
