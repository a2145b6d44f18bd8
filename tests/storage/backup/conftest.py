"""A store, a target, and the words to bring one into the other."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from fusewatch.storage.backup.catalog import choose
from fusewatch.storage.backup.creating import Copied, Source, create_backup
from fusewatch.storage.backup.manifest import Manifest, Origin
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.restoring import restore
from fusewatch.storage.backup.sending import LocalFile
from fusewatch.storage.backup.target import S3Access, Target, open_target
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return open_target(str(tmp_path / "backups"), create=True)


def back_up(store: MetricStore, target: Target, **files: bytes) -> Manifest:
    """A backup of a store and of further files."""

    def copy(staging: Path) -> Copied:
        for name, content in files.items():
            (staging / name).write_bytes(content)
        return Copied([LocalFile(staging / name, name) for name in files])

    freezer = store.freezer()
    source = Source(freezer=freezer, copy=copy, staging=freezer.data_dir / "staging", origin=Origin("1", "here", str(freezer.data_dir)))
    return create_backup(source, target, clock=SystemClock(), progress=Progress())


def bring_back(target: Target, folder: Path, *, backup: str | None = None, at: int | None = None, force: bool = False) -> Manifest:
    """Restores a backup into a folder."""
    manifest = choose(target, backup=backup, at=at)
    restore(target, manifest, folder, force=force, progress=Progress())
    return manifest


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3-compatible server with a bucket ``bucket``."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    urllib.request.urlopen(urllib.request.Request(f"{url}/bucket", method="PUT")).close()
    yield url
    server.stop()


def access(endpoint: str) -> S3Access:
    return S3Access(endpoint=endpoint, region="us-east-1", access_key_id="key", secret_access_key="a secret")
