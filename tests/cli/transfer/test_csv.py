from __future__ import annotations

import struct
import time

import pytest
from tests.cli.transfer.receiver import receiving
from tests.cli.transfer.stored import stored

from fusewatch.telemetry.labels import Labels


def imported(run, text, *arguments):
    """Label sets with their samples (ms, value), and what the command said."""
    with receiving() as receiver:
        done = run("import", "csv", "-", "--url", receiver.url, *arguments, input=text)
    found = {
        str(labels): [(at, struct.unpack("<d", struct.pack("<Q", bits))[0]) for at, bits in sorted(rows.items())]
        for labels, rows in receiver.samples.items()
    }
    return found, done


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        (
            "timestamp,host,value\n1700000000,a,1\n1700000000.5,a,2.5\n1700000000,b,3\n",
            ("--metric", "m"),
            {'m{host="a"}': [(1_700_000_000_000, 1.0), (1_700_000_000_500, 2.5)], 'm{host="b"}': [(1_700_000_000_000, 3.0)]},
        ),
        # Milliseconds by their size, the metric from a column, a label that is empty, a line without value.
        (
            "__name__,timestamp,value,x\nm,1700000000123,1,\nn,1700000000123,-inf,1\nm,1700000000124,,\n",
            (),
            {"m": [(1_700_000_000_123, 1.0)], 'n{x="1"}': [(1_700_000_000_123, float("-inf"))]},
        ),
        # Dates with zones and fractions; chosen columns, of which others are left out.
        (
            'time,size,"the host",note\n2023-11-14T22:13:20Z,1,a,x\n2023-11-14T23:13:20.25+01:00,2,"a, b",y\n',
            ("--metric", "m", "--timestamp-column", "time", "--value-column", "size", "--label", "host=the host"),
            {'m{host="a"}': [(1_700_000_000_000, 1.0)], 'm{host="a, b"}': [(1_700_000_000_250, 2.0)]},
        ),
        # No lines at all.
        ("timestamp,value\n", ("--metric", "m"), {}),
    ],
)
def test_lines_become_samples(run, text, arguments, expected):
    found, done = imported(run, text, *arguments)
    assert done.exit_code == 0, done.output
    assert found == expected


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("timestamp,value\n1,2\n", (), "no column __name__: name the metric with --metric"),
        ("time,value\n1,2\n", ("--metric", "m"), "no column 'timestamp'; its first line names time, value"),
        ("timestamp,value\n1,2\n2,x\n", ("--metric", "m"), "line 3: 'x' in column 'value' is not a number"),
        ("timestamp,value\n1,\nnever,2\n", ("--metric", "m"), "line 3: 'never' in column 'timestamp' is not a time"),
        ("timestamp,value\n,2\n", ("--metric", "m"), "line 2: there is no timestamp"),
        ("timestamp,value\n1,2,3\n", ("--metric", "m"), "can't be read"),
        ("__name__,timestamp,value\n,1,2\n", (), "has no metric name"),
        ("timestamp,value\n1,2\n", ("--metric", "m", "--label", "x"), "--label x: expected name=column"),
    ],
)
def test_what_can_not_be_read_is_named(run, text, arguments, words):
    _, done = imported(run, text, *arguments)
    assert done.exit_code in {1, 2}
    assert words in done.stderr


def test_a_long_file_is_read_in_parts(run, tmp_path):
    file = tmp_path / "long.csv"
    pad = "x" * 100
    file.write_text("timestamp,value,n,pad\n" + "".join(f"{1_700_000_000 + k},{k},{k % 7},{pad}\n" for k in range(60_000)))
    with receiving() as receiver:
        done = run("import", "csv", file, "--metric", "m", "--url", receiver.url)
    assert done.exit_code == 0, done.output
    assert receiver.taken == 60_000
    assert {labels["n"]: len(rows) for labels, rows in receiver.samples.items()} == {str(k): len(range(k, 60_000, 7)) for k in range(7)}


@pytest.mark.e2e
def test_what_a_query_printed_as_csv_is_imported_again(quiet_server, run):
    now = int(time.time())
    text = f"__name__,timestamp,value,n\nprinted,{now - 60},1,a\nprinted,{now - 30},2,a\n"
    assert run("import", "csv", "-", "--url", quiet_server.url, input=text).exit_code == 0
    query = ("query", "printed", "--server", quiet_server.url, "--format", "csv", "--time", now - 30)
    printed = run(*query).stdout
    assert run("import", "csv", "-", "--url", quiet_server.url, input=printed.replace("printed", "again")).exit_code == 0
    assert stored(quiet_server, "again", now * 1000) == {Labels({"__name__": "again", "n": "a"}): [((now - 30) * 1000, "2")]}
