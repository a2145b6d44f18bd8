"""Who a request comes from, and what the figures learn of requests that never come to the door."""

from __future__ import annotations

import pytest
from tests.api.serving import Refusing

from fusewatch.access.identity import SCOPE_KEY, Identity
from fusewatch.access.need import Role
from fusewatch.ingest.remote_write_http import PROTOCOL, PROTOCOL_V2, RemoteWrite
from fusewatch.ingest.senders import Senders
from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError, StorageError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.senders import Sender

pytestmark = pytest.mark.anyio

TOKEN = Identity(name="prometheus", role=Role.OPERATOR, kind="token")
LOCAL = Identity(name="local", role=Role.ADMIN, kind="local")


def scope(identity=TOKEN, headers=(), client=("10.0.0.7", 4321)):
    return {"type": "http", "headers": list(headers), SCOPE_KEY: identity, "client": client}


@pytest.mark.parametrize(
    ("request_scope", "sender"),
    [
        (scope(headers=[(b"user-agent", b"Prometheus/3.5.0")]), Sender("p", "Prometheus/3.5.0", "prometheus", "10.0.0.7")),
        # Who needs no credentials has no name of its own.
        (scope(LOCAL), Sender("p", "", "", "10.0.0.7")),
        (scope(client=None), Sender("p", "", "prometheus", "")),
        (scope(headers=[(b"user-agent", b"x" * 5000)]), Sender("p", "x" * 120, "prometheus", "10.0.0.7")),
    ],
)
def test_a_sender_is_an_agent_an_identity_and_an_address(request_scope, sender):
    assert Senders()(request_scope, "p") == sender


def test_any_number_of_senders_is_told_apart_in_bounded_memory():
    senders = Senders()
    found = {senders(scope(client=(str(number), 1)), "p").address for number in range(5000)}
    assert len(found) == 5000
    assert len(senders._known) <= 1000


async def refusals(body, error=None, limit=100, headers=()):
    sink, told = Refusing(), []
    sink.error = error
    app = RemoteWrite(sink, body_limit=limit, refuse=lambda *one: told.append(one))

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message):
        pass

    await app(scope(headers=headers), receive, send)
    return told


@pytest.mark.parametrize(
    ("options", "reason", "words"),
    [
        ({"error": ValueError("snappy: corrupt input")}, Refusal.MALFORMED, "snappy: corrupt input"),
        ({"limit": 1}, Refusal.TOO_LARGE, "the body is larger than 1 bytes"),
        ({"headers": [(b"content-encoding", b"gzip")]}, Refusal.UNSUPPORTED, "gzip encoding"),
    ],
)
async def test_what_the_door_never_sees_is_counted_with_its_sender(options, reason, words):
    ((sender, found, message),) = await refusals(b"body", **options)
    assert (sender, found) == (Sender(PROTOCOL, "", "prometheus", "10.0.0.7"), reason)
    assert words in message


async def test_a_failure_of_our_own_is_counted():
    assert [reason for _, reason, _ in await refusals(b"body", StorageError("broken"))] == [Refusal.FAILED]


async def test_the_two_versions_of_remote_write_are_told_apart():
    told = await refusals(
        b"body", ValueError("x"), headers=[(b"content-type", b"application/x-protobuf;proto=io.prometheus.write.v2.Request")]
    )
    assert [sender.protocol for sender, _, _ in told] == [PROTOCOL_V2]


@pytest.mark.parametrize("error", [SamplesRejectedError("out of bounds", 3), OverloadedError("full")])
async def test_what_the_door_has_counted_is_not_counted_again(error):
    assert await refusals(b"body", error) == []
