"""GitLab's webhooks: https://docs.gitlab.com/user/project/integrations/webhook_events/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fusewatch.api.fusewatch.webhooks.payload import Moment, Payload, labels, short
from fusewatch.telemetry.events import Event

_FINAL_STATES: Final = frozenset({"success", "failed", "canceled", "skipped"})


class _Project(Payload):
    path_with_namespace: str
    default_branch: str | None = None


class _User(Payload):
    username: str = ""


class _Deployment(Payload):
    deployment_id: int
    status: str
    status_changed_at: Moment
    environment: str = ""
    short_sha: str = ""
    ref: str = ""
    commit_title: str = ""
    deployable_url: str | None = None
    user: _User | None = None
    project: _Project

    def event(self) -> Event:
        project = self.project.path_with_namespace
        return Event(
            id=f"gitlab/{project}/deployment/{self.deployment_id}",
            # GitLab tells when the status changed, not when the deployment began.
            timestamp=self.status_changed_at,
            kind="deployment",
            title=f"{project} {self.ref or self.short_sha} to {self.environment or 'production'}: {self.status}",
            text=self.commit_title,
            source="gitlab",
            labels=labels(
                repository=project,
                environment=self.environment,
                version=self.ref,
                revision=self.short_sha,
                status=self.status,
                actor=self.user.username if self.user else "",
                url=self.deployable_url,
            ),
        )


class _Release(Payload):
    id: int
    tag: str
    name: str = ""
    url: str = ""
    action: str
    released_at: Moment
    project: _Project

    def event(self) -> Event | None:
        if self.action != "create":
            return None
        project = self.project.path_with_namespace
        return Event(
            id=f"gitlab/{project}/release/{self.id}",
            timestamp=self.released_at,
            kind="release",
            title=f"{project} {self.tag} released",
            text=self.name,
            source="gitlab",
            labels=labels(repository=project, version=self.tag, url=self.url),
        )


class _Commit(Payload):
    id: str
    title: str = ""
    timestamp: Moment
    url: str = ""


class _Push(Payload):
    ref: str
    checkout_sha: str | None = None
    user_username: str = ""
    commits: tuple[_Commit, ...] = ()
    project: _Project

    def event(self) -> Event | None:
        branch, project = self.ref.removeprefix("refs/heads/"), self.project.path_with_namespace
        head = next((commit for commit in self.commits if commit.id == self.checkout_sha), None)
        # A deleted branch has no head; other branches change nothing that runs.
        if head is None or branch != self.project.default_branch:
            return None
        return Event(
            id=f"gitlab/{project}/push/{head.id}",
            timestamp=head.timestamp,
            kind="push",
            title=f"{project} {branch} is now {short(head.id)}",
            text=head.title,
            source="gitlab",
            labels=labels(repository=project, branch=branch, revision=head.id, actor=self.user_username, url=head.url),
        )


class _PipelineDetail(Payload):
    id: int
    ref: str = ""
    sha: str = ""
    status: str
    created_at: Moment
    finished_at: Moment | None = None
    url: str = ""


class _Pipeline(Payload):
    object_attributes: _PipelineDetail
    user: _User | None = None
    project: _Project

    def event(self) -> Event | None:
        detail, project = self.object_attributes, self.project.path_with_namespace
        if detail.status not in _FINAL_STATES:
            return None
        return Event(
            id=f"gitlab/{project}/pipeline/{detail.id}",
            timestamp=detail.created_at,
            end=detail.finished_at or 0,
            kind="pipeline",
            title=f"{project} pipeline {detail.id}: {detail.status}",
            source="gitlab",
            labels=labels(
                repository=project,
                branch=detail.ref,
                revision=detail.sha,
                status=detail.status,
                actor=self.user.username if self.user else "",
                url=detail.url,
            ),
        )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Event | None]]] = {
    "deployment": lambda payload: _Deployment.model_validate(payload).event(),
    "release": lambda payload: _Release.model_validate(payload).event(),
    "push": lambda payload: _Push.model_validate(payload).event(),
    "pipeline": lambda payload: _Pipeline.model_validate(payload).event(),
}


def understand(payload: Mapping[str, Any]) -> Event | None:
    """The event that a delivery tells of; None when it tells of nothing that we keep.

    The id is made of GitLab's own, so a redelivery replaces itself, and a deployment's next status updates its deployment.

    Raises:
        pydantic.ValidationError: a field that we read is missing or has another type.
    """
    read = _READERS.get(str(payload.get("object_kind")))
    return None if read is None else read(payload)
