from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import NOW, write

from fusewatch.storage.backup.errors import DamagedError, TargetBusyError
from fusewatch.storage.backup.layout import backup_of, manifest_name, new_backup
from fusewatch.storage.backup.locks import locked
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.pruning import Keep, prune
from fusewatch.storage.backup.target import Target
from fusewatch.storage.backup.verifying import verify
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.labels import Labels

#: Twice a day from Monday, 28 December 2026, over the turn of the year.
DAYS = ["20261228", "20261229", "20261230", "20261231", "20270101", "20270103", "20270104", "20270105"]
BACKUPS = [f"{day}T{hour}0000000Z-00ab" for day in DAYS for hour in ("06", "18")]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (Keep(), BACKUPS),  # no rule: everything stays
        (Keep(last=1), BACKUPS[-1:]),
        (Keep(last=99), BACKUPS),
        (Keep(daily=2), ["20270104T180000000Z-00ab", "20270105T180000000Z-00ab"]),
        # Days without a backup do not count.
        (Keep(daily=3), ["20270103T180000000Z-00ab", "20270104T180000000Z-00ab", "20270105T180000000Z-00ab"]),
        # The week goes on over New Year.
        (Keep(weekly=2), ["20270103T180000000Z-00ab", "20270105T180000000Z-00ab"]),
        (Keep(last=2, weekly=2), ["20270103T180000000Z-00ab", "20270105T060000000Z-00ab", "20270105T180000000Z-00ab"]),
    ],
)
def test_what_is_kept(keep: Keep, kept: list[str]) -> None:
    assert sorted(keep.choose(BACKUPS)) == kept


@given(st.lists(st.sampled_from(BACKUPS), unique=True), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_the_newest_backup_is_always_kept(backups: list[str], last: int, daily: int, weekly: int) -> None:
    kept = Keep(last, daily, weekly).choose(sorted(backups))
    assert kept >= set(sorted(backups)[-1:])


@given(st.integers(0, 4_000_000_000_000))
def test_a_name_is_a_backups_only_when_we_would_give_it(moment: int) -> None:
    assert backup_of(manifest_name(new_backup(moment))) is not None
    assert backup_of("backups/x.json") is None
    assert backup_of("backups/a/" + new_backup(moment) + ".json") is None


def test_contents_that_a_kept_backup_needs_stay(store: MetricStore, target: Target, tmp_path: Path) -> None:
    up = Labels({"__name__": "up"})
    write(store, {up: {NOW - k * 15_000: k / 7 for k in range(500)}})
    first = back_up(store, target, notes=b"1" * 2000)
    second = back_up(store, target, notes=b"2" * 2000)
    would = prune(target, Keep(last=1), clock=SystemClock(), dry_run=True)
    assert (would.removed, would.contents, would.bytes) == ([first.id], 1, 2000)
    assert prune(target, Keep(last=1), clock=SystemClock()) == would
    assert verify(target, [second.id], progress=Progress()) == []
    assert bring_back(target, tmp_path / "new") == second


def test_nothing_is_removed_while_nobody_knows_what_a_backup_needs(store: MetricStore, target: Target) -> None:
    manifest = back_up(store, target, notes=b"1" * 2000)
    target.write(manifest_name(manifest.id), b"{}")
    before = list(target.find("contents/"))
    with pytest.raises(DamagedError, match=manifest.id):
        prune(target, Keep(last=1), clock=SystemClock())
    assert list(target.find("contents/")) == before


def test_removing_waits_for_backups_and_backups_for_removing(target: Target) -> None:
    clock = SystemClock()
    busy = rf"in use \(backup by process {os.getpid()} of "
    with locked(target, "backup", clock), locked(target, "backup", clock), pytest.raises(TargetBusyError, match=busy):
        prune(target, Keep(last=1), clock=clock)
    with locked(target, "prune", clock), pytest.raises(TargetBusyError, match=r"in use \(prune by"), locked(target, "backup", clock):
        pass
    assert list(target.find("locks/")) == []


@pytest.mark.parametrize(
    "lock",
    [
        b"not json",
        orjson.dumps({"work": "prune", "at": 0, "host": "elsewhere", "process": 1, "since": 0}),  # long ago
    ],
)
def test_a_lock_that_nobody_holds_any_more_is_passed_over(target: Target, lock: bytes) -> None:
    target.write("locks/prune-1.json", lock)
    with locked(target, "prune", SystemClock()):
        pass
    assert list(target.find("locks/")) == []
