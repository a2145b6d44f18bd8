"""Whatever is damaged at the target is named, by verifying and by restoring, and nothing is replaced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import NOW, write

from fusewatch.storage.backup.catalog import find_backups
from fusewatch.storage.backup.errors import DamagedError
from fusewatch.storage.backup.manifest import Manifest
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.target import Target
from fusewatch.storage.backup.verifying import verify
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels


@pytest.fixture
def manifest(store: MetricStore, target: Target) -> Manifest:
    write(store, {Labels({"__name__": "up", "n": str(n)}): {NOW - k * 15_000: k / 7 for k in range(500)} for n in range(5)})
    return back_up(store, target, notes=b"n" * 5000)


def problems(target: Target) -> list[str]:
    return verify(target, find_backups(target), progress=Progress())


def test_a_backup_that_nobody_touched_has_no_problems(manifest: Manifest, target: Target) -> None:
    assert problems(target) == []


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes(content[: len(content) // 2] if how == "cut" else content)
    if how == "gone":
        path.unlink()


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_each_damaged_content_is_named_with_its_file(manifest: Manifest, target: Target, tmp_path: Path, how: str) -> None:
    held = [(name, entry) for name, entry in manifest.entries() if entry.inline is None]
    assert len(held) >= 2
    for name, entry in held:
        path = tmp_path / "backups/contents" / entry.sha256[:2] / entry.sha256
        whole = path.read_bytes()
        damage(path, how)
        [problem] = problems(target)
        assert name in problem
        assert entry.sha256 in problem
        with pytest.raises(DamagedError, match=name.replace(".", r"\.")):
            bring_back(target, tmp_path / "new")
        assert not (tmp_path / "new/fusewatch.json").exists()
        path.write_bytes(whole)
    assert problems(target) == []


def test_a_damaged_manifest_is_named_at_any_byte(manifest: Manifest, target: Target, tmp_path: Path) -> None:
    path = tmp_path / f"backups/backups/{manifest.id}.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        [problem] = problems(target)
        assert f"backups/{manifest.id}.json" in problem
        with pytest.raises(DamagedError, match="damaged"):
            bring_back(target, tmp_path / "new", backup=manifest.id)


def test_an_incremental_backup_repairs_what_is_missing(manifest: Manifest, store: MetricStore, target: Target, tmp_path: Path) -> None:
    for path in (tmp_path / "backups/contents").rglob("*"):
        if path.is_file():
            path.unlink()
    back_up(store, target, notes=b"n" * 5000)
    assert problems(target) == []


def test_a_manifest_that_leads_out_of_its_folder_is_refused(manifest: Manifest, target: Target, tmp_path: Path) -> None:
    notes = next(entry for entry in manifest.files if entry.path == "notes")
    evil = replace(manifest, files=(*manifest.files, replace(notes, path="../notes")))
    target.write(f"backups/{manifest.id}.json", evil.encode())
    [problem] = problems(target)
    assert "names a file outside of its folder: '../notes'" in problem
    with pytest.raises(DamagedError, match="outside of its folder"):
        bring_back(target, tmp_path / "new")
    assert not (tmp_path / "notes").exists()
