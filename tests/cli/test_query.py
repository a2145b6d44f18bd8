from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from fusewatch.cli.main import fusewatch
from fusewatch.cli.results import FORMATS, read_result
from fusewatch.cli.times import parse_step, parse_time, show_time

VECTOR = {
    "resultType": "vector",
    "result": [
        {"metric": {"__name__": "up", "job": "a"}, "value": [1700000000, "1"]},
        {"metric": {"__name__": "up", "job": "b", "zone": "x"}, "value": [1700000000.5, "NaN"]},
    ],
}
MATRIX = {"resultType": "matrix", "result": [{"metric": {"job": "a"}, "values": [[1700000000 + 60 * i, str(i)] for i in range(5)]}]}
SCALAR = {"resultType": "scalar", "result": [1700000000, "42"]}


@pytest.fixture
def server():
    """A small server that answers as it is told and notes what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            instance.asked.append((self.path, form, self.headers.get("Authorization")))
            status, body = instance.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    instance = HTTPServer(("127.0.0.1", 0), Handler)
    instance.asked = []
    instance.answer = (200, json.dumps({"status": "success", "data": VECTOR}).encode())
    thread = threading.Thread(target=instance.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield instance
    instance.shutdown()
    thread.join()
    instance.server_close()


def run(server, *arguments: str):
    url = f"http://127.0.0.1:{server.server_port}"
    return CliRunner().invoke(fusewatch, ["query", *arguments, "--server", url], catch_exceptions=False)


def test_a_moment_is_asked_for_and_shown_as_a_table(server):
    done = run(server, "up", "--time", "1700000000", "--token", "fw_x")
    assert server.asked == [("/api/v1/query", {"query": ["up"], "time": ["1700000000.000"]}, "Bearer fw_x")]
    assert done.output.splitlines() == [
        "series                 time (UTC)                value",
        'up{job="a"}            2023-11-14 22:13:20Z          1',
        'up{job="b", zone="x"}  2023-11-14 22:13:20.500Z    NaN',
    ]


def test_a_range_gets_a_step_that_fits(server):
    server.answer = (200, json.dumps({"data": MATRIX, "warnings": ["careful"]}).encode())
    done = run(server, "x", "--start", "1700000000", "--end", "1700086400", "--format", "csv")
    assert server.asked[0][:2] == (
        "/api/v1/query_range",
        {"query": ["x"], "start": ["1700000000.000"], "end": ["1700086400.000"], "step": ["345.000"]},
    )
    assert done.stdout.startswith("job,timestamp,value\na,1700000000,0\na,1700000060,1\n")
    assert done.stderr == "warning: careful\n"


def test_the_token_may_stand_in_a_file_or_the_address_hold_a_password(server, tmp_path):
    (tmp_path / "token").write_text("fw_y\n")
    run(server, "up", "--token-file", str(tmp_path / "token"))
    CliRunner().invoke(fusewatch, ["query", "up", "--server", f"http://ana:p%40ss@127.0.0.1:{server.server_port}"])
    assert [asked[2] for asked in server.asked] == ["Bearer fw_y", "Basic YW5hOnBAc3M="]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, b'{"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"}', "parse error: unexpected end"),
        (
            401,
            b'{"error": {"code": "unauthorized", "message": "log in"}}',
            "the server wants credentials: log in (--token or --token-file)",
        ),
        (502, b"<html>", "the server answered 502 Bad Gateway"),
        (200, b"<html>", "the server answered 200 with something that is not JSON; is it Fusewatch?"),
    ],
)
def test_what_the_server_refuses_is_one_line(server, status, body, message):
    server.answer = (status, body)
    done = run(server, "up{")
    assert done.exit_code == 1
    assert done.stderr == f"fusewatch: {message}\n"


def test_without_a_server_the_line_says_what_to_do():
    done = CliRunner().invoke(fusewatch, ["query", "up", "--server", "http://127.0.0.1:9"])
    assert done.exit_code == 1
    assert "no server answers at http://127.0.0.1:9: Connection refused" in done.stderr


@pytest.mark.parametrize(
    "options",
    [["--end", "now"], ["--step", "1m"], ["--start", "-1h", "--time", "now"], ["--start", "now", "--end", "-1h"], ["--time", "x"]],
)
def test_options_that_do_not_fit_are_a_usage_error(server, options):
    assert run(server, "up", *options).exit_code == 2
    assert server.asked == []


@pytest.mark.parametrize("data", [VECTOR, MATRIX, SCALAR, {"resultType": "vector", "result": []}])
@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_every_result_has_every_form(data, output):
    text = FORMATS[output](data)
    assert text.endswith("\n")
    if output == "json":
        assert json.loads(text) == data


def test_a_plot_shows_the_curve_and_its_time(server):
    server.answer = (200, json.dumps({"data": MATRIX}).encode())
    output = run(server, "x", "--start", "-1h", "--format", "plot").output
    assert '{job="a"}' in output
    assert "22:13:20" in output


def test_nothing_to_plot_is_said(server):
    server.answer = (200, json.dumps({"data": {"resultType": "vector", "result": []}}).encode())
    assert run(server, "x", "--format", "plot").stderr == "fusewatch: nothing to plot: the result is empty\n"


def test_series_are_named_as_in_promql():
    assert [series.name for series in read_result(VECTOR)] == ['up{job="a"}', 'up{job="b", zone="x"}']
    assert read_result(SCALAR)[0].name == "{}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", 5_000_000),
        ("-1s", 4_999_000),
        ("now-1m", 4_940_000),
        ("now+500ms", 5_000_500),
        ("12.5", 12_500),
        ("1970-01-01", 0),
        ("1970-01-01T00:01:00Z", 60_000),
        ("1970-01-01T01:00:00+01:00", 0),
    ],
)
def test_times(text, expected):
    assert parse_time(text, 5_000_000) == expected


@pytest.mark.parametrize("text", ["yesterday", "now-", "1h", "2026-13-01"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="not a"):
        parse_time(text, 0)


def test_steps_and_shown_times():
    assert [parse_step(text) for text in ("15s", "0.5", "2")] == [15_000, 500, 2_000]
    with pytest.raises(ValueError, match="longer than 0"):
        parse_step("0")
    assert show_time(0) == "1970-01-01 00:00:00Z"


def test_a_native_histogram_is_told_by_what_it_counted():
    whole = {"count": "12", "sum": "18.5", "buckets": [[0, "0.5", "1", "12"]]}
    vector = {"resultType": "vector", "result": [{"metric": {"__name__": "h"}, "histogram": [1700000000, whole]}]}
    assert read_result(vector)[0].points == [(1700000000, "12 observations, sum 18.5")]
    assert "12 observations, sum 18.5" in FORMATS["table"](vector)
    matrix = {"resultType": "matrix", "result": [{"metric": {}, "values": [[5, "1"], [7, "2"]], "histograms": [[6, whole]]}]}
    assert [time for time, _ in read_result(matrix)[0].points] == [5, 6, 7]


def test_a_query_is_explained_part_by_part(server):
    inner = {"query": "up", "series": 0, "seconds": 0.001, "ownSeconds": 0.001, "reason": "there is no metric up", "parts": []}
    tree = {"query": "sum(up)", "series": 0, "seconds": 0.0125, "ownSeconds": 0.0115, "parts": [inner]}
    server.answer = (200, json.dumps({"status": "success", "data": {**VECTOR, "explain": tree}}).encode())
    done = run(server, "sum(up)", "--explain")
    assert server.asked[0][1]["explain"] == ["1"]
    lines = done.output.splitlines()
    assert lines[0] == "sum(up)  0 series, 12.5 ms"
    assert "up  0 series, 1.0 ms" in lines[1]
    assert "there is no metric up" in lines[2]
