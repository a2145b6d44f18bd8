"""``POST /events/github``, ``/events/gitlab`` and ``/events/argocd``.

With a secret in the settings a delivery is checked by it and needs no login; without one it needs an API token that may tell events, as
password of basic authentication or as ``Authorization: Bearer``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from fusewatch.access.guard import enforce
from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.config import WebhookSettings, WebhooksSettings
from fusewatch.api.fusewatch.errors import ApiProblem
from fusewatch.api.fusewatch.models import Answer
from fusewatch.api.fusewatch.webhooks import argocd, github, gitlab, signatures
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.ports import EventSink


class Delivery(Answer):
    """What became of a delivery: an event, or nothing because it tells of nothing that we keep."""

    status: Literal["stored", "ignored"]
    id: str | None = None


def webhooks_router(*, sink: EventSink, settings: Callable[[], WebhooksSettings], base: Path | None = None) -> APIRouter:
    """The three platforms' endpoints; ``base`` is where relative secret files are looked for."""
    router = APIRouter(prefix="/events", tags=["events"])

    async def store(event: Event | None, response: Response) -> Delivery:
        if event is None:
            response.status_code = 202
            return Delivery(status="ignored")
        await sink.write_event(event)
        return Delivery(status="stored", id=event.id)

    @router.post("/github", status_code=201, dependencies=[needs(Need.PUBLIC)])
    async def from_github(request: Request, response: Response) -> Delivery:
        """Deployments, releases, pushes to the default branch and workflow runs; checked by ``X-Hub-Signature-256``."""
        body = await request.body()
        secret = _secret(settings().github, base)
        if secret is None:
            enforce(request.scope, Need.OPERATOR)
        elif not signatures.github_signature_fits(secret, body, request.headers.get("x-hub-signature-256", "")):
            raise ApiProblem(401, "X-Hub-Signature-256 does not fit the secret in events.webhooks.github")
        name = request.headers.get("x-github-event", "")
        return await store(_understood(lambda payload: github.understand(name, payload), _github_payload(request, body)), response)

    @router.post("/gitlab", status_code=201, dependencies=[needs(Need.PUBLIC)])
    async def from_gitlab(request: Request, response: Response) -> Delivery:
        """Deployments, releases, pushes to the default branch and finished pipelines; checked by ``X-Gitlab-Token``."""
        secret = _secret(settings().gitlab, base)
        if secret is None:
            enforce(request.scope, Need.OPERATOR)
        elif not signatures.gitlab_token_fits(secret, request.headers.get("x-gitlab-token", "")):
            raise ApiProblem(401, "X-Gitlab-Token is not the secret in events.webhooks.gitlab")
        return await store(_understood(gitlab.understand, _json(await request.body())), response)

    @router.post("/argocd", status_code=201, dependencies=[needs(Need.OPERATOR)])
    async def from_argocd(request: Request, response: Response) -> Delivery:
        """Syncs of an application; the body is ``{{toJson .app}}``, the login an API token."""
        return await store(_understood(argocd.understand, _json(await request.body())), response)

    return router


def _secret(settings: WebhookSettings, base: Path | None) -> str | None:
    try:
        return settings.read(base)
    except OSError as error:
        # Without its secret a delivery can't be checked, and unchecked ones are not taken.
        raise ApiProblem(503, "the secret file of this webhook can't be read") from error


def _github_payload(request: Request, body: bytes) -> Mapping[str, Any]:
    """The payload of either content type that GitHub offers."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(body.decode("utf-8", "replace")).get("payload", [""])[0].encode()
    return _json(body)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiProblem(400, f"the body is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise ApiProblem(400, "the body is not a JSON object")
    return payload


def _understood(understand: Callable[[Mapping[str, Any]], Event | None], payload: Mapping[str, Any]) -> Event | None:
    try:
        return understand(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ApiProblem(400, f"{field}: {first['msg']}", field=field) from error
