from __future__ import annotations

import http.server
import io
import struct
import threading
import time

import pytest
from pyarrow import parquet
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer
from tests.telemetry.mixed import mixed_set
from tests.telemetry.remote_reading import query, read_body, read_samples

from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.remote_write_encode import columns_of, label_fields, write_request
from fusewatch.telemetry.samples import STALE_NAN


@pytest.fixture(scope="module")
def now():
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def source(now):
    """Labels and samples (ms, value) that are hard to keep: staleness, NaN, times between the milliseconds of floats."""
    values = [0.1 + 0.2, STALE_NAN, float("nan"), float("-inf"), -0.0, 5e-324, 1e15, 123456789.123]
    start = now - 3_600_000
    return [
        (
            {"__name__": "kept", "n": str(k), "text": 'ä "q"\\\n'},
            [(start + 1001 * step, values[(k + step) % 8]) for step in range(100)],
        )
        for k in range(30)
    ]


@pytest.fixture(scope="module")
def full_server(tmp_path_factory, source):
    """A running server that holds it."""
    with RunningServer(tmp_path_factory.mktemp("full") / "data", config="host: {enabled: false}\n") as running:
        status, answer = running.ask("/api/v1/write", remote_body(source), **HEADERS)
        assert status == 204, answer
        yield running


def raw(server, now):
    """Every sample of the server, bit for bit."""
    asked = read_body(query(now - 7_200_000, now, ("__name__", "=", "kept")))
    status, answer = server.ask("/api/v1/read", asked)
    assert status == 200, answer
    [found] = read_samples(answer)
    return {labels["n"]: rows for labels, rows, _ in found}


def bits_of(value):
    word = struct.unpack("<Q", struct.pack("<d", value))[0]
    return 0x7FF8000000000001 if word == 0x7FF8 << 48 else word  # the one NaN that Prometheus keeps


@pytest.mark.e2e
def test_what_is_exported_and_imported_elsewhere_is_the_same_bit_for_bit(full_server, quiet_server, run, source, now, tmp_path):
    file = tmp_path / "kept.om"
    done = run("export", "--match", "kept", "--output", file, "--server", full_server.url)
    assert done.exit_code == 0, done.output
    assert f"{file}: {file.stat().st_size:,} bytes" in done.stderr
    assert run("import", "openmetrics", file, "--url", quiet_server.url).exit_code == 0
    expected = {labels["n"]: [(at, bits_of(value)) for at, value in rows] for labels, rows in source}
    assert raw(quiet_server, now) == expected
    again = run("export", "--match", "kept", "--server", quiet_server.url)
    assert again.stdout_bytes == file.read_bytes()


@pytest.mark.e2e
def test_times_choose_samples_and_parquet_is_a_file_of_its_own_kind(full_server, run, now):
    start = f"{(now - 3_550_000) / 1000:.3f}"
    done = run("export", "--match", "kept", "--format", "parquet", "--start", start, "--server", full_server.url)
    assert done.exit_code == 0, done.output
    table = parquet.read_table(io.BytesIO(done.stdout_bytes))
    assert table.num_rows == 30 * sum(now - 3_600_000 + 1001 * step >= now - 3_550_000 for step in range(100))


@pytest.mark.e2e
def test_native_histograms_are_imported_elsewhere_as_classic_ones(full_server, quiet_server, run, now, tmp_path):
    labels, start, spans = Labels({"__name__": "sized", "job": "a"}), now // 1000 * 1000 - 600_000, (Span(0, 2), Span(1, 1))
    rows = {
        start + 15_000 * k: Histogram(schema=0, count=9 * k, sum=20.0 * k, positive_spans=spans, positive_buckets=(k, 2 * k, 6 * k))
        for k in range(20)
    }
    series = mixed_set({labels: rows})
    body = write_request(columns_of(series, [label_fields(labels)], 0, 1))
    assert full_server.ask("/api/v1/write", body, **HEADERS)[0] == 204
    file = tmp_path / "sized.om"
    assert run("export", "--match", "sized", "--output", file, "--server", full_server.url).exit_code == 0
    assert run("import", "openmetrics", file, "--url", quiet_server.url).exit_code == 0
    at = f"{max(rows) / 1000:.3f}"

    def asked(text):
        return {one["metric"].get("le", ""): float(one["value"][1]) for one in quiet_server.query(text, time=at)}

    assert asked("sized_bucket") == {"1.0": 19.0, "2.0": 57.0, "8.0": 171.0, "+Inf": 171.0}
    assert (asked("sized_sum"), asked("sized_count")) == ({"": 380.0}, {"": 171.0})
    assert asked("increase(sized_bucket[150s])")["2.0"] == pytest.approx(30.0)
    assert asked("histogram_quantile(0.25, sized_bucket)") == {"": pytest.approx(1 + 23.75 / 38)}
    parquet_file = tmp_path / "sized.parquet"
    done = run("export", "--match", "sized", "--format", "parquet", "--output", parquet_file, "--server", full_server.url)
    assert done.exit_code == 0
    assert parquet.read_table(parquet_file)["histogram"].to_pylist()[-1]["positive_buckets"] == [19.0, 38.0, 114.0]


@pytest.mark.e2e
def test_a_refusal_is_told_and_leaves_no_file(full_server, run, tmp_path):
    done = run("export", "--match", "{}", "--output", tmp_path / "x.om", "--server", full_server.url)
    assert done.exit_code == 1
    assert "must contain at least one non-empty matcher" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_stops_before_its_end_is_told_and_leaves_no_file(run, tmp_path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"up 1 1\n")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    try:
        done = run("export", "--match", "up", "--output", tmp_path / "x.om", "--server", f"http://127.0.0.1:{server.server_port}")
    finally:
        thread.join()
        server.server_close()
    assert done.exit_code == 1
    assert "stopped before the end" in done.stderr
    assert list(tmp_path.iterdir()) == []
