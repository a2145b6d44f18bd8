"""Who may write is known to the receiver alone, whatever becomes of the engine."""

from __future__ import annotations

import os
import signal
import time

import pytest
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer

from fusewatch.access import tokens
from fusewatch.access.audit import Actor, Change
from fusewatch.access.offline import add_user, create_token
from fusewatch.records.config import RecordsSettings
from fusewatch.records.database import Database
from fusewatch.telemetry.clock import SystemClock

pytestmark = pytest.mark.e2e


@pytest.fixture
def database(tmp_path):
    (tmp_path / "data").mkdir()
    opened = Database.open(RecordsSettings(), tmp_path / "data")
    add_user(opened, name="ada", role="admin", password="correct horse 1")
    yield opened
    opened.close()


def write(server: RunningServer, token: str) -> int:
    body = remote_body([({"__name__": "written"}, [(int(time.time() * 1000), 1.0)])])
    return server.ask("/api/v1/write", body, Authorization=f"Bearer {token}", **HEADERS)[0]


def revoke(database: Database, name: str) -> None:
    with database.transaction() as session:
        [found] = [token for token in tokens.list_tokens(session) if token.name == name]
        tokens.revoke(Change(session, actor=Actor("test"), now_ms=SystemClock().now_ms()), found.id)


def test_with_the_engine_held_tokens_are_honoured_and_revoked_and_a_new_receiver_knows_them(database, tmp_path):
    kept, lost, low = (
        create_token(database, name=name, role=role) for name, role in (("kept", "operator"), ("lost", "operator"), ("low", "viewer"))
    )
    with RunningServer(tmp_path / "data", config="host: {enabled: false}\n") as server:
        assert write(server, kept) == write(server, lost) == 204
        assert (write(server, low), write(server, "nobody")) == (403, 401)
        engine = server.engine
        os.kill(engine, signal.SIGSTOP)
        try:
            assert write(server, kept) == 204
            revoke(database, "lost")
            server.wait_for(lambda: write(server, lost) == 401, within_s=10)
            server.kill_receiver()
            server.wait_for(lambda: write(server, kept) == 204)
            assert (write(server, lost), write(server, low), write(server, "nobody")) == (401, 403, 401)
        finally:
            os.kill(engine, signal.SIGCONT)
        server.wait_for(lambda: server.ask("/api/v1/query?query=written", Authorization=f"Bearer {kept}")[0] == 200)
