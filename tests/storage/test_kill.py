from __future__ import annotations

import multiprocessing
import random
from multiprocessing.connection import Connection
from pathlib import Path

from tests.storage.conftest import NOW
from tests.storage.crashing_writer import SETTINGS, batch, write_until_killed
from tests.storage.reading import FOREVER, read

from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.ports import Budget

ROUNDS = 12


def acknowledged_before_the_kill(process: multiprocessing.process.BaseProcess, pipe: Connection, first: int, patience: int) -> int:
    """Kills the process when it has acknowledged so many more; the last number that it acknowledged."""
    last = first - 1
    while last < first + patience and pipe.poll(30):
        last = pipe.recv()
    process.kill()
    process.join(30)
    while pipe.poll(0):
        try:
            last = pipe.recv()
        except (EOFError, OSError):
            break
    return last


def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.crashing_writer"])
    chance, first, numbers = random.Random(9), 0, set[int]()
    for _ in range(ROUNDS):
        pipe, theirs = context.Pipe(duplex=False)
        process = context.Process(target=write_until_killed, args=(tmp_path / "data", first, theirs))
        process.start()
        theirs.close()
        last = acknowledged_before_the_kill(process, pipe, first, chance.randrange(0, 250))
        assert last >= first, "the writer never started"
        numbers.update(range(first, last + 1))
        first = last + 2  # the one after the last may have been written, and not acknowledged any more
        check_everything_is_there(tmp_path / "data", numbers)


def check_everything_is_there(folder: Path, numbers: set[int]) -> None:
    store = MetricStore.open(SETTINGS, folder)
    try:
        found = read(store, "__name__=numbers")
        series = {labels for number in numbers for labels in batch(number).series.values()}
        assert series <= set(found)
        for labels in series:
            if not labels["n"].startswith("late"):
                points = found[labels]
                assert {NOW + number for number in numbers} <= set(points)
                assert all(value == time - NOW for time, value in points.items())
        assert len(store.fetch([], *FOREVER, Budget())) == len(found)
    finally:
        store.close()
