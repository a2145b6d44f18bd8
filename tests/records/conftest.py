from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest

from fusewatch.records.config import RecordsSettings


@pytest.fixture(scope="session")
def postgresql():
    """The URL of a real PostgreSQL that listens on a socket in a folder of its own."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not installed:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed (pip install 'fusewatch[postgresql]')")
    account = _account()
    if account is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no account `postgres`")
    with tempfile.TemporaryDirectory(prefix="fusewatch-") as folder:
        if account:
            os.chown(folder, account["user"], account["group"])
        yield from _serve(installed[-1].parent, Path(folder), account)


def _account():
    if os.getuid():
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        return None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _serve(binaries, folder, account):
    def run(program, *arguments):
        subprocess.run([binaries / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)

    data = folder / "data"
    run("initdb", "-D", data, "-U", "fusewatch", "-A", "trust", "-N")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-D", data, "-o", options, "-l", data / "log", "-w", "start")
    try:
        yield f"postgresql://fusewatch@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request):
    """Settings of an empty database of either kind."""
    if request.param == "sqlite":
        return RecordsSettings()
    url = request.getfixturevalue("postgresql")
    name = f"test_{uuid.uuid4().hex}"
    import psycopg  # noqa: PLC0415 - optional

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return RecordsSettings(url=url.replace("/postgres?", f"/{name}?"))
