from __future__ import annotations

import random
import time

import pytest
from tests.cli.transfer.receiver import receiving
from tests.cli.transfer.stored import as_text, stored
from tests.telemetry.tsdb.made import openmetrics

from fusewatch.telemetry.labels import Labels


@pytest.fixture(scope="module")
def now():
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def source(now):
    draw = random.Random(4)
    return {
        Labels({"__name__": "text", "n": str(k), "hard": 'ä "q"\\\n' * (k % 2)}): [
            (now - 3_600_000 + 1_001 * step, float(draw.randrange(100))) for step in range(300)
        ]
        for k in range(50)
    }


@pytest.mark.e2e
def test_every_sample_of_the_files_is_found_by_queries(quiet_server, run, source, now, tmp_path):
    parts = [dict(list(source.items())[:25]), dict(list(source.items())[25:])]
    files = []
    for number, part in enumerate(parts):
        files.append(tmp_path / f"{number}.om")
        files[-1].write_text(openmetrics(part))
    done = run("import", "openmetrics", *files, "--url", quiet_server.url)
    assert done.exit_code == 0, done.output
    assert "15,000 samples imported" in done.stderr
    assert stored(quiet_server, "text", now) == as_text(source)


def test_standard_input_is_read_piece_by_piece(run, source):
    # Interleaved by time, as no writer does and any reader must bear: more than a piece of text.
    lines = sorted(
        (at, f'wide{{n="{labels["n"]}",pad="{"x" * 300}"}} {value} {at / 1000:.3f}\n')
        for labels, rows in source.items()
        for at, value in rows
    )
    text = "".join(line for _, line in lines) + "# EOF\n"
    assert len(text) > 4 << 20
    with receiving() as receiver:
        done = run("import", "openmetrics", "-", "--url", receiver.url, input=text)
    assert done.exit_code == 0, done.output
    assert {labels["n"]: sorted(rows) for labels, rows in receiver.samples.items()} == {
        labels["n"]: [at for at, _ in rows] for labels, rows in source.items()
    }


def test_a_bad_line_is_named_with_its_file(run, tmp_path):
    file = tmp_path / "bad.om"
    file.write_text("a 1 1\na 1 nonsense\n# EOF\n")
    with receiving() as receiver:
        done = run("import", "openmetrics", file, "--url", receiver.url)
    assert done.exit_code == 1
    assert f"fusewatch: {file}: line 2: " in done.stderr


def test_a_text_without_end_is_told_after_its_samples_were_taken(run):
    with receiving() as receiver:
        done = run("import", "openmetrics", "-", "--url", receiver.url, input="a 1 1\na 2 2\n")
    assert done.exit_code == 1
    assert "standard input: line 2: data does not end with # EOF; what stands before it was imported" in done.stderr
    assert receiver.taken == 2
