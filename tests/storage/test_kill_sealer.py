from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import structlog
from tests.storage.backup.conftest import back_up, bring_back
from tests.storage.conftest import DAY, NOW, ManualClock
from tests.storage.crashing_sealer import SERIES, SETTINGS, TARGET, Model, Step, work_until_killed
from tests.storage.reading import read

from fusewatch.storage.backup.catalog import find_backups
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.pruning import Keep, prune
from fusewatch.storage.backup.target import open_target
from fusewatch.storage.backup.verifying import verify
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.clock import SystemClock

ROUNDS = int(os.environ.get("FUSEWATCH_KILL_ROUNDS", "10"))


def steps_before_the_kill(process: multiprocessing.process.BaseProcess, pipe: Connection, seconds: float) -> list[int]:
    """Kills the process so long after its first step; what it told."""
    told = [pipe.recv()]
    deadline = time.monotonic() + seconds
    while pipe.poll(max(0.0, deadline - time.monotonic())):
        told.append(pipe.recv())
    process.kill()
    process.join(30)
    while pipe.poll(0):
        try:
            told.append(pipe.recv())
        except (EOFError, OSError):
            break
    return told


@pytest.mark.timeout(120 + 12 * ROUNDS)
def test_kill_9_while_sealing_merging_deleting_or_backing_up_changes_no_answer(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.crashing_sealer"])
    chance, first, kills = random.Random(5), 0, Counter[str]()
    model: Model = {}
    for _ in range(ROUNDS):
        pipe, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work_until_killed, args=(tmp_path / "data", first, theirs))
        process.start()
        theirs.close()
        told = steps_before_the_kill(process, pipe, chance.uniform(0, 1))
        last = told[-1]
        done = last if told.count(last) == 2 else last - 1
        for number in range(first, done + 1):
            Step(number).model(model)
        cut_short = Step(last) if done < last else None
        kills[cut_short.kind if cut_short is not None else "nothing"] += 1
        model = look(tmp_path / "data", model, cut_short)
        if cut_short is not None and cut_short.kind == "back up":
            back_up_again(tmp_path, model)
        first = last + 1
    back_up_again(tmp_path, model)
    structlog.get_logger().info("killed", rounds=ROUNDS, steps=first, while_doing=dict(kills))
    # So many rounds leave none of them out.
    assert ROUNDS < 100 or {"seal", "merge", "delete", "clean", "back up"} <= kills.keys()


def look(folder: Path, model: Model, cut_short: Step | None) -> Model:
    """What the store holds, which must be the model, except where a step may have been done or not."""
    after = dict(model)
    if cut_short is not None:
        cut_short.model(after)
    found = held_by(folder)
    for k in SERIES:
        for key in {key for key in (*found, *model, *after) if key[0] == k["k"]}:
            assert found.get(key) in {model.get(key), after.get(key)}, (key, cut_short)
    return found


def held_by(folder: Path) -> Model:
    """What a store holds."""
    store = open_in(folder)
    try:
        return {(labels["k"], time): value for labels, points in read(store).items() for time, value in points.items()}
    finally:
        store.abandon()


def open_in(folder: Path) -> MetricStore:
    return MetricStore.open(SETTINGS, folder, clock=ManualClock(NOW + 3 * DAY))


def back_up_again(folder: Path, model: Model) -> None:
    """The backups that were made before are whole, and the next one is complete: nothing of one that was killed is left or in its way."""
    target = open_target(str(folder / TARGET), create=True)
    store = open_in(folder / "data")
    made = back_up(store, target)
    assert not [path.name for path in (folder / "data/clickhouse/shadow").iterdir() if path.is_dir()]
    store.abandon()
    assert verify(target, find_backups(target), progress=Progress()) == []
    # Nobody waits for a process that is gone.
    assert made.id in prune(target, Keep(last=2), clock=SystemClock()).kept
    assert not list((folder / TARGET).glob("tmp/*"))
    assert bring_back(target, folder / "restored") == made
    assert held_by(folder / "restored") == model
    shutil.rmtree(folder / "restored")
