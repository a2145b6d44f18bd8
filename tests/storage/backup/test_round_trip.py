from __future__ import annotations

from pathlib import Path

from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import NOW, OpenStore, commit, write
from tests.storage.reading import read

from fusewatch.storage.backup.target import Target
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels

UP, DOWN = Labels({"__name__": "up"}), Labels({"__name__": "down"})


def test_what_was_acknowledged_is_in_the_backup_and_can_be_read_and_written_after_a_restore(
    store: MetricStore, target: Target, tmp_path: Path, open_store: OpenStore
) -> None:
    write(store, {UP: {NOW - k * 15_000: float(k) for k in range(2_000)}})
    manifest = back_up(store, target, notes=b"n" * 5000)
    assert manifest.figures.newest == NOW
    write(store, {DOWN: {NOW: 1.0}})
    store.abandon()
    bring_back(target, tmp_path / "new")
    restored = open_store(tmp_path / "new")
    assert read(restored) == {UP: {NOW - k * 15_000: float(k) for k in range(2_000)}}
    assert (tmp_path / "new/notes").read_bytes() == b"n" * 5000
    write(restored, {UP: {NOW: 7.0}})
    commit(restored)
    assert read(restored)[UP][NOW] == 7.0


def test_a_second_backup_of_an_unchanged_store_sends_nothing(store: MetricStore, target: Target) -> None:
    write(store, {UP: {NOW - k * 15_000: float(k) for k in range(2_000)}})
    first, second = back_up(store, target), back_up(store, target)
    assert first.sent > 0
    assert second.sent == 0
