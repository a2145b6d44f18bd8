"""A restore that is killed at any moment, and backups under load; backups that are killed are among the work of test_kill_sealer.py."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.backup.crashing import Writer, restore_until_killed
from tests.storage.conftest import NOW
from tests.storage.crashing_writer import SETTINGS
from tests.storage.reading import read

from fusewatch.storage.backup.restoring import held_by
from fusewatch.storage.backup.target import Target, open_target
from fusewatch.storage.errors import StoreOpenError
from fusewatch.storage.store import MetricStore

ROUNDS = 4
#: Few large commits, so that committing keeps up with one busy writer.
LARGE = SETTINGS.model_copy(update={"commit_rows": 50_000})


def killed(work: Callable[..., None], *arguments: object, after_s: float) -> list[object]:
    """What a process has told by the time it is killed, so long after the first word."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.backup.crashing"])
    pipe, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(*arguments, theirs))
    process.start()
    theirs.close()
    told = tell(pipe, 60)
    process.join(after_s)
    process.kill()
    process.join(30)
    return [*told, *tell(pipe, 0)]


def tell(pipe: Connection, wait_s: float) -> list[object]:
    told: list[object] = []
    while pipe.poll(0 if told else wait_s):
        try:
            told.append(pipe.recv())
        except (EOFError, OSError):
            break
    return told


def numbers_in(folder: Path) -> set[int]:
    store = MetricStore.open(SETTINGS, folder)
    try:
        [found] = [points for labels, points in read(store, "__name__=numbers", "n=3").items()]
        return {int(time - NOW) for time in found}
    finally:
        store.close()


def test_kill_9_in_a_restore_leaves_a_folder_that_the_next_restore_fills(tmp_path: Path) -> None:
    store, target = MetricStore.open(SETTINGS, tmp_path / "data"), open_target(str(tmp_path / "target"), create=True)
    writer = Writer(store, 0)
    writer.wait_for(500)
    writer.stop()
    back_up(store, target)
    store.close()
    expected = numbers_in(tmp_path / "data")
    chance, folder = random.Random(11), tmp_path / "new"
    for _ in range(ROUNDS):
        killed(restore_until_killed, tmp_path / "target", folder, after_s=chance.uniform(0, 3.5))
        whole = held_by(folder) is not None
        if whole:
            assert numbers_in(folder) == expected
        else:
            with pytest.raises(StoreOpenError):
                MetricStore.open(SETTINGS, folder)
        bring_back(target, folder, force=whole)
        assert numbers_in(folder) == expected


def test_a_backup_under_load_holds_everything_that_was_acknowledged_before_it_began(tmp_path: Path, target: Target) -> None:
    store = MetricStore.open(LARGE, tmp_path / "data")
    writer, made = Writer(store, 0), list[tuple[str, int]]()
    for _ in range(3):
        writer.wait_for(last := writer.acknowledged + 100)
        made.append((back_up(store, target).id, last))
        store._sealer.seal_due()
    writer.stop()
    store.close()
    for backup, last in made[::2]:
        bring_back(target, tmp_path / backup, backup=backup)
        found = numbers_in(tmp_path / backup)
        assert found == set(range(max(found) + 1))
        assert max(found) >= last
