"""Argo CD's notifications: a webhook whose body is the application, ``{{toJson .app}}``.

https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fusewatch.api.fusewatch.webhooks.payload import Moment, Payload, labels, short
from fusewatch.telemetry.events import Event

_WRAPPERS: Final = ("app", "application")


class _Metadata(Payload):
    name: str
    namespace: str = "argocd"


class _Destination(Payload):
    namespace: str = ""
    server: str = ""
    name: str = ""


class _Spec(Payload):
    project: str = "default"
    destination: _Destination = _Destination()


class _SyncResult(Payload):
    revision: str = ""


class _Operation(Payload):
    phase: str
    message: str = ""
    startedAt: Moment  # noqa: N815  Argo CD's name
    finishedAt: Moment | None = None  # noqa: N815
    syncResult: _SyncResult = _SyncResult()  # noqa: N815


class _Health(Payload):
    status: str = ""


class _Status(Payload):
    operationState: _Operation | None = None  # noqa: N815
    health: _Health = _Health()


class _Application(Payload):
    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status

    def event(self) -> Event | None:
        operation = self.status.operationState
        if operation is None:
            return None
        name, revision = self.metadata.name, operation.syncResult.revision
        return Event(
            id=f"argocd/{self.metadata.namespace}/{name}/{operation.startedAt}",
            timestamp=operation.startedAt,
            end=operation.finishedAt or 0,
            kind="deployment",
            title=f"{name} {short(revision)}".strip()
            + f" to {self.spec.destination.namespace or 'the cluster'}: {operation.phase.lower()}",
            text=operation.message,
            source="argocd",
            labels=labels(
                service=name,
                project=self.spec.project,
                namespace=self.spec.destination.namespace,
                cluster=self.spec.destination.name or self.spec.destination.server,
                revision=revision,
                status=operation.phase.lower(),
                health=self.status.health.status.lower(),
            ),
        )


def understand(payload: Mapping[str, Any]) -> Event | None:
    """The sync that the application tells of, None before its first; the id is the application's and the sync's start.

    Raises:
        pydantic.ValidationError: the body is not an application.
    """
    wrapped = next((payload[key] for key in _WRAPPERS if isinstance(payload.get(key), Mapping)), payload)
    return _Application.model_validate(wrapped).event()
