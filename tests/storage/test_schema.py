from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.storage.conftest import NOW, OpenStore, write
from tests.storage.reading import read

from fusewatch.storage.client import ClientPool, Endpoint
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.folder import DataFolder
from fusewatch.storage.migrations import Migration, load_migrations, migrate
from fusewatch.storage.native import Column
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.series_table import metric_hash
from fusewatch.telemetry.labels import Labels

UP = Labels({"__name__": "up", "job": "a"})


def numbers(**columns: tuple[str, int]) -> list[Column]:
    dtypes = {"UInt32": np.uint32, "UInt64": np.uint64, "Int64": np.int64, "Float64": np.float64}
    return [Column(name, kind, np.array([value], dtypes[kind])) for name, (kind, value) in columns.items()]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [step.version for step in load_migrations()] == list(range(1, len(load_migrations()) + 1))


def test_a_data_folder_that_the_first_schema_wrote_is_opened_and_read(tmp_path: Path, open_store: OpenStore) -> None:
    folder = tmp_path / "data"
    DataFolder.claim(folder).close()
    pool = ClientPool(Endpoint(StorageSettings(), folder))
    hour, name = NOW // HOUR_MS, metric_hash(b"up")
    with pool.handle() as handle:
        assert migrate(handle, load_migrations()[:1]) == 1
        labels = [Column("metric", "String", ["up"]), Column("labels", "Map(String, String)", [UP.as_dict()])]
        handle.insert("series", [*labels, *numbers(metric_hash=("UInt64", name), id=("UInt64", UP.id), seq=("UInt64", 7))])
        handle.insert("series_hours", numbers(id=("UInt64", UP.id), first=("UInt32", hour), last=("UInt32", hour)))
        row = {"metric": ("UInt64", name), "id": ("UInt64", UP.id), "timestamp": ("Int64", NOW), "value": ("Float64", 5)}
        handle.insert("samples", numbers(block=("UInt32", hour - hour % 24), seq=("UInt64", 7), **row))
    pool.close()
    store = open_store(folder)
    assert store.statistics().schema_version == load_migrations()[-1].version
    assert read(store, "__name__=up", "job=a") == {UP: {NOW: 5.0}}
    write(store, {UP: {NOW: 6.0}})  # and numbers its segments from where the old ones ended
    assert read(store) == {UP: {NOW: 6.0}}


def test_a_newer_version_runs_what_is_missing_once(tmp_path: Path) -> None:
    pool = ClientPool(Endpoint(StorageSettings(), tmp_path))
    later = Migration(len(load_migrations()) + 1, "later", ("CREATE TABLE later (x UInt8) ENGINE = MergeTree ORDER BY x",))
    with pool.handle() as handle:
        migrate(handle)
        for _ in range(2):
            assert migrate(handle, [*load_migrations(), later]) == later.version
        assert handle.rows("SELECT count() FROM schema_version") == [(later.version,)]
    pool.close()
