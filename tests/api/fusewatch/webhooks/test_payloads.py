"""Payloads of GitHub, GitLab and Argo CD, cut to what their documentation shows, become events with stable ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fusewatch.api.fusewatch.webhooks import argocd, github, gitlab

REPOSITORY = {"id": 1296269, "full_name": "octo-org/octo-repo", "default_branch": "main", "private": False}
DEPLOYMENT = {
    "id": 145988746,
    "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
    "ref": "v1.4.2",
    "environment": "production",
    "description": None,
    "creator": {"login": "octocat"},
    "created_at": "2026-01-15T15:20:53Z",
}
STATUS = {"state": "success", "description": "all up", "target_url": "https://ci.example/1", "created_at": "2026-01-15T15:22:53Z"}
AT = 1768490453_000


def test_a_deployment_of_github_and_its_status_are_one_event():
    begun = github.understand("deployment", {"deployment": DEPLOYMENT, "repository": REPOSITORY})
    ended = github.understand("deployment_status", {"deployment": DEPLOYMENT, "deployment_status": STATUS, "repository": REPOSITORY})
    assert begun.id == ended.id == "github/octo-org/octo-repo/deployment/145988746"
    assert (begun.timestamp, begun.end) == (AT, 0)
    assert (ended.timestamp, ended.end) == (AT, AT + 120_000)
    assert (ended.kind, ended.source) == ("deployment", "github")
    assert ended.title == "octo-org/octo-repo v1.4.2 to production: success"
    assert ended.text == "all up"
    assert ended.labels == {
        "repository": "octo-org/octo-repo",
        "environment": "production",
        "version": "v1.4.2",
        "revision": DEPLOYMENT["sha"],
        "status": "success",
        "actor": "octocat",
        "url": "https://ci.example/1",
    }


def test_a_release_of_github_counts_when_it_is_published():
    release = {"id": 7, "tag_name": "v2.0", "name": "Two", "html_url": "https://x", "published_at": "2026-01-15T15:20:53Z"}
    event = github.understand("release", {"action": "published", "release": release, "repository": REPOSITORY})
    assert (event.kind, event.title, event.timestamp) == ("release", "octo-org/octo-repo v2.0 released", AT)
    assert github.understand("release", {"action": "created", "release": release, "repository": REPOSITORY}) is None


def push(ref="refs/heads/main", head=True):
    commit = {"id": "abc123", "message": "Fix login\n\nlong text", "timestamp": "2026-01-15T16:20:53+01:00", "url": "https://x"}
    return {
        "ref": ref,
        "after": "abc123def456",
        "head_commit": commit if head else None,
        "pusher": {"name": "me"},
        "repository": REPOSITORY,
    }


def test_a_push_to_the_default_branch_is_kept_and_others_are_not():
    event = github.understand("push", push())
    assert (event.kind, event.title, event.text) == ("push", "octo-org/octo-repo main is now abc123de", "Fix login")
    assert event.timestamp == AT
    assert github.understand("push", push(ref="refs/heads/topic")) is None
    assert github.understand("push", push(head=False)) is None


def test_a_finished_workflow_run_lasts_from_its_start_to_its_end():
    run = {
        "id": 30433642,
        "name": "Build",
        "conclusion": "failure",
        "head_branch": "main",
        "head_sha": "acb5820c",
        "html_url": "https://x",
        "run_started_at": "2026-01-15T15:20:53Z",
        "updated_at": "2026-01-15T15:22:53Z",
    }
    event = github.understand("workflow_run", {"action": "completed", "workflow_run": run, "repository": REPOSITORY})
    assert (event.kind, event.title, event.end - event.timestamp) == ("pipeline", "octo-org/octo-repo Build: failure", 120_000)
    assert github.understand("workflow_run", {"action": "requested", "workflow_run": run, "repository": REPOSITORY}) is None


@pytest.mark.parametrize("name", ["ping", "issues", ""])
def test_what_github_tells_besides_is_ignored(name):
    assert github.understand(name, {"zen": "Keep it logically awesome."}) is None


PROJECT = {"path_with_namespace": "gitlab-org/gitlab-test", "default_branch": "master"}


def test_a_deployment_of_gitlab_keeps_its_id_through_its_statuses():
    payload = {
        "object_kind": "deployment",
        "status": "success",
        "status_changed_at": "2026-01-15 16:20:53 +0100",
        "deployment_id": 15,
        "deployable_url": "http://10.126.0.2:3000/root/test-deployment-webhooks/-/jobs/796",
        "environment": "staging",
        "project": PROJECT,
        "short_sha": "279484c0",
        "user": {"username": "root"},
        "commit_title": "Add new file",
        "ref": "1.0.0",
    }
    event = gitlab.understand(payload)
    assert (event.id, event.timestamp) == ("gitlab/gitlab-org/gitlab-test/deployment/15", AT)
    assert event.title == "gitlab-org/gitlab-test 1.0.0 to staging: success"
    assert gitlab.understand({**payload, "status": "running"}).id == event.id


def test_a_release_a_push_and_a_pipeline_of_gitlab():
    release = {"object_kind": "release", "id": 1, "tag": "v1.1", "name": "x", "action": "create", "released_at": "2026-01-15 15:20:53 UTC"}
    assert gitlab.understand({**release, "project": PROJECT}).title == "gitlab-org/gitlab-test v1.1 released"
    assert gitlab.understand({**release, "action": "update", "project": PROJECT}) is None

    commit = {"id": "da1560886d4f", "title": "Fix", "timestamp": "2026-01-15T16:20:53+01:00", "url": "https://x"}
    pushed = {"object_kind": "push", "ref": "refs/heads/master", "checkout_sha": "da1560886d4f", "commits": [commit], "project": PROJECT}
    assert gitlab.understand(pushed).title == "gitlab-org/gitlab-test master is now da156088"
    assert gitlab.understand({**pushed, "checkout_sha": None, "commits": []}) is None

    detail = {"id": 31, "ref": "master", "sha": "bcbb5ec3", "status": "success", "created_at": "2026-01-15 15:20:53 UTC"}
    finished = {**detail, "finished_at": "2026-01-15 15:21:56 UTC"}
    event = gitlab.understand({"object_kind": "pipeline", "object_attributes": finished, "project": PROJECT})
    assert (event.title, event.end - event.timestamp) == ("gitlab-org/gitlab-test pipeline 31: success", 63_000)
    assert gitlab.understand({"object_kind": "pipeline", "object_attributes": {**detail, "status": "running"}, "project": PROJECT}) is None


APPLICATION = {
    "metadata": {"name": "guestbook", "namespace": "argocd"},
    "spec": {"project": "default", "destination": {"namespace": "shop", "server": "https://kubernetes.default.svc"}},
    "status": {
        "health": {"status": "Healthy"},
        "operationState": {
            "phase": "Succeeded",
            "message": "successfully synced",
            "startedAt": "2026-01-15T15:20:53Z",
            "finishedAt": "2026-01-15T15:21:03Z",
            "syncResult": {"revision": "53e28ff20cc530b9ada2173fbbd64d48338583ba"},
        },
    },
}


@pytest.mark.parametrize("payload", [APPLICATION, {"app": APPLICATION}, {"application": APPLICATION}])
def test_a_sync_of_argo_cd_is_a_deployment(payload):
    event = argocd.understand(payload)
    assert event.id == f"argocd/argocd/guestbook/{AT}"
    assert (event.kind, event.title, event.end - event.timestamp) == ("deployment", "guestbook 53e28ff2 to shop: succeeded", 10_000)
    assert event.labels["service"] == "guestbook"
    assert event.labels["health"] == "healthy"


def test_an_application_that_was_never_synced_tells_nothing():
    assert argocd.understand({**APPLICATION, "status": {}}) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
keys = st.sampled_from(
    ["deployment", "deployment_status", "repository", "release", "project", "metadata", "status", "object_kind", "app", "action"]
)


@given(
    st.dictionaries(keys, anything | st.sampled_from([DEPLOYMENT, STATUS, REPOSITORY, PROJECT, "published", "push", "deployment"])),
    st.sampled_from(["deployment", "push", "release", "workflow_run", "deployment_status"]),
)
def test_a_payload_is_understood_ignored_or_refused_with_a_reason(payload, name):
    for understand in (lambda it: github.understand(name, it), gitlab.understand, argocd.understand):
        try:
            event = understand(payload)
        except ValidationError as refusal:
            assert refusal.errors()  # noqa: PT017  any of the three is right
        else:
            assert event is None or event.id
