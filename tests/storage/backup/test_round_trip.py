from __future__ import annotations

from pathlib import Path

from tests.storage.backup.conftest import access, back_up, bring_back
from tests.storage.conftest import NOW, OpenStore, commit, write
from tests.storage.reading import read

from fusewatch.storage.backup.creating import Copied, Source, create_backup
from fusewatch.storage.backup.freezing import Freezer
from fusewatch.storage.backup.manifest import Origin
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.pruning import Keep, prune
from fusewatch.storage.backup.target import Target, open_target
from fusewatch.storage.backup.verifying import verify
from fusewatch.storage.client import ClientPool, Endpoint
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock
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


def test_metrics_in_a_clickhouse_server_are_left_to_that_server_and_named(store: MetricStore, target: Target, tmp_path: Path) -> None:
    parts = store._parts
    away = ClientPool(Endpoint(StorageSettings(url="clickhouse://db.example.com/metrics"), parts.pool.endpoint.data_dir))
    freezer = Freezer(pool=away, follower=parts.follower, committer=parts.committer, lock=store._sealer.lock, clock=SystemClock())
    source = Source(freezer=freezer, copy=lambda _: Copied(), staging=tmp_path / "staging", origin=Origin("1", "here", ""))
    manifest = create_backup(source, target, clock=SystemClock(), progress=Progress())
    [left_out] = manifest.left_out
    assert "a ClickHouse server, which backs itself up: BACKUP DATABASE metrics TO" in left_out
    bring_back(target, tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir() if path.name != "lock"] == ["fusewatch.json"]


def test_a_second_backup_of_an_unchanged_store_sends_nothing(store: MetricStore, target: Target) -> None:
    write(store, {UP: {NOW - k * 15_000: float(k) for k in range(2_000)}})
    first, second = back_up(store, target), back_up(store, target)
    assert first.sent > 0
    assert second.sent == 0


def test_a_bucket_does_as_well_as_a_folder(store: MetricStore, s3: str, tmp_path: Path, open_store: OpenStore) -> None:
    bucket = open_target(f"s3://bucket/{tmp_path.name}", access(s3), create=True)
    write(store, {UP: {NOW - k * 15_000: k / 7 for k in range(2_000)}})
    first, second = back_up(store, bucket, notes=b"1" * 5000), back_up(store, bucket, notes=b"2" * 5000)
    assert second.sent == 5000
    expected = read(store)
    store.abandon()
    assert verify(bucket, [first.id, second.id], progress=Progress()) == []
    assert prune(bucket, Keep(last=1), clock=SystemClock()).removed == [first.id]
    assert bring_back(bucket, tmp_path / "new") == second
    assert read(open_store(tmp_path / "new")) == expected
