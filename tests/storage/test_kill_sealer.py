from __future__ import annotations

import multiprocessing
import os
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from tests.storage.conftest import DAY, NOW, ManualClock
from tests.storage.crashing_sealer import SERIES, SETTINGS, Model, Step, work_until_killed
from tests.storage.reading import read

from fusewatch.storage.store import MetricStore

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


@pytest.mark.timeout(120 + 6 * ROUNDS)
def test_kill_9_while_sealing_merging_or_deleting_changes_no_answer(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.crashing_sealer"])
    chance, first = random.Random(5), 0
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
        model = look(tmp_path / "data", model, Step(last) if done < last else None)
        first = last + 1


def look(folder: Path, model: Model, cut_short: Step | None) -> Model:
    """What the store holds, which must be the model, except where a step may have been done or not."""
    after = dict(model)
    if cut_short is not None:
        cut_short.model(after)
    store = MetricStore.open(SETTINGS, folder, clock=ManualClock(NOW + 3 * DAY))
    try:
        found = {(labels["k"], time): value for labels, points in read(store).items() for time, value in points.items()}
    finally:
        store.abandon()
    for k in SERIES:
        for key in {key for key in (*found, *model, *after) if key[0] == k["k"]}:
            assert found.get(key) in {model.get(key), after.get(key)}, (key, cut_short)
    return found
