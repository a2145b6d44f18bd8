"""One contract for folders and buckets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.storage.backup.conftest import access

from fusewatch.storage.backup.errors import TargetError, TargetFullError
from fusewatch.storage.backup.folder import FolderTarget
from fusewatch.storage.backup.s3 import S3Target
from fusewatch.storage.backup.target import S3Access, Target, open_target, read_whole


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "folder":
        return FolderTarget(tmp_path / "target", create=True)
    return S3Target(f"s3://bucket/{tmp_path.name}", access(request.getfixturevalue("s3")))


def test_what_was_written_is_listed_and_read_back(place: Target, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content := os.urandom(20 << 20))
    place.write("a/small", b"text")
    place.send("a/b/large", tmp_path / "file")
    place.write("other", b"")
    assert sorted((found.name, found.size) for found in place.find("a/")) == [("a/b/large", 20 << 20), ("a/small", 4)]
    assert {found.name for found in place.find("")} == {"a/b/large", "a/small", "other"}
    assert read_whole(place, "a/b/large") == content
    assert read_whole(place, "other") == b""


def test_an_object_is_replaced_and_removed(place: Target) -> None:
    place.write("a", b"1")
    place.write("a", b"2")
    assert read_whole(place, "a") == b"2"
    place.delete(["a", "never there"])
    with pytest.raises(FileNotFoundError):
        read_whole(place, "a")
    assert list(place.find("")) == []


def test_a_new_place_is_marked_and_one_of_something_else_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="there is no folder"):
        open_target(str(tmp_path / "new"))
    open_target(str(tmp_path / "new"), create=True)
    open_target(str(tmp_path / "new"))
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/thesis.tex").touch()
    with pytest.raises(TargetError, match="holds something else"):
        open_target(str(tmp_path / "foreign"), create=True)


def test_nothing_is_written_below_a_missing_mount(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="make it first"):
        open_target(str(tmp_path / "mount/backups"), create=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["ftp://host/folder", "gs://bucket", "s3:///prefix"])
def test_an_address_that_is_no_target_is_told(address: str) -> None:
    with pytest.raises(TargetError, match="s3://bucket/prefix"):
        open_target(address)


def test_a_bucket_that_is_not_there_is_named(s3: str) -> None:
    with pytest.raises(TargetError, match=f"there is no bucket elsewhere at {s3}: make it first"):
        open_target("s3://elsewhere/prefix", access(s3), create=True)


def test_a_server_that_is_not_there_is_named_without_the_secret() -> None:
    with pytest.raises(TargetError, match=r"s3://bucket at http://127\.0\.0\.1:9 can't be used") as caught:
        open_target("s3://bucket", access("http://127.0.0.1:9"))
    assert "a secret" not in str(caught.value) + repr(access("http://x"))
    assert len(str(caught.value).splitlines()) == 1


def test_keys_come_from_the_files_of_a_profile(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text("[backup]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    (tmp_path / "config").write_text(f"[profile backup]\nregion = us-east-1\nendpoint_url = {s3}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    target = open_target(f"s3://bucket/{tmp_path.name}", S3Access(profile="backup"), create=True)
    assert [found.name for found in target.find("")] == ["fusewatch-backups.json"]
    with pytest.raises(TargetError, match="there is no profile nobody"):
        open_target("s3://bucket", S3Access(profile="nobody"))


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        target = FolderTarget(disk)
        (tmp_path / "file").write_bytes(bytes(4 << 20))
        with pytest.raises(TargetFullError, match=r"no space left.*prune old backups"):
            target.send("a", tmp_path / "file")
        assert list(target.find("")) == []
        target.write("a", b"small")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
