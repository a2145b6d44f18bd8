"""GitHub's webhooks: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fusewatch.api.fusewatch.webhooks.payload import Moment, Payload, labels, short
from fusewatch.telemetry.events import Event

_FINAL_STATES: Final = frozenset({"success", "failure", "error", "inactive"})


class _Repository(Payload):
    full_name: str
    default_branch: str = ""


class _Person(Payload):
    login: str = ""


class _DeploymentDetail(Payload):
    id: int
    sha: str = ""
    ref: str = ""
    environment: str = ""
    description: str | None = None
    creator: _Person | None = None
    created_at: Moment


class _DeploymentStatus(Payload):
    state: str
    description: str | None = None
    target_url: str | None = None
    created_at: Moment


class _Deployment(Payload):
    deployment: _DeploymentDetail
    deployment_status: _DeploymentStatus | None = None
    repository: _Repository

    def event(self) -> Event:
        detail, status = self.deployment, self.deployment_status
        state = status.state if status else "created"
        return Event(
            id=f"github/{self.repository.full_name}/deployment/{detail.id}",
            timestamp=detail.created_at,
            end=status.created_at if status and state in _FINAL_STATES else 0,
            kind="deployment",
            title=f"{self.repository.full_name} {detail.ref or short(detail.sha)} to {detail.environment or 'production'}: {state}",
            text=(status.description if status else None) or detail.description or "",
            source="github",
            labels=labels(
                repository=self.repository.full_name,
                environment=detail.environment,
                version=detail.ref,
                revision=detail.sha,
                status=state,
                actor=detail.creator.login if detail.creator else "",
                url=status.target_url if status else "",
            ),
        )


class _ReleaseDetail(Payload):
    id: int
    tag_name: str
    name: str | None = None
    html_url: str = ""
    body: str | None = None
    author: _Person | None = None
    published_at: Moment


class _Release(Payload):
    release: _ReleaseDetail
    repository: _Repository

    def event(self) -> Event:
        detail = self.release
        return Event(
            id=f"github/{self.repository.full_name}/release/{detail.id}",
            timestamp=detail.published_at,
            kind="release",
            title=f"{self.repository.full_name} {detail.tag_name} released",
            text=detail.name or "",
            source="github",
            labels=labels(
                repository=self.repository.full_name,
                version=detail.tag_name,
                actor=detail.author.login if detail.author else "",
                url=detail.html_url,
            ),
        )


class _Commit(Payload):
    id: str
    message: str = ""
    timestamp: Moment
    url: str = ""


class _Pusher(Payload):
    name: str = ""


class _Push(Payload):
    ref: str
    after: str
    head_commit: _Commit | None = None
    pusher: _Pusher | None = None
    repository: _Repository

    def event(self) -> Event | None:
        branch = self.ref.removeprefix("refs/heads/")
        # A deleted branch has no head; other branches change nothing that runs.
        if self.head_commit is None or branch != self.repository.default_branch:
            return None
        return Event(
            id=f"github/{self.repository.full_name}/push/{self.after}",
            timestamp=self.head_commit.timestamp,
            kind="push",
            title=f"{self.repository.full_name} {branch} is now {short(self.after)}",
            text=self.head_commit.message.partition("\n")[0],
            source="github",
            labels=labels(
                repository=self.repository.full_name,
                branch=branch,
                revision=self.after,
                actor=self.pusher.name if self.pusher else "",
                url=self.head_commit.url,
            ),
        )


class _RunDetail(Payload):
    id: int
    name: str | None = None
    conclusion: str | None = None
    head_branch: str | None = None
    head_sha: str = ""
    html_url: str = ""
    run_started_at: Moment
    updated_at: Moment


class _WorkflowRun(Payload):
    workflow_run: _RunDetail
    repository: _Repository

    def event(self) -> Event:
        run = self.workflow_run
        return Event(
            id=f"github/{self.repository.full_name}/run/{run.id}",
            timestamp=run.run_started_at,
            end=run.updated_at,
            kind="pipeline",
            title=f"{self.repository.full_name} {run.name or 'workflow'}: {run.conclusion or 'done'}",
            source="github",
            labels=labels(
                repository=self.repository.full_name,
                branch=run.head_branch,
                revision=run.head_sha,
                status=run.conclusion,
                url=run.html_url,
            ),
        )


_Reader = Callable[[Mapping[str, Any]], Event | None]
#: Event and, where it has several, the one action that says something happened.
_READERS: Final[Mapping[tuple[str, str | None], _Reader]] = {
    ("deployment", None): lambda payload: _Deployment.model_validate(payload).event(),
    ("deployment_status", None): lambda payload: _Deployment.model_validate(payload).event(),
    ("release", "published"): lambda payload: _Release.model_validate(payload).event(),
    ("push", None): lambda payload: _Push.model_validate(payload).event(),
    ("workflow_run", "completed"): lambda payload: _WorkflowRun.model_validate(payload).event(),
}


def understand(name: str, payload: Mapping[str, Any]) -> Event | None:
    """The event that a delivery tells of; None when it tells of nothing that we keep (a ping, another branch).

    ``name`` is the header ``X-GitHub-Event``. The id is made of GitHub's own, so a redelivery replaces itself, and a deployment's status
    updates its deployment.

    Raises:
        pydantic.ValidationError: a field that we read is missing or has another type.
    """
    read = _READERS.get((name, None)) or _READERS.get((name, str(payload.get("action"))))
    return None if read is None else read(payload)
