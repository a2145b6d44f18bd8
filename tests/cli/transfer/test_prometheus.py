from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time

import pytest
from tests.cli.transfer.receiver import TAKEN, receiving
from tests.cli.transfer.stored import as_text, stored
from tests.telemetry.tsdb.made import create_blocks, openmetrics

from fusewatch.telemetry.labels import Labels

HOUR = 3_600_000
BUSY = (503, {"Retry-After": "60"}, "busy")


def made(folder, source):
    create_blocks(folder, openmetrics(source))
    return folder


@pytest.fixture(scope="module")
def now():
    return int(time.time() * 1000) // 1000 * 1000


@pytest.fixture(scope="module")
def source(now):
    """Series of the last nine hours."""
    draw = random.Random(3)
    start = now - 9 * HOUR
    return {
        Labels({"__name__": "tsdb", "n": str(k), "kind": "even" if k % 2 == 0 else "odd"}): [
            (start + 60_000 * step + draw.randrange(1000), float(draw.randrange(1000))) for step in range(draw.randrange(100, 500))
        ]
        for k in range(200)
    }


@pytest.fixture(scope="module")
def folder(source, tmp_path_factory):
    return made(tmp_path_factory.mktemp("tsdb") / "data", source)


@pytest.mark.e2e
def test_every_sample_of_the_blocks_is_found_by_queries(quiet_server, run, source, folder, now):
    done = run("import", "prometheus", folder, "--url", quiet_server.url)
    assert done.exit_code == 0, done.output
    assert f"{sum(map(len, source.values())):,} samples imported" in done.stderr
    assert stored(quiet_server, "tsdb", now) == as_text(source)


@pytest.mark.e2e
def test_what_is_older_than_the_retention_is_refused_and_told(quiet_server, run, tmp_path, now):
    old = {Labels({"__name__": "old"}): [(now - 60 * 24 * HOUR, 1.0)], Labels({"__name__": "fresh"}): [(now - HOUR, 1.0)]}
    done = run("import", "prometheus", made(tmp_path / "tsdb", old), "--url", quiet_server.url)
    assert done.exit_code == 1
    assert "1 samples imported" in done.stderr
    assert "fusewatch: 1 samples were refused; the first reason: out of bounds" in done.stderr
    assert "older than the retention" in done.stderr


def test_selectors_and_times_choose_samples(run, source, folder, now):
    first, last = now - 5 * HOUR, now - 4 * HOUR
    with receiving() as receiver:
        arguments = ("--match", 'tsdb{kind="odd",n=~"1.*"}', "--match", '{n="4"}', "--min-time", first / 1000, "--max-time", last / 1000)
        done = run("import", "prometheus", folder, "--url", receiver.url, *arguments)
    assert done.exit_code == 0, done.output
    expected = {
        labels: times
        for labels, rows in source.items()
        if (labels["kind"] == "odd" and labels["n"].startswith("1")) or labels["n"] == "4"
        if (times := [at for at, _ in rows if first <= at <= last])
    }
    assert {labels: sorted(rows) for labels, rows in receiver.samples.items()} == expected


def test_an_interrupted_import_goes_on_where_it_was(run, source, folder, state_home):
    total = sum(map(len, source.values()))

    def answer(number):
        if number < 3:
            return TAKEN
        # Again while it still asks: Python loses a signal that comes while a finalizer runs.
        if number % 3 == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return BUSY

    with receiving(answer) as receiver:
        # A block takes one request here, so three blocks are known to have arrived.
        done = run("import", "prometheus", folder, "--url", receiver.url, "--in-flight", "1")
        assert done.exit_code == 1
        assert "Aborted" in done.stderr
        before = receiver.taken
        assert 0 < before < total
        [state] = (state_home / "fusewatch").iterdir()
        assert json.loads(state.read_text())["import"]["target"] == receiver.url

        receiver.answer = lambda _: TAKEN
        done = run("import", "prometheus", folder, "--url", receiver.url)
        assert done.exit_code == 0, done.output
        assert "going on where the interrupted import was" in done.stderr
        assert f"{total - before:,} samples imported" in done.stderr
        assert receiver.taken == total
        assert {labels: len(rows) for labels, rows in receiver.samples.items()} == {k: len(rows) for k, rows in source.items()}
        assert list((state_home / "fusewatch").iterdir()) == []


def test_another_selection_or_a_restart_does_not_go_on(run, source, folder):
    with receiving(lambda number: TAKEN if number < 2 else (404, {}, "gone")) as receiver:
        assert run("import", "prometheus", folder, "--url", receiver.url, "--in-flight", "1").exit_code == 1
        receiver.answer = lambda _: TAKEN
        done = run("import", "prometheus", folder, "--url", receiver.url, "--match", "tsdb")
        assert f"{sum(map(len, source.values())):,} samples" in done.stderr
        done = run("import", "prometheus", folder, "--url", receiver.url, "--restart")
        assert f"{sum(map(len, source.values())):,} samples" in done.stderr


def test_refusals_before_an_interruption_are_not_forgotten(run, folder):
    refused = (400, {"X-Fusewatch-Samples-Rejected": "7"}, "too old")
    with receiving(lambda number: refused if number == 0 else (404, {}, "gone")) as receiver:
        assert run("import", "prometheus", folder, "--url", receiver.url, "--in-flight", "1").exit_code == 1
        receiver.answer = lambda _: TAKEN
        done = run("import", "prometheus", folder, "--url", receiver.url)
    assert done.exit_code == 1
    assert "7 samples were refused; the first reason: too old" in done.stderr


def test_a_damaged_block_is_named_with_file_and_offset(run, folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    [segment, *_] = sorted(copy.glob("*/chunks/000001"))
    data = bytearray(segment.read_bytes())
    data[200] ^= 255
    segment.write_bytes(data)
    with receiving() as receiver:
        done = run("import", "prometheus", copy, "--url", receiver.url)
    assert done.exit_code == 1
    assert f"fusewatch: {segment} is damaged at offset " in done.stderr
    assert "the checksum of a chunk does not match" in done.stderr


def test_a_folder_without_blocks_and_a_bad_selector_are_refused(run, tmp_path):
    done = run("import", "prometheus", tmp_path)
    assert done.exit_code == 1
    assert "neither a Prometheus data directory with blocks nor a block" in done.stderr
    done = run("import", "prometheus", tmp_path, "--match", "rate(x[5m])")
    assert done.exit_code == 2
    assert "--match:" in done.stderr
    done = run("import", "prometheus", tmp_path, "--min-time", "yesterday")
    assert done.exit_code == 2
    assert "--min-time: not a time" in done.stderr
